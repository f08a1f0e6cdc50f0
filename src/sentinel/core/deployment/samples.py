"""What the results of one check come to on one side of a comparison: before a deployment, or since its watch began."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import Direction, Quantile, Threshold

#: Shorter times are taken for this, in seconds: what is told apart below it is a computer's mood, and nobody waits for it.
LEAST_TIME = 0.001

#: So is less than this share of what a check's own rules allow: nobody notices 8 ms where the target is 2 s.
LEAST_SHARE = 0.01

#: The kind of checks that count matches in logs, and what their readings are called.
_LOGS, _MATCHES, _RATES = "logs", "patterns.", "rates."


class Look(NamedTuple):
    """One result that counts."""

    at: float  # seconds since 1970: the slot
    failed: bool
    time: float | None = None  # the main reading of a pass, in seconds; None where it is no time


class Found(NamedTuple):
    """How often the patterns of a check were found in logs, and in how many minutes."""

    matches: float
    minutes: float


#: Nothing was looked through.
NOTHING = Found(0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The results of one check in some stretch of time, the oldest first. Unknown ones say nothing about it and are left out."""

    check: str  # its name
    looks: tuple[Look, ...] = ()
    found: Found = NOTHING
    least: float = LEAST_TIME  # shorter times are taken for this, in seconds
    times: tuple[float, ...] = field(init=False)  # seconds
    failures: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(one.time for one in self.looks if one.time is not None))
        object.__setattr__(self, "failures", sum(one.failed for one in self.looks))

    @property
    def results(self) -> int:
        return len(self.looks)


def samples(check: Check, results: Iterable[Result]) -> Samples:
    """What some results of a check come to.

    Those count that were due by the clock: slots of the schedule, and the faster looks of a watch. A recheck follows a failure,
    so counting it would count trouble twice as often as health.

    Args:
        check: whose results.
        results: the oldest first, without those within windows.
    """
    counted = [one for one in results if not one.extra]
    main, least = check.main if check.takes_time else "", least_time(check)
    looks = (_look(one, main, least) for one in counted if one.outcome is not Outcome.UNKNOWN)
    found = _found(counted) if check.kind == _LOGS else NOTHING
    return Samples(check=check.name, looks=tuple(looks), found=found, least=least)


def least_time(check: Check) -> float:
    """The time below which those of a check are not told apart, in seconds: a hundredth of the target that its rules set.

    The target is the warning bound of its main reading, of several the lowest.
    """
    timed = (one for one in check.rules if isinstance(one, Threshold | Quantile) and one.reading == check.main)
    bounds = [one.bounds for one in timed if one.bounds.direction is Direction.ABOVE]
    return max(LEAST_TIME, min((one.warning * LEAST_SHARE for one in bounds if one.warning is not None), default=0.0))


def _look(result: Result, main: str, least: float) -> Look:
    """A failure's time says nothing: a refusal is quick, and a time-out as slow as the check allows."""
    passed = result.outcome is Outcome.PASS
    reading = result.reading(main) if main and passed else None
    time = None if reading is None else max(reading.value, least)
    return Look(result.scheduled_at.timestamp(), not passed, time)


# --- Matches in logs --------------------------------------------------------------------------------------------------


def _found(results: Sequence[Result]) -> Found:
    """Matches, each counted once.

    A check of logs says at each look what it found in a stretch of time that slides along: two looks that are nearer to each
    other than its length count the same lines twice. So looks are taken a length apart, from the latest backwards, as far as
    their stretches lie within what is asked about.
    """
    told = [(one.scheduled_at.timestamp(), total) for one in results if (total := _total(one)) is not None]
    minutes = _length(results)
    if not told or minutes <= 0:
        return _nothing_found(told)
    first, last = told[0][0], told[-1][0]
    matches, end, covered = 0.0, float("inf"), 0
    for at, total in reversed(told):
        if at <= end and at - minutes * 60 >= first:
            matches, end, covered = matches + total, at - minutes * 60, covered + 1
    return Found(matches, covered * minutes) if covered else Found(_risen(told), (last - first) / 60)


def _nothing_found(told: Sequence[tuple[float, float]]) -> Found:
    """No look found anything, so nobody knows how long its stretch is; nothing was there all the time."""
    return Found(0, (told[-1][0] - told[0][0]) / 60) if told else NOTHING


def _risen(told: Sequence[tuple[float, float]]) -> float:
    """By how much the total rose from look to look, where the stretch is longer than what is asked about: at least that."""
    return sum(max(after - before, 0.0) for (_, before), (_, after) in pairwise(told))


def _total(result: Result) -> float | None:
    """Matches of all patterns; None where it did not come as far as looking."""
    values = [one.value for one in result.readings if one.name.startswith(_MATCHES)]
    return sum(values) if values else None


def _length(results: Iterable[Result]) -> float:
    """Over how many minutes a look counts, as the total beside its rate tells; 0 where nothing was ever found."""
    for result in results:
        rates = {one.name.removeprefix(_RATES): one.value for one in result.readings if one.name.startswith(_RATES)}
        for one in result.readings:
            name = one.name.removeprefix(_MATCHES)
            if one.name != name and rates.get(name, 0.0) > 0:
                return one.value / rates[name]
    return 0.0
