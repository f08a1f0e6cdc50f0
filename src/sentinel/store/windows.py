"""Windows that people planned or ended, and the occurrences of all windows as they were held."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, or_, select, tuple_

from sentinel.core.holding import Held
from sentinel.core.recurrence import Once
from sentinel.core.window import Window
from sentinel.store.codec import HELD, WINDOW, readable, storable
from sentinel.store.moments import micros
from sentinel.store.tables import occurrences, windows
from sentinel.store.upsert import insert_into


class WindowTable:
    """The tables of windows and of their occurrences, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- Windows ----------------------------------------------------------------------------------------------------

    def save(self, items: Iterable[Window]) -> None:
        """Keep windows that people planned, and those of the configuration as people ended them; each replaces the one before."""
        for window in items:
            values = {
                "ends_at": micros(window.when.ends_at) if isinstance(window.when, Once) else None,
                "version": WINDOW.version,
                "body": WINDOW.encode(window),
            }
            put = insert_into(self._connection, windows).values(id=storable(window.id), **values)
            self._connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=values))

    def current(self, now: datetime) -> list[Window]:
        """Those that are open or to come, and those that come again and again."""
        asked = select(windows).where(or_(windows.c.ends_at.is_(None), windows.c.ends_at > micros(now)))
        return self._windows(asked.order_by(windows.c.id))

    def last_number(self) -> int:
        """The highest number that a planned window got so far; 0 when there was none."""
        known = self._connection.execute(select(windows.c.id)).scalars()
        return max((int(name) for name in known if name.isdecimal()), default=0)

    # --- Occurrences ------------------------------------------------------------------------------------------------

    def hold(self, items: Iterable[Held]) -> None:
        """Keep what came of occurrences so far; each replaces what was there."""
        for held in items:
            values = {
                "ends_at": micros(held.ends_at),
                "finished": int(held.finished),
                "version": HELD.version,
                "body": HELD.encode(held),
            }
            key = {"window_id": storable(held.window), "starts_at": micros(held.starts_at)}
            put = insert_into(self._connection, occurrences).values(**key, **values)
            self._connection.execute(put.on_conflict_do_update(index_elements=list(key), set_=values))

    def unfinished(self) -> list[Held]:
        """The occurrences that something is left to do about, the earliest first."""
        asked = select(occurrences).where(occurrences.c.finished == 0)
        return self._held(asked.order_by(occurrences.c.starts_at, occurrences.c.window_id))

    def get(self, window: str, starts_at: datetime) -> Held | None:
        """One occurrence, if anything came of it yet."""
        asked = select(occurrences).where(
            occurrences.c.window_id == window, occurrences.c.starts_at == micros(starts_at)
        )
        return next(iter(self._held(asked)), None)

    def between(self, since: datetime, until: datetime, limit: int = 1_000) -> list[Held]:
        """The occurrences that were open at some time in [since, until), the latest first; at most `limit`."""
        asked = select(occurrences).where(
            occurrences.c.starts_at < micros(until), occurrences.c.ends_at > micros(since)
        )
        return self._held(asked.order_by(occurrences.c.starts_at.desc(), occurrences.c.window_id).limit(limit))

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` occurrences that ended before a moment. Planned windows stay, so does their number."""
        key = tuple_(occurrences.c.window_id, occurrences.c.starts_at)
        old = select(occurrences.c.window_id, occurrences.c.starts_at).where(
            occurrences.c.ends_at < micros(before), occurrences.c.finished == 1
        )
        chosen = self._connection.execute(old.order_by(occurrences.c.starts_at).limit(limit)).all()
        if chosen:
            self._connection.execute(delete(occurrences).where(key.in_([tuple(row) for row in chosen])))
        return len(chosen)

    def _windows(self, asked: Select[Any]) -> list[Window]:
        return list(readable("windows", self._connection.execute(asked), lambda row: row.id, _window))

    def _held(self, asked: Select[Any]) -> list[Held]:
        rows = self._connection.execute(asked)
        return list(readable("occurrences", rows, lambda row: (row.window_id, row.starts_at), _held))


def _window(row: Row[Any]) -> Window:
    return WINDOW.decode(row.body, row.version)


def _held(row: Row[Any]) -> Held:
    return HELD.decode(row.body, row.version)
