"""The statistics of a watch: is what was found since a deployment worse than before, or may chance alone have made it so?

Failures, times beyond a quantile, and matches in logs are all events of which so many happened before and so many since. Given
how many there were in all, the number since is, if nothing changed, about binomial, with the share of the looks (or of the
minutes) that lie since as its probability:

* two rates: Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31 (1940),
  pages 313 to 323. Of rare failures it is hardly more careful than Fisher's exact test ("The logic of inductive inference",
  Journal of the Royal Statistical Society 98 (1935), pages 39 to 82), whose smaller variance is used here;
* two quantiles: an event is a time above the quantile of both sides together. Mood, "Introduction to the Theory of Statistics"
  (1950), chapter 16, for the median; Johnson, Verrill and Moore, "Two-sample rank tests for detecting changes that occur in a
  small proportion of the treated population", Biometrics 43 (1987), pages 641 to 655, for the few slowest;
* several checks at once: each is a stratum with a share and an expectation of its own, which are added. Mantel and Haenszel,
  "Statistical aspects of the analysis of data from retrospective studies of disease", Journal of the National Cancer Institute
  22 (1959), pages 719 to 748. So looking more often at a check that always fails now and then makes nothing look worse.

Events come in bursts: one hiccup fails all checks of that moment. Counts are divided by the *design effect*, so that a burst
weighs as what it is: Rao and Scott, "A simple method for the analysis of clustered binary data", Biometrics 48 (1992), pages
577 to 585.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Looks within so many seconds may share one hiccup: another program that takes the processor, a backup, a full queue.
SLICE = 120.0


# --- Quantiles --------------------------------------------------------------------------------------------------------


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of values lies, between two of them in proportion (type 7 of Hyndman and Fan, 1996).

    Args:
        values: at least one, in any order.
        share: 0 to 1.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def weighted_quantile(values: Iterable[tuple[float, float]], share: float) -> float:
    """The first value at or below which values lie that make up that share of the weight.

    Args:
        values: each with its weight; at least one, in any order.
        share: 0 to 1.
    """
    ordered = sorted(values)
    left = share * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0]


# --- Events before and since ------------------------------------------------------------------------------------------


class Side(NamedTuple):
    """Events, and among how many looks (or in how many minutes) they happened."""

    events: float
    among: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One check's events on both sides."""

    before: Side
    after: Side
    limited: bool = True  # whether each look is an event or not; matches in logs are as many as they are

    @property
    def events(self) -> float:
        return self.before.events + self.after.events

    @property
    def share(self) -> float:
        """Of its events that are expected since, if nothing changed."""
        return self.after.among / (self.before.among + self.after.among)

    @property
    def variance(self) -> float:
        """Of the events since, given how many there are in all: hypergeometric where looks are limited, else binomial."""
        binomial = self.events * self.share * (1 - self.share)
        among = self.before.among + self.after.among
        if not self.limited or among <= 1:
            return binomial
        return binomial * (among - self.events) / (among - 1)


def significance(strata: Iterable[Stratum], effect: float = 1.0) -> float:
    """How likely chance alone puts as many events, or more, on the side since.

    The number since has the binomial distribution that has the expectation and the variance of all strata together; where the
    variance is smaller than that of the binomial of all events, or larger for a design effect, the counts are scaled to fit.

    Args:
        strata: those without events, or with nothing on one side, say nothing.
        effect: the design effect; see `design_effect`.
    """
    told = [one for one in strata if one.events > 0 and one.before.among > 0 and one.after.among > 0]
    events, since = sum(one.events for one in told), sum(one.after.events for one in told)
    expected, variance = sum(one.events * one.share for one in told), sum(one.variance for one in told)
    if since <= expected:
        return 1.0
    share = expected / events
    # Where all looks are events the variance is nought; a tenth of the binomial's is as sure as it gets.
    scale = max(variance * effect, events * share * (1 - share) / 10) / (events * share * (1 - share))
    return tail(since / scale, events / scale, share)


def tail(least: float, trials: float, share: float) -> float:
    """The probability of at least so many successes among so many trials, each of which succeeds with a probability.

    The regularised incomplete beta function, which also takes numbers that are not whole. (Abramowitz and Stegun, 26.5.24.)

    Args:
        least: of successes; at most `trials`.
        trials: how many.
        share: the probability of one, 0 to 1.
    """
    if least <= 0:
        return 1.0
    return _beta(share, least, trials - least + 1)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: its continued fraction converges fast on the side of the mode taken here."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return min(math.exp(front) / a / _fraction(x, a, b), 1.0)


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), Abramowitz and Stegun 26.5.8, from the front by Lentz's method (Applied Optics 15, 1976)."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, _MOST_STEPS):
        part = _coefficient(step, x, a, b)
        c, d = 1.0 + part / c, 1.0 / (1.0 + part * d)
        value *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            break
    return value


def _coefficient(step: int, x: float, a: float, b: float) -> float:
    m = step // 2
    if step % 2:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))


_PRECISION, _MOST_STEPS = 1e-12, 10_000  # the square root of the counts is the order of the steps


# --- Bursts -----------------------------------------------------------------------------------------------------------


class Event(NamedTuple):
    """One look, and whether what is counted happened at it."""

    check: str
    at: float  # seconds
    happened: bool


def design_effect(before: Sequence[Event], after: Sequence[Event]) -> float:
    """By how much bursts make the variance of the number of events larger than that of independent looks; at least 1.

    Looks are put together by time. How much those of one slice are alike is estimated from how far the events of a slice are
    from what they would be (each check's own share on that side), and holds for both sides; what it means for a side depends on
    how many looks its slices have.
    """
    slices = [_slices(side) for side in (before, after)]
    alike = _alike([one for side in slices for one in side])
    effects = [_effect(side, alike) for side in slices]
    many = len(before) + len(after)
    return (effects[0] * len(after) + effects[1] * len(before)) / many if many else 1.0


class _Slice(NamedTuple):
    looks: int
    surplus: float  # events, less the expected
    variance: float  # of independent looks


def _slices(events: Sequence[Event]) -> list[_Slice]:
    shares = _shares(events)
    by_time: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_time[int(event.at // SLICE)].append(event)
    return [_slice(inside, shares) for inside in by_time.values()]


def _slice(events: Sequence[Event], shares: Mapping[str, float]) -> _Slice:
    surplus = sum(one.happened - shares[one.check] for one in events)
    variance = sum(shares[one.check] * (1 - shares[one.check]) for one in events)
    return _Slice(len(events), surplus, variance)


def _shares(events: Iterable[Event]) -> Mapping[str, float]:
    happened: dict[str, list[bool]] = defaultdict(list)
    for event in events:
        happened[event.check].append(event.happened)
    return {check: sum(every) / len(every) for check, every in happened.items()}


def _alike(slices: Iterable[_Slice]) -> float:
    """The correlation of looks within a slice, by moments; 0 to 1."""
    several = [one for one in slices if one.looks > 1]
    within = sum((one.looks - 1) * one.variance for one in several)
    more = sum(one.surplus**2 - one.variance for one in several)
    return min(max(more / within, 0.0), 1.0) if within > 0 else 0.0


def _effect(slices: Sequence[_Slice], alike: float) -> float:
    looks = sum(one.looks for one in slices)
    return 1 + (sum(one.looks**2 for one in slices) / looks - 1) * alike if looks else 1.0


# --- Many comparisons -------------------------------------------------------------------------------------------------


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Which of several tests are significant when all of them together may err no more often than `level`.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979), pages 65 to 70.
    """
    significant = [False] * len(chances)
    for passed, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[place] > level / (len(chances) - passed):
            break
        significant[place] = True
    return significant
