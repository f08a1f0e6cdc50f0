"""The figures of a deployment's system up to its end and no further: from single results, while these are kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sentinel.core.check import Check
from sentinel.core.judge import standing_of
from sentinel.core.planned import Planned, Stretch
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.core.slo import PATIENCE, Rollup, Standing, Tally, combined
from sentinel.reports.course import CourseLine, CourseStep
from sentinel.reports.past import Past
from sentinel.reports.rounding import rounded
from sentinel.store.database import Transaction

#: Results that are read at most, the latest: 200 checks each quarter of a minute for an hour are fewer.
MOST_RESULTS: Final = 50_000

#: A drawing has no more steps than this, each of one of these lengths.
_MOST_STEPS: Final = 150
_STEPS: Final = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300, 600, 1800, 3600))

#: A result and how bad it was.
Judged = tuple[Result, Severity]


def read(tx: Transaction, checks: Sequence[Check], period: Stretch) -> dict[str, list[Judged]]:
    """The results of some checks in a period by name, the oldest first; of a check without any there is nothing."""
    longest = max((check.interval for check in checks), default=timedelta(0))
    names = [check.name for check in checks]
    found: dict[str, list[Judged]] = defaultdict(list)
    # The result before a period speaks for its beginning.
    before = period.since - min(longest * PATIENCE, timedelta(hours=1))
    for result, severity in tx.results.judged(before, period.until, names, MOST_RESULTS):
        found[result.check].append((result, severity))
    return dict(found)


def exact(past: Past, checks: Sequence[Check], results: Mapping[str, Sequence[Judged]], period: Stretch) -> Past:
    """A past whose figures end with its period, although the roll-up of 5 minutes that the end cuts goes on after it.

    Windows, too, take what lies in them to the second. A past of which no result is kept any more stays as it is.
    """
    if not results:
        return past
    planned = [
        Planned(piece=one.piece, rollups=_summed(checks, results, one.piece.stretch, set(one.piece.checks)))
        for one in past.planned
    ]
    rollups = _summed(checks, results, period, {check.name for check in checks})
    return replace(past, rollups=rollups, planned=planned, edge=timedelta(0))


def _summed(
    checks: Sequence[Check], results: Mapping[str, Sequence[Judged]], stretch: Stretch, among: set[str]
) -> dict[str, Rollup]:
    asked = (check for check in checks if check.name in among and check.name in results)
    found = {check.name: _sum(check, results[check.name], stretch) for check in asked}
    return {name: rollup for name, rollup in found.items() if rollup is not None}


def _sum(check: Check, results: Sequence[Judged], stretch: Stretch) -> Rollup | None:
    """What one check did in a stretch; None where it said nothing in it or shortly before it."""
    tally, parts = Tally(check.name, check.interval), list[Rollup]()
    earlier = [one for one in results if one[0].scheduled_at < stretch.since]
    if earlier and stretch.since - earlier[-1][0].scheduled_at < check.interval * PATIENCE:
        tally.resume(stretch.since, standing_of(*earlier[-1]))
    for result, severity in results:
        if stretch.has(result.scheduled_at):
            reading = result.reading(check.main)
            value = reading.value if reading else None
            stood = standing_of(result, severity)
            parts += tally.add(result.scheduled_at, stood, value, result.readings, counts=not result.extra)
    if tally.current() is None:
        return None
    parts += tally.add(stretch.until, Standing.UNKNOWN, None, counts=False)
    last = tally.current()
    whole = combined([*parts, last] if last is not None else parts)
    return replace(whole, start=stretch.since, span=stretch.length)


# --- The course -------------------------------------------------------------------------------------------------------


def course(checks: Sequence[Check], results: Mapping[str, Sequence[Judged]], period: Stretch) -> tuple[CourseLine, ...]:
    """How some checks went, finely enough to be drawn to the end of the deployment."""
    step = next((one for one in _STEPS if period.length <= one * _MOST_STEPS), period.length / _MOST_STEPS)
    return tuple(
        CourseLine(
            check=check.name, title=check.label, step=step, steps=_course(check, results[check.name], period, step)
        )
        for check in checks
        if check.name in results
    )


def _course(check: Check, results: Sequence[Judged], period: Stretch, step: timedelta) -> tuple[CourseStep, ...]:
    """By the step: time by the last result up to then, for no longer than a check may be late."""
    steps: dict[int, list[Judged]] = defaultdict(list)
    for one in results:
        if period.has(one[0].scheduled_at):
            steps[(one[0].scheduled_at - period.since) // step].append(one)
    number, patience = -(-period.length // step), check.interval * PATIENCE
    found, last = list[CourseStep](), results[0] if results[0][0].scheduled_at < period.since else None
    for place in range(number):
        at = period.since + place * step
        inside = steps.get(place, [])
        last = inside[-1] if inside else last
        stale = last is None or at - last[0].scheduled_at >= patience
        stands = Standing.UNKNOWN if last is None or stale else standing_of(*last)
        found.append(_step(check, at, min(step, period.until - at), stands, inside))
    return tuple(found)


def _step(check: Check, at: datetime, lasts: timedelta, stands: Standing, inside: Sequence[Judged]) -> CourseStep:
    values = [reading.value for result, _ in inside if (reading := result.reading(check.main)) is not None]
    seconds = round(lasts.total_seconds(), 3)
    return CourseStep(
        at=at,
        up=seconds if stands is Standing.UP else 0.0,
        degraded=seconds if stands is Standing.DEGRADED else 0.0,
        down=seconds if stands is Standing.DOWN else 0.0,
        unknown=seconds if stands is Standing.UNKNOWN else 0.0,
        mean=rounded(sum(values) / len(values)) if values else None,
    )
