"""The door to the store: asynchronous outside, synchronous SQLAlchemy Core on threads of its own inside.

One thread writes and two read, each on one connection. A transaction is a function of a `Transaction`; it runs on such a
thread and must not touch anything that the event loop changes meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreFull, StoreUnavailable
from sentinel.core.plan import StorePlan
from sentinel.store.backend import Access, Backend, Room
from sentinel.store.choice import choose
from sentinel.store.lane import Lane
from sentinel.store.migrate import demand, upgrade
from sentinel.store.session import Session
from sentinel.store.tables import meta
from sentinel.store.transaction import Transaction

__all__ = ["Patience", "Room", "Store", "Transaction"]

T = TypeVar("T")

READERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the store may take, in seconds."""

    open: float = 120.0  # a new version may have to change tables with a long history
    write: float = 10.0  # more than it waits for another program's lock
    read: float = 5.0  # a long read keeps SQLite from merging its log into the database
    close: float = 10.0


class Store:
    """Everything that Sentinel must not forget. Made by `open` or `open_readonly`; closed by `close`."""

    def __init__(self, backend: Backend, writer: Lane | None, patience: Patience) -> None:
        self._backend = backend
        self._patience = patience
        self._writer = writer
        self._readers = [_lane(f"store-reader-{n}", backend, Access.READ) for n in range(READERS)]
        self.instance = ""  # a name that this store got when it was made: it tells its messages from another's

    @classmethod
    async def open(cls, plan: StorePlan, clock: Clock, patience: Patience = Patience()) -> Self:
        """Take a store for this Sentinel alone; make it, or bring it up to date, where needed.

        Raises:
            AlreadyRunning: another Sentinel has it.
            StoreTooNew: a newer Sentinel wrote it.
            StoreCorrupt: it is damaged; see `sqlite.quarantine`.
            StoreUnavailable, StoreFull: as `write`.
        """
        backend = choose(plan)
        store = cls(backend, _lane("store-writer", backend, Access.WRITE), patience)
        try:
            store.instance = await store._writing.run(
                lambda session: _start(backend, session, clock.now()), patience.open
            )
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    async def open_readonly(cls, plan: StorePlan, patience: Patience = Patience()) -> Self:
        """Look into a store, whether a Sentinel has it or not. Nothing is changed, and `write` is refused.

        Raises:
            StoreUnavailable: there is none yet, or it cannot be reached.
            StoreTooNew, StoreCorrupt: as `open`.
        """
        backend = choose(plan)
        store = cls(backend, None, patience)
        try:
            store.instance = await store._reader.run(lambda session: session.use(_look(backend)), patience.open)
        except BaseException:
            await store.close()
            raise
        return store

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Do work in one transaction on the one writing thread; on return it is on disk.

        Raises:
            StoreUnavailable: it cannot be reached, is locked, or took too long. The same work may be tried again as a
                whole: whatever of it was committed after all is not there twice.
            StoreFull: no room. The ballast was freed, so that the next try may succeed.
            StoreCorrupt: the file is damaged.
            AlreadyRunning: while the connection was lost another Sentinel took the store.
        """
        try:
            return await self._writing.run(lambda session: session.transact(work), self._patience.write)
        except StoreFull:
            await self.free_ballast()
            raise

    async def read(self, work: Callable[[Transaction], T], within: float | None = None) -> T:
        """Do work that only asks; all of it sees the store as it is at one moment. Raises as `write`.

        Args:
            work: what to ask.
            within: seconds; for a report over weeks, which takes longer than others may.
        """
        return await self._reader.run(lambda session: session.transact(work), within or self._patience.read)

    async def room(self) -> Room:
        """How much room the store takes and has."""
        return await self._reader.run(lambda session: session.use(self._backend.room), self._patience.read)

    async def keep_ballast(self) -> bool:
        """Put the reserve for a full disk (back) in place if there is room for it; answers whether it is there."""
        return await self._reader.run(lambda _: self._backend.keep_ballast(), self._patience.read)

    async def free_ballast(self) -> bool:
        """Give the reserve for a full disk back to the disk; answers whether there was one."""
        return self._backend.free_ballast()

    async def close(self) -> None:
        """Give up connections and ownership. Work that runs is waited for, for a bounded time."""
        for lane in [*self._readers, *([self._writer] if self._writer else [])]:
            await lane.close(self._patience.close)
        self._backend.release()

    @property
    def _writing(self) -> Lane:
        if self._writer is None:
            raise StoreUnavailable(f"{self._backend.where} was opened for reading only")
        return self._writer

    @property
    def _reader(self) -> Lane:
        return min(self._readers, key=lambda lane: lane.waiting)


def _lane(name: str, backend: Backend, access: Access) -> Lane:
    return Lane(name, Session(backend, access), backend.where)


def _start(backend: Backend, session: Session, now: datetime) -> str:
    """Own the store, look for damage, bring it up to date. Answers its instance."""

    def prepare(connection: Connection) -> str:
        backend.verify(connection)
        with connection.begin():
            upgrade(connection, backend.where)
            return _instance(connection)

    backend.take(now)
    instance = session.use(prepare)
    backend.keep_ballast()
    return instance


def _look(backend: Backend) -> Callable[[Connection], str]:
    def look(connection: Connection) -> str:
        with connection.begin():
            demand(connection, backend.where)
            return _instance(connection)

    return look


def _instance(connection: Connection) -> str:
    known = connection.execute(select(meta.c.value).where(meta.c.name == "instance")).scalar_one_or_none()
    if known is None:
        known = str(uuid4())
        connection.execute(insert(meta).values(name="instance", value=known))
    return known
