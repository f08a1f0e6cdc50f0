"""Incidents that have opened, and what happened to them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, or_, select

from sentinel.core.incident import Incident
from sentinel.core.timeline import TimelineEntry
from sentinel.store.codec import INCIDENT, readable, storable
from sentinel.store.moments import micros, moment
from sentinel.store.tables import incidents, timeline
from sentinel.store.upsert import insert_into


class Incidents:
    """The tables of incidents and their timelines, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, *opened: Incident) -> None:
        """Keep incidents that have opened, and so have numbers; each replaces what was there under its number."""
        rows = [_row(incident) for incident in opened]
        if not rows:
            return
        put = insert_into(self._connection, incidents)
        changed = {column.name: put.excluded[column.name] for column in incidents.c if not column.primary_key}
        self._connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=changed), rows)

    def note(self, entries: Iterable[TimelineEntry]) -> None:
        """Add to timelines. An entry that is there already is left as it is."""
        rows = [
            {
                "incident": e.incident,
                "at": micros(e.at),
                "kind": e.kind,
                "by_whom": storable(e.by),
                "what": storable(e.text),
            }
            for e in entries
        ]
        if rows:
            self._connection.execute(insert_into(self._connection, timeline).on_conflict_do_nothing(), rows)

    def get(self, number: int) -> Incident | None:
        """The incident of that number."""
        return next(iter(self._read(select(incidents).where(incidents.c.id == number))), None)

    def timeline(self, number: int) -> list[TimelineEntry]:
        """What happened to an incident, in order."""
        asked = select(timeline).where(timeline.c.incident == number).order_by(timeline.c.at, timeline.c.id)
        return [
            TimelineEntry(incident=row.incident, at=moment(row.at), kind=row.kind, by=row.by_whom, text=row.what)
            for row in self._connection.execute(asked)
        ]

    def between(
        self, since: datetime, until: datetime, limit: int = 10_000, check: str | None = None
    ) -> list[Incident]:
        """The incidents that were open at some time in [since, until), the latest first; at most `limit`.

        Args:
            check: of this one only; of all when None.
        """
        asked = select(incidents).where(
            incidents.c.opened_at < micros(until),
            or_(incidents.c.resolved_at.is_(None), incidents.c.resolved_at >= micros(since)),
        )
        if check is not None:
            asked = asked.where(incidents.c.check_name == storable(check))
        return self._read(asked.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc()).limit(limit))

    def open(self, limit: int | None = None) -> list[Incident]:
        """The incidents that are not resolved, the oldest first; at most `limit`."""
        asked = select(incidents).where(incidents.c.resolved_at.is_(None))
        return self._read(asked.order_by(incidents.c.id).limit(limit))

    def last_id(self) -> int:
        """The highest number given so far; 0 when there was none."""
        highest: int | None = self._connection.execute(select(func.max(incidents.c.id))).scalar_one()
        return highest or 0

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` incidents that were resolved before a moment, with their timelines; answers how many.

        The newest stays, so that its number is never given twice. Deliveries go by their own age (`Outbox.purge`).
        """
        old = (
            select(incidents.c.id)
            .where(incidents.c.resolved_at < micros(before), incidents.c.id < self.last_id())
            .order_by(incidents.c.resolved_at)
            .limit(limit)
        )
        numbers = list(self._connection.execute(old).scalars())
        self._connection.execute(delete(timeline).where(timeline.c.incident.in_(numbers)))
        self._connection.execute(delete(incidents).where(incidents.c.id.in_(numbers)))
        return len(numbers)

    def _read(self, asked: Select[Any]) -> list[Incident]:
        return list(readable("incidents", self._connection.execute(asked), lambda row: row.id, _incident))


def _row(incident: Incident) -> dict[str, Any]:
    assert incident.opened_at is not None, "a pending incident is part of its check's state"
    return {
        "id": incident.id,
        "check_name": incident.check,
        "opened_at": micros(incident.opened_at),
        "resolved_at": micros(incident.resolved_at),
        "version": INCIDENT.version,
        "body": INCIDENT.encode(incident),
    }


def _incident(row: Row[Any]) -> Incident:
    return INCIDENT.decode(row.body, row.version)
