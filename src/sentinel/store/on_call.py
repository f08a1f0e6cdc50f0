"""Who stands in for whom on call, as people arranged it by command. What is over stays, for the record."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from sentinel.core.oncall import Override
from sentinel.store.codec import storable
from sentinel.store.moments import micros, moment
from sentinel.store.tables import overrides


class OnCallTable:
    """The table of overrides, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, override: Override, now: datetime) -> Override:
        """Keep a new one; answers it with its number."""
        made = replace(override, id=self._last_id() + 1, by=storable(override.by), why=storable(override.why))
        values = {
            "id": made.id,
            "schedule": override.schedule,
            "person": override.person,
            "starts_at": micros(override.starts_at),
            "ends_at": micros(override.ends_at),
            "by_whom": made.by,
            "why": made.why,
            "made_at": micros(now),
        }
        self._connection.execute(insert(overrides).values(**values))
        return made

    def end(self, number: int, now: datetime, by: str) -> bool:
        """End one now that is active or to come; answers whether there was such a one. One to come never begins."""
        mine = (overrides.c.id == number) & (overrides.c.ends_at > micros(now))
        begun = overrides.c.starts_at < micros(now)
        ended = self._connection.execute(
            update(overrides).where(mine, begun).values(ends_at=micros(now), ended_by=storable(by))
        ).rowcount
        called_off = self._connection.execute(
            update(overrides).where(mine, ~begun).values(ends_at=overrides.c.starts_at, ended_by=storable(by))
        ).rowcount
        return ended + called_off > 0

    def current(self, now: datetime) -> list[Override]:
        """Those that are active or to come, in the order in which they were made."""
        lasting = (overrides.c.ends_at > micros(now)) & (overrides.c.ends_at > overrides.c.starts_at)
        rows = self._connection.execute(select(overrides).where(lasting).order_by(overrides.c.id))
        return [_read(row) for row in rows]

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` that ended before a moment. The newest stays, so that its number is never given twice."""
        old = select(overrides.c.id).where(overrides.c.ends_at < micros(before), overrides.c.id < self._last_id())
        chosen = old.order_by(overrides.c.id).limit(limit).scalar_subquery()
        return self._connection.execute(delete(overrides).where(overrides.c.id.in_(chosen))).rowcount

    def _last_id(self) -> int:
        highest: int | None = self._connection.execute(select(func.max(overrides.c.id))).scalar_one()
        return highest or 0


def _read(row: Row[tuple[object, ...]]) -> Override:
    return Override(
        schedule=row.schedule,
        person=row.person,
        starts_at=moment(row.starts_at),
        ends_at=moment(row.ends_at),
        by=row.by_whom,
        why=row.why,
        id=row.id,
    )
