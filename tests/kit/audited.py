"""A past for reports, in few words: what checks did over a day, the incidents and what was told of them. Times hang on `NOW`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentinel.core.accounts import Delivered
from sentinel.core.calendar import Period
from sentinel.core.histogram import Histogram
from sentinel.core.incident import Address, EffectKind, Incident, Phase
from sentinel.core.planned import Stretch
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.past import Past
from sentinel.reports.report import ReportDocument, build
from tests.kit.scene import NOW, broken, history, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sentinel.core.check import Check
    from sentinel.core.plan import Content

DAY = Stretch(NOW - timedelta(days=1), NOW)
PERIOD = Period(key="2026-11-21", since=DAY.since, until=DAY.until)


def rollup(check: str = "health", *seconds: float, **more: float) -> Rollup:
    """A day of a check, up all the time unless told otherwise, with results that took so long (0.2 s a thousand times)."""
    histogram = Histogram()
    for value in seconds or [0.2] * 1000:
        histogram.add(value)
    whole = Rollup(
        check=check,
        start=DAY.since,
        span=DAY.length,
        up=86_400.0,
        samples=histogram.total,
        histogram=histogram.encode(),
    )
    return replace(whole, **more)  # type: ignore[arg-type]  # numbers all


def incident(
    watched: Check,
    number: int = 12,
    *,
    hours_ago: float = 5,
    lasted: timedelta | None = timedelta(hours=1),
    told: bool = True,
) -> Incident:
    """A critical incident that opened two minutes after its first bad result."""
    past = history(watched, [broken()] * 3, until=NOW - timedelta(hours=hours_ago)).incident
    assert past is not None
    assert past.opened_at is not None
    whole = replace(past, id=number, told=(Address("mail", "ops@example.org"),) if told else ())
    if lasted is None:
        return whole
    return replace(whole, phase=Phase.RESOLVED, resolved_at=past.opened_at + lasted)


def entry(one: Incident, kind: EffectKind, minutes: float = 1, by: str = "", text: str = "") -> TimelineEntry:
    """What happened to an incident so long after it opened."""
    assert one.opened_at is not None
    at = one.opened_at + timedelta(minutes=minutes)
    return TimelineEntry(incident=one.id, at=at, kind=kind.value, by=by, text=text)


def delivered(one: Incident, messages: int = 4, seconds: float = 30) -> Delivered:
    """So many messages, the first taken so long after the incident opened."""
    assert one.opened_at is not None
    return Delivered(incident=one.id, messages=messages, first_at=one.opened_at + timedelta(seconds=seconds))


def past(
    rollups: Iterable[Rollup] = (),
    incidents: Iterable[Incident] = (),
    entries: Iterable[TimelineEntry] = (),
    told: Iterable[Delivered] = (),
    **more: object,
) -> Past:
    """What a store would know."""
    timelines: dict[int, list[TimelineEntry]] = {}
    for one in entries:
        timelines.setdefault(one.incident, []).append(one)
    whole = Past(
        rollups={one.check: one for one in rollups},
        incidents=list(incidents),
        timelines=timelines,
        delivered={one.incident: one for one in told},
    )
    return replace(whole, **more)  # type: ignore[arg-type]  # whichever parts a test wants


def report(
    checks: Iterable[Check],
    known: Past,
    *contents: Content,
    days: float = 1,
    hipaa: Mapping[str, tuple[str, ...]] | None = None,
    now: datetime = NOW,
) -> ReportDocument:
    """The report of the day before `NOW`, or of more days."""
    whole = replace(plan(*checks), hipaa=hipaa or {})
    period = replace(PERIOD, since=NOW - timedelta(days=days))
    return build(whole, "daily", period, "UTC", known, now, contents=contents)
