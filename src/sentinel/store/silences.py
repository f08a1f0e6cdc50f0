"""Silences, those that are over too: reports list who muted what, and why."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select

from sentinel.core.silence import Silence
from sentinel.store.codec import SILENCE, readable
from sentinel.store.moments import micros
from sentinel.store.tables import silences
from sentinel.store.upsert import insert_into


class SilenceTable:
    """The table of silences, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, items: Iterable[Silence]) -> None:
        """Keep these silences; each replaces what was there under its number."""
        for silence in items:
            values = {
                "starts_at": micros(silence.starts_at),
                "ends_at": micros(silence.ends_at),
                "version": SILENCE.version,
                "body": SILENCE.encode(silence),
            }
            put = insert_into(self._connection, silences).values(id=silence.id, **values)
            self._connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=values))

    def current(self, now: datetime) -> list[Silence]:
        """Those that are active or to come."""
        return self._read(select(silences).where(silences.c.ends_at > micros(now)).order_by(silences.c.id))

    def between(self, since: datetime, until: datetime, limit: int = 1_000) -> list[Silence]:
        """Those that were active at some time in [since, until), the latest first; at most `limit`."""
        asked = select(silences).where(silences.c.starts_at < micros(until), silences.c.ends_at > micros(since))
        return self._read(asked.order_by(silences.c.id.desc()).limit(limit))

    def last_id(self) -> int:
        """The highest number given so far; 0 when there was none."""
        highest: int | None = self._connection.execute(select(func.max(silences.c.id))).scalar_one()
        return highest or 0

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` that ended before a moment. The newest stays, so that its number is never given twice."""
        old = select(silences.c.id).where(silences.c.ends_at < micros(before), silences.c.id < self.last_id())
        chosen = old.order_by(silences.c.id).limit(limit).scalar_subquery()
        return self._connection.execute(delete(silences).where(silences.c.id.in_(chosen))).rowcount

    def _read(self, asked: Select[Any]) -> list[Silence]:
        return list(readable("silences", self._connection.execute(asked), lambda row: row.id, _silence))


def _silence(row: Row[Any]) -> Silence:
    return SILENCE.decode(row.body, row.version)
