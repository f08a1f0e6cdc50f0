"""The deployments of a period, and how often and how badly they go wrong, each figure beside that of the period before.

The three figures that can be known here are of the four by which DORA compares those who deliver software: how often is deployed,
which share of it fails, and how long it takes to recover from that ("DORA's software delivery performance metrics", dora.dev; N.
Forsgren, J. Humble, G. Kim: Accelerate, 2018, chapter 2). The fourth, from commit to production, is none of a monitor's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sentinel.core.deployment.deployment import Deployment, Ending, Judged, Phase, Ran
from sentinel.core.planned import Stretch
from sentinel.reports.deployment import line
from sentinel.reports.documents import DeploymentLine
from sentinel.reports.rounding import rounded_share, rounded_time

#: Deployments of a period that are counted, and of which a report lists each.
MOST = 200

#: A deployment that ended so has failed: somebody, or Sentinel, had to do something about it.
FAILED = frozenset({Ending.FAILED, Ending.ACCEPTED, Ending.ROLLED_BACK, Ending.ROLLBACK_FAILED})

#: One that ended so is restored. One that a person accepts is not: nothing was mended, and nobody was kept waiting for that.
_RESTORED = frozenset({Ending.ROLLED_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """One deployment of the period."""

    line: DeploymentLine
    lasted: timedelta  # up to its end, or the end of the period
    down_for: timedelta | None  # how long its system was seen down
    rollback: Ran | None  # how far it came; None: there was none
    restored_after: timedelta | None  # from when it was found to fail; None: it did not fail, or is not restored
    checks: tuple[str, ...] = ()  # of its system, that the report is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The part of a report about deployments."""

    lines: tuple[ReleaseLine, ...]  # that went on in the period, the newest first
    left_out: bool  # whether there were more
    started: int  # in the period; a rollback of what nobody told of is none
    started_before: int
    ended: int  # of those that started in it
    failed: int  # of these
    failure_rate: float | None  # failed / ended; None where none has ended
    failure_rate_before: float | None
    down: timedelta  # seen down during those that started in the period
    restored: int  # of those that failed
    restore: timedelta | None  # the mean of how long that took; None where none is restored
    restore_before: timedelta | None


def build(
    now: Sequence[Deployment],
    before: Sequence[Deployment],
    period: Stretch,
    checks: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Releases:
    """What a report says of the deployments of a period.

    Args:
        now: those that went on in it.
        before: those that went on in as long a time before it.
        period: what it is about.
        checks: names of those that the report is about, by system.
    """
    known = sorted((as_of(one, period.until) for one in now), key=lambda one: -one.id)
    earlier = Stretch(period.since - period.length, period.since)
    began = [one for one in known if one.version and period.has(one.started_at)]
    began_before = [as_of(one, earlier.until) for one in before if one.version and earlier.has(one.started_at)]
    failed = [one for one in began if one.ending in FAILED]
    return Releases(
        lines=tuple(_line(one, period.until, checks.get(one.system, ())) for one in known[:MOST]),
        left_out=len(known) > MOST,
        started=len(began),
        started_before=len(began_before),
        ended=sum(one.is_over for one in began),
        failed=len(failed),
        failure_rate=_failure_rate(began),
        failure_rate_before=_failure_rate(began_before),
        down=sum((one.seen_down(period.until) or timedelta(0) for one in began), timedelta(0)),
        restored=sum(_restored_after(one) is not None for one in failed),
        restore=_mean(map(_restored_after, failed)),
        restore_before=_mean(map(_restored_after, began_before)),
    )


def as_of(one: Deployment, until: datetime) -> Deployment:
    """A deployment as it stood at a moment: one that was over later went on then."""
    if one.ended_at is None or one.ended_at < until:
        return one
    return replace(one, ended_at=None, ending=None, ended_why="", phase=Phase.UNDER_WAY)


def failed_at(one: Deployment) -> datetime | None:
    """When it was found to fail: by a point of its watch, or at the latest when its rollback was ordered."""
    judged = [point.at for point in (one.watch.judgements if one.watch else ()) if point.judged is Judged.FAIL]
    ordered = [one.rollback.ordered_at] if one.rollback is not None else []
    return min((*judged, *ordered), default=None)


def _restored_after(one: Deployment) -> timedelta | None:
    found = failed_at(one)
    if one.ending not in _RESTORED or found is None or one.ended_at is None:
        return None
    return max(one.ended_at - found, timedelta(0))


def _line(one: Deployment, until: datetime, checks: tuple[str, ...]) -> ReleaseLine:
    return ReleaseLine(
        line=line(one),
        lasted=max((one.ended_at or until) - one.started_at, timedelta(0)),
        down_for=one.seen_down(until),
        rollback=one.rollback.state if one.rollback is not None else None,
        restored_after=_restored_after(one),
        checks=checks,
    )


def _failure_rate(some: Sequence[Deployment]) -> float | None:
    over = [one for one in some if one.is_over]
    return rounded_share(sum(one.ending in FAILED for one in over) / len(over)) if over else None


def _mean(times: Iterable[timedelta | None]) -> timedelta | None:
    known = [time for time in times if time is not None]
    return rounded_time(sum(known, timedelta(0)).total_seconds() / len(known)) if known else None
