"""What differs between databases: owning, connecting, giving up, and what their errors mean."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from sqlalchemy import Connection

from sentinel.base.errors import StoreError


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
