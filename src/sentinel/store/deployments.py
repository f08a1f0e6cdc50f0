"""Deployments and their timelines."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, or_, select

from sentinel.core.deployment.deployment import Deployment, Entry, rollback_key
from sentinel.store.codec import DEPLOYMENT, readable, storable
from sentinel.store.moments import micros, moment
from sentinel.store.tables import deployment_entries, deployments, meta, outbox
from sentinel.store.upsert import insert_into

_MICROSECOND = timedelta(microseconds=1)


class DeploymentTable:
    """The tables of deployments and of their timelines, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, *items: Deployment) -> None:
        """Keep deployments; each replaces what was there under its number."""
        for one in items:
            values = {
                "system": storable(one.system),
                "started_at": micros(one.started_at),
                "ended_at": micros(one.ended_at) if one.ended_at else None,
                "version": DEPLOYMENT.version,
                "body": DEPLOYMENT.encode(one),
            }
            put = insert_into(self._connection, deployments).values(id=one.id, **values)
            self._connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=values))

    def note(self, entries: Iterable[Entry]) -> None:
        """Put lines on timelines."""
        rows = [
            {
                "deployment": one.deployment,
                "at": micros(one.at),
                "kind": one.kind,
                "by_whom": storable(one.by),
                "what": storable(one.text),
                "took": None if one.took is None else one.took // _MICROSECOND,
            }
            for one in entries
        ]
        if rows:
            self._connection.execute(insert_into(self._connection, deployment_entries), rows)

    def get(self, number: int) -> Deployment | None:
        """The deployment of that number."""
        return next(iter(self._read(select(deployments).where(deployments.c.id == number))), None)

    def last_id(self) -> int:
        """The highest number given so far; 0 when there was none."""
        highest: int | None = self._connection.execute(select(func.max(deployments.c.id))).scalar_one()
        return highest or 0

    def unfinished(self) -> list[Deployment]:
        """Those that go on, the earliest first."""
        return self._read(select(deployments).where(deployments.c.ended_at.is_(None)).order_by(deployments.c.id))

    def latest(self) -> list[Deployment]:
        """The latest deployment of each system."""
        last = select(func.max(deployments.c.id)).group_by(deployments.c.system)
        return self._read(select(deployments).where(deployments.c.id.in_(last)).order_by(deployments.c.id))

    def between(self, since: datetime, until: datetime, system: str = "", limit: int = 200) -> list[Deployment]:
        """Those that went on at some time in [since, until), the newest first; at most `limit`.

        Args:
            system: of which; empty: all.
        """
        asked = select(deployments).where(
            deployments.c.started_at < micros(until),
            or_(deployments.c.ended_at.is_(None), deployments.c.ended_at > micros(since)),
        )
        if system:
            asked = asked.where(deployments.c.system == system)
        return self._read(asked.order_by(deployments.c.id.desc()).limit(limit))

    def ended(self, since: datetime, limit: int = 1_000) -> list[tuple[int, str, datetime]]:
        """Number, system and end of those that ended since then, the earliest first; at most `limit`."""
        asked = select(deployments.c.id, deployments.c.system, deployments.c.ended_at).where(
            deployments.c.ended_at >= micros(since)
        )
        rows = self._connection.execute(asked.order_by(deployments.c.ended_at, deployments.c.id).limit(limit))
        return [(row.id, row.system, moment(row.ended_at)) for row in rows]

    def timeline(self, number: int, limit: int = 1_000) -> list[Entry]:
        """What happened in a deployment, the earliest first; of more than `limit` lines its beginning and its end, half each."""
        of = select(deployment_entries).where(deployment_entries.c.deployment == number)
        in_time = (deployment_entries.c.at, deployment_entries.c.id)
        last = self._connection.execute(of.order_by(*(column.desc() for column in in_time)).limit(limit)).all()
        if len(last) == limit:
            half = limit // 2
            first = self._connection.execute(of.order_by(*in_time).limit(half)).all()
            known = {row.id for row in first}
            last = [*(row for row in last[: limit - half] if row.id not in known), *reversed(first)]
        return [_entry(row) for row in reversed(last)]

    def lines(self, number: int) -> int:
        """How many lines a timeline has."""
        asked = select(func.count()).where(deployment_entries.c.deployment == number)
        return int(self._connection.execute(asked).scalar_one())

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` deployments that ended before a moment, with timelines and orders; answers how many.

        The last one of each system stays: which version stands is known by it, and no number is ever given twice.
        """
        last = select(func.max(deployments.c.id)).group_by(deployments.c.system)
        old = (
            select(deployments.c.id)
            .where(deployments.c.ended_at < micros(before), deployments.c.id.not_in(last))
            .order_by(deployments.c.ended_at)
            .limit(limit)
        )
        numbers = list(self._connection.execute(old).scalars())
        self._connection.execute(delete(deployment_entries).where(deployment_entries.c.deployment.in_(numbers)))
        self._connection.execute(delete(outbox).where(outbox.c.key.in_(self._orders(numbers))))
        self._connection.execute(delete(deployments).where(deployments.c.id.in_(numbers)))
        return len(numbers)

    def _orders(self, numbers: Iterable[int]) -> list[str]:
        """The keys of the orders that undo these deployments."""
        instance = self._connection.execute(select(meta.c.value).where(meta.c.name == "instance")).scalar_one()
        return [rollback_key(instance, number) for number in numbers]

    def _read(self, asked: Select[Any]) -> list[Deployment]:
        return list(readable("deployments", self._connection.execute(asked), lambda row: row.id, _deployment))


def _deployment(row: Row[Any]) -> Deployment:
    return DEPLOYMENT.decode(row.body, row.version)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        deployment=row.deployment,
        at=moment(row.at),
        kind=row.kind,
        by=row.by_whom,
        text=row.what,
        took=None if row.took is None else row.took * _MICROSECOND,
    )
