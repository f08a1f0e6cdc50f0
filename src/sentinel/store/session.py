"""One connection and the transactions on it. Lives on one thread; whatever fails is undone and told in our own words."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import RootTransaction

from sentinel.base.errors import StoreUnavailable
from sentinel.core.slo import Rollup
from sentinel.store.backend import Access, Backend
from sentinel.store.names import Names
from sentinel.store.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A transaction whose commit got no answer."""

    mark: str
    rollups: list[Rollup]  # that it added: the one thing that is not the same when done twice


class Session:
    """A connection that is made when it is needed, and made anew after a failure."""

    def __init__(self, backend: Backend, access: Access) -> None:
        self._backend = backend
        self._access = access
        self._connection: Connection | None = None
        self._names = Names()
        self._doubt: _Doubt | None = None
        self._aborted = Event()
        self._added: list[Rollup] = []  # by a transaction that was committed although its caller had given it up

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one transaction: all of it is committed, or nothing.

        Raises:
            StoreError: the database failed. The connection is given up, the work may be tried again.
            Exception: what the work itself raised, after a rollback.
        """
        return self.use(lambda connection: self._transact(connection, work))

    def use(self, job: Callable[[Connection], T]) -> T:
        """Do a job on the bare connection; failures as in `transact`. A transaction that the job left open is rolled back."""
        self._aborted.clear()
        try:
            connection = self._ready()
            answer = job(connection)
            # SQLAlchemy begins one at any statement; left open, the next `begin` on this connection would fail.
            if connection.in_transaction():
                connection.rollback()
            return answer
        except Exception as error:
            failure = self._backend.failure(error)
            self.drop()
            if failure is None:
                raise
            # Without its cause: PostgreSQL's own words quote the row, and a traceback in a log would show them.
            raise failure from None

    def drop(self) -> None:
        """Give up the connection, in whatever state it is; the next use makes a new one."""
        connection, self._connection = self._connection, None
        self._names.forget()
        if connection is not None:
            with suppress(Exception):  # it may be broken already
                connection.close()

    def abort(self) -> None:
        """Make what runs fail at once, or at least before its commit. The one method that is called from another thread."""
        self._aborted.set()
        connection = self._connection
        if connection is not None:
            with suppress(Exception):  # it may end on its own at this moment
                self._backend.abort(connection)

    def _ready(self) -> Connection:
        if self._connection is None:
            self._connection = self._backend.connect(self._access)
        return self._connection

    def _transact(self, connection: Connection, work: Callable[[Transaction], T]) -> T:
        begun = connection.begin()
        try:
            transaction = Transaction(connection, self._names, self._added_already(connection))
            answer = work(transaction)
            if self._aborted.is_set():
                raise StoreUnavailable(f"{self._backend.where}: it took too long")
            mark = self._backend.mark(connection) if self._access is Access.WRITE else None
        except BaseException:
            self._names.forget()  # numbers that it gave out are void
            with suppress(Exception):
                begun.rollback()
            raise
        self._commit(begun, mark, transaction)
        self._added = transaction.rollups.added if self._aborted.is_set() else []
        return answer

    def _commit(self, begun: RootTransaction, mark: str | None, transaction: Transaction) -> None:
        try:
            begun.commit()
        except Exception as error:
            if mark is None or not isinstance(self._backend.failure(error), StoreUnavailable):
                raise
            # The server may have committed and the answer been lost: ask it.
            self._doubt = _Doubt(mark, transaction.rollups.added)
            self.drop()
            if not self._was_committed():
                raise

    def _was_committed(self) -> bool:
        """Whether the transaction in doubt was committed after all. While nobody can say, the doubt remains."""
        assert self._doubt is not None
        try:
            connection = self._ready()
            with connection.begin():
                committed = self._backend.committed(connection, self._doubt.mark)
        except Exception:
            return False
        self._doubt = None
        return committed

    def _added_already(self, connection: Connection) -> list[Rollup]:
        """The roll-ups of a transaction that was committed although its caller was told that it failed."""
        if self._doubt is not None:
            self._added = self._doubt.rollups if self._backend.committed(connection, self._doubt.mark) else []
            self._doubt = None
        return self._added
