"""What differs between databases: owning, connecting, giving up, and what their errors mean."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from sentinel.base.errors import StoreError
from sentinel.core.plan import StorePlan


class Access(Enum):
    """What a connection is for."""

    WRITE = auto()
    READ = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much room the store takes and has. None: does not apply, or is not known."""

    free: int | None = None  # bytes, on the disk that holds it
    database: int | None = None  # bytes
    wal: int | None = None  # bytes that wait to be merged into the database file
    ballast: bool | None = None  # whether the reserve for a full disk is there


class Backend(Protocol):
    """One kind of database. All but `abort` and the ballast is called on the thread of the connection in question."""

    where: str  # for messages: never with a password

    def take(self, now: datetime) -> None:
        """Become the only Sentinel on this store. Raises AlreadyRunning."""
        ...

    def release(self) -> None:
        """Let others have it."""
        ...

    def connect(self, access: Access) -> Connection:
        """A new connection. Its transactions are bounded, and those for reading see one moment and write nothing."""
        ...

    def verify(self, connection: Connection) -> None:
        """Look for damage, for a bounded time. Raises StoreCorrupt."""
        ...

    def abort(self, connection: Connection) -> None:
        """Make whatever runs on a connection fail at once. Called from another thread."""
        ...

    def failure(self, error: BaseException) -> StoreError | None:
        """What an error means; None when it does not come from the database."""
        ...

    def mark(self, connection: Connection) -> str | None:
        """A name for the running transaction, by which `committed` finds it; None where a commit cannot be in doubt."""
        ...

    def committed(self, connection: Connection, mark: str) -> bool:
        """Whether that transaction was committed."""
        ...

    def room(self, connection: Connection) -> Room: ...

    def keep_ballast(self) -> bool:
        """Put the reserve for a full disk in place if there is room for it; answers whether it is there."""
        ...

    def free_ballast(self) -> bool:
        """Give the reserve back to the disk; answers whether there was one."""
        ...


def choose(plan: StorePlan) -> Backend:
    """The backend for a plan's address."""
    try:
        url = make_url(plan.url.reveal())
    except ArgumentError:
        raise StoreError("the store's address is no URL such as sqlite:///state/sentinel.db") from None
    match url.get_backend_name():
        case "sqlite":
            from sentinel.store.sqlite import Sqlite  # noqa: PLC0415  # each user pays for one database only

            return Sqlite(url.database or "")
        case "postgresql":
            from sentinel.store.postgres import Postgres  # noqa: PLC0415

            return Postgres(url.set(drivername="postgresql"))
        case other:
            raise StoreError(f"the store can be sqlite or postgresql, not {other}")
