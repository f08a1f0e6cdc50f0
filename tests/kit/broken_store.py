"""A store that fails for a while, since one of its tables is not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class MissingTable:
    """While it is entered, whatever needs that table of the SQLite file fails at once, and nothing is lost."""

    def __init__(self, file: Path, table: str) -> None:
        self._file = file
        self._names = (table, f"{table}_taken_away")

    def __enter__(self) -> Self:
        self._rename(*self._names)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rename(*reversed(self._names))

    def _rename(self, old: str, new: str) -> None:
        with closing(sqlite3.connect(self._file, timeout=10, isolation_level=None)) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")
