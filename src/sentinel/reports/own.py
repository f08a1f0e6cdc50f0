"""Sentinel itself, for a page: how it does, what it goes by, and how its channels do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sentinel import __version__
from sentinel.base.units import format_duration
from sentinel.core.plan import Plan
from sentinel.core.result import Result
from sentinel.reports.channels import ChannelLine
from sentinel.reports.documents import FORMAT, Document, HealthDocument, OutboxLine, OwnHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDocument(Document):
    """What the page about Sentinel shows."""

    format: int = FORMAT
    at: datetime
    version: str
    source: str
    started_at: datetime
    health: HealthDocument
    own: OwnHealth
    outbox: OutboxLine
    config: str  # the file; absolute
    fingerprint: str  # of the configuration in force
    checks: int
    store: str  # `SQLite` or `PostgreSQL`
    schema: str  # revision of the store
    backup: str  # how old the newest backup of the own store is, in words; empty: no check watches one
    lacks: tuple[str, ...]  # what this host lacks for checks and channels to work
    channels: tuple[ChannelLine, ...]


#: The reading of a check of backups that says how old the newest one is.
_AGE: Final = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """How a running Sentinel does."""

    started_at: datetime
    health: HealthDocument
    own: OwnHealth
    outbox: OutboxLine
    channels: Sequence[ChannelLine]
    store: str
    schema: str
    backups: frozenset[str] = frozenset()  # names of the checks that watch a backup of the own store


def build(plan: Plan, doing: Doing, last: Iterable[Result], now: datetime) -> OwnDocument:
    """The document.

    Args:
        plan: in force.
        doing: how it does.
        last: the last result of each check that had one.
        now: aware.
    """
    return OwnDocument(
        at=now,
        version=__version__,
        source=plan.name,
        started_at=doing.started_at,
        health=doing.health,
        own=doing.own,
        outbox=doing.outbox,
        config=str(plan.file),
        fingerprint=plan.fingerprint,
        checks=len(plan.checks),
        store=doing.store,
        schema=doing.schema,
        backup="; ".join(_backups(plan, doing.backups, last, now)),
        lacks=_lacks(plan),
        channels=tuple(doing.channels),
    )


def _backups(plan: Plan, own: frozenset[str], last: Iterable[Result], now: datetime) -> Iterator[str]:
    """What each check of backups of the own store found last, in words."""
    known = {result.check: result for result in last}
    for check in plan.checks:
        result = known.get(check.name)
        reading = result.reading(_AGE) if result else None
        if check.name in own and result is not None:
            since = max((now - result.finished_at).total_seconds(), 0.0)
            found = f"{format_duration(reading.value + since)} old" if reading else "not known"
            yield f"{check.label}: {found}"


def _lacks(plan: Plan) -> tuple[str, ...]:
    named = [(check.name, check.lacks) for check in plan.checks]
    named += [(channel.name, channel.lacks) for channel in plan.channels]
    return tuple(f"{name}: {lacks}" for name, lacks in named if lacks)
