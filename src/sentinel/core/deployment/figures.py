"""The figures of a watch: failures, times and matches in logs, of one check or of all checks together, before and since.

Each answers a `Contrast`: what it was, what it is, where it begins to be worse, and how likely chance alone makes it so.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sentinel.base.units import Unit
from sentinel.core.deployment.comparing import (
    Event,
    Side,
    Stratum,
    design_effect,
    quantile,
    significance,
    weighted_quantile,
)
from sentinel.core.deployment.deployment import Measure
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.rhythm import at_the_same_moments, recurs, rhythm
from sentinel.core.deployment.samples import Look, Samples

#: Fewer matches in logs are never worse than none: what goes wrong once writes several lines.
FEW_MATCHES = 5

#: So many lines of a log count as one event, for the same reason.
LINES_TOGETHER = 4.0

_MEDIAN = 0.5


class Pair(NamedTuple):
    """One check on both sides."""

    before: Samples
    after: Samples

    @property
    def check(self) -> str:
        return self.after.check


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One figure on both sides."""

    measure: Measure
    check: str  # empty: all checks together
    unit: Unit
    before: float
    after: float
    bound: float  # worse is above it
    before_samples: int
    after_samples: int
    enough: bool  # whether there are results enough on both sides to judge by
    chance: (
        float | None
    )  # that it is no worse than before in truth, and seems so by chance; None: it is not beyond its bound
    quantile: float = 0.0  # of times
    least: float = 0.0  # of times of one check: shorter ones are taken for this

    @property
    def beyond(self) -> bool:
        """Whether it is worse than may be, if one trusts the numbers as they are."""
        return self.after > self.bound


def contrasts(plan: WatchPlan, pairs: Sequence[Pair]) -> Iterator[Contrast]:
    """Every figure that some checks have on both sides: of one check, or of several together."""
    for figure in (errors, times, logs):
        found = figure(plan, pairs)
        if found is not None:
            yield found


def errors(plan: WatchPlan, pairs: Sequence[Pair]) -> Contrast | None:
    """The share of results that are failures.

    Of several checks the share before is what it would be if each had been looked at as often as since: else a check that
    often fails and is now looked at as often as the others would look like trouble.
    """
    both = [one for one in pairs if one.before.looks and one.after.looks]
    if not both:
        return None
    before_samples, after_samples = sum(one.before.results for one in both), sum(one.after.results for one in both)
    before = sum(one.before.failures / one.before.results * one.after.results for one in both) / after_samples
    failures = sum(one.after.failures for one in both)
    after, bound = failures / after_samples, before + plan.errors
    return Contrast(
        measure=Measure.ERRORS,
        check=_name(pairs),
        unit=Unit.RATIO,
        before=before,
        after=after,
        bound=bound,
        before_samples=before_samples,
        after_samples=after_samples,
        enough=_enough(plan, ([one.before.results, one.after.results] for one in both)),
        chance=_chance(both, _failing) if after > bound else None,
    )


def times(plan: WatchPlan, pairs: Sequence[Pair]) -> Contrast | None:
    """Times at the quantile of the plan or, where they are worse there, at the median.

    A release that is slower as a whole shows at the median first: of a hundred times the 95th percentile rests on five. Two
    looks at the same times are two chances to err, so the chance is doubled.
    """
    both = [one for one in pairs if one.before.times and one.after.times]
    if not both:
        return None
    shares = dict.fromkeys((plan.quantile, _MEDIAN))
    looked = [_times_at(plan, both, share, _name(pairs), len(shares)) for share in shares]
    return min(looked, key=lambda one: math.inf if one.chance is None else one.chance)


def logs(plan: WatchPlan, pairs: Sequence[Pair]) -> Contrast | None:
    """Matches in logs per minute."""
    both = [one for one in pairs if one.before.found.minutes > 0 and one.after.found.minutes > 0]
    if not both:
        return None
    strata = [Stratum(before=Side(*one.before.found), after=Side(*one.after.found), limited=False) for one in both]
    before = sum(one.before.events / one.before.among for one in strata)
    after = sum(one.after.events / one.after.among for one in strata)
    minutes = sum(one.after.among for one in strata) / len(strata)
    bound = max(before * (1 + plan.noisier), FEW_MATCHES / minutes)
    return Contrast(
        measure=Measure.LOGS,
        check=_name(pairs),
        unit=Unit.NONE,
        before=before,
        after=after,
        bound=bound,
        before_samples=sum(one.before.results for one in both),
        after_samples=sum(one.after.results for one in both),
        enough=_enough(plan, ([one.before.results, one.after.results] for one in both)),
        chance=significance(strata, LINES_TOGETHER) if after > bound else None,
    )


def _enough(plan: WatchPlan, results: Iterable[Sequence[int]]) -> bool:
    """Whether some check has enough on both sides: ten checks say no more about a minute than what that minute was like."""
    return any(min(both) >= plan.samples for both in results)


def _times_at(plan: WatchPlan, pairs: Sequence[Pair], share: float, name: str, looks: int) -> Contrast:
    before, after = _quantiles(pairs, share, name)
    bound = before * (1 + plan.slower)
    return Contrast(
        measure=Measure.TIME,
        check=name,
        unit=Unit.SECONDS if name else Unit.NONE,
        before=before,
        after=after,
        bound=bound,
        before_samples=sum(len(one.before.times) for one in pairs),
        after_samples=sum(len(one.after.times) for one in pairs),
        enough=_enough(plan, ([len(one.before.times), len(one.after.times)] for one in pairs)),
        chance=min(_chance(pairs, _slower_than(share)) * looks, 1.0) if after > bound else None,
        quantile=share,
        least=pairs[0].after.least if name else 0.0,
    )


def _slower_than(share: float) -> "Asked":
    """The question which times are above the quantile of both sides together."""

    def asked(pair: Pair) -> "Question":
        level = _level((*pair.before.times, *pair.after.times), share)
        return lambda look: None if look.time is None else look.time > level

    return asked


def _level(times: Sequence[float], share: float) -> float:
    """Above it lies about the rest of the times. Where many are equal, that may be those at the quantile, too."""
    level = quantile(times, share)
    rest = (1 - share) * len(times)
    # What all times have in common tells no side from the other.
    above = {
        cut: sum(one > cut for one in times)
        for cut in (level, max((one for one in times if one < level), default=level))
    }
    return min((cut for cut in above if above[cut]), key=lambda cut: abs(above[cut] - rest), default=level)


def _quantiles(pairs: Sequence[Pair], share: float, name: str) -> tuple[float, float]:
    """Before and since. Times of several checks are told in multiples of what is usual for each: its median before."""
    if name:
        return quantile(pairs[0].before.times, share), quantile(pairs[0].after.times, share)
    before: list[tuple[float, float]] = []
    after: list[tuple[float, float]] = []
    for one in pairs:
        usual = quantile(one.before.times, _MEDIAN)
        weight = len(one.after.times) / len(one.before.times)  # as if each had been looked at as often as since
        before += ((time / usual, weight) for time in one.before.times)
        after += ((time / usual, 1.0) for time in one.after.times)
    return weighted_quantile(before, share), weighted_quantile(after, share)


#: Whether what is counted happened at a look; None: the look says nothing about it.
Question = Callable[[Look], bool | None]

#: That question, as it is asked about one check.
Asked = Callable[[Pair], Question]


def _failing(_pair: Pair) -> Question:
    return lambda look: look.failed


def _chance(pairs: Sequence[Pair], asked: Asked) -> float:
    """The significance, bursts allowed for, and what recurs at moments at which nobody looked before."""
    after = [event for one in pairs for event in _events(one.after, asked(one))]
    paces = [rhythm(one.after.looks) for one in pairs]
    if not recurs(after, (rhythm(one.before.looks) for one in pairs), min(filter(None, paces), default=0.0)):
        return _burst(pairs, asked)
    like = [Pair(one.before, at_the_same_moments(*one)) for one in pairs]
    return max(_burst(pairs, asked), _burst(like, asked))


def _burst(pairs: Sequence[Pair], asked: Asked) -> float:
    questions = [(one, asked(one)) for one in pairs]
    before = [list(_events(one.before, question)) for one, question in questions]
    after = [list(_events(one.after, question)) for one, question in questions]
    strata = [Stratum(before=_side(old), after=_side(new)) for old, new in zip(before, after, strict=True)]
    return significance(strata, design_effect(_all(before), _all(after)))


def _side(events: Sequence[Event]) -> Side:
    return Side(sum(one.happened for one in events), len(events))


def _all(events: Iterable[Sequence[Event]]) -> list[Event]:
    return [one for some in events for one in some]


def _events(side: Samples, question: Question) -> Iterator[Event]:
    for look in side.looks:
        answer = question(look)
        if answer is not None:
            yield Event(side.check, look.at, answer)


def _name(pairs: Sequence[Pair]) -> str:
    return pairs[0].check if len(pairs) == 1 else ""
