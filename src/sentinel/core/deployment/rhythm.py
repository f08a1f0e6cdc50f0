"""What recurs: a job that starts each minute is noticed by who looks each ten seconds, and may never be by who looks each minute.

A check is looked at in its own rhythm before a deployment, always at the same moment of it, and more often since. What happens
at other moments of each minute, whatever was deployed, is then seen for the first time and would be taken for the release's
doing. So where events since depend on the moment at which they were found, only looks at the moments of the baseline count.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from sentinel.core.deployment.comparing import Event
from sentinel.core.deployment.samples import Look, Samples

#: Jobs recur with the minutes of the clock, whatever the rhythm of a check.
_MINUTE = 60.0

#: Looks at most so many seconds from a moment are at it. Those of the schedule are there exactly, and go on during a watch.
_AT_IT = 1.0

#: How likely events that depend on no moment may be taken for some that do.
LEVEL = 0.01


#: What recurs was looked at in so many cycles.
_CYCLES = 3


def rhythm(looks: Sequence[Look]) -> float:
    """The usual seconds from one look to the next; 0 of fewer than two."""
    return median(later.at - earlier.at for earlier, later in pairwise(looks)) if len(looks) > 1 else 0.0


def recurs(events: Sequence[Event], rhythms: Iterable[float], pace: float) -> bool:
    """Whether events happen at some moments of a cycle more often than chance puts them there.

    Args:
        events: since the watch began, happened or not.
        rhythms: the seconds between two looks before, of each check.
        pace: the seconds between two looks since.
    """
    cycles = {_MINUTE, *(round(one) for one in rhythms)}
    long = [one for one in cycles if one >= 2 * pace > 0]
    return any(_unevenness(events, cycle, pace / 2) < LEVEL / len(long) for cycle in long)


def at_the_same_moments(before: Samples, after: Samples) -> Samples:
    """The looks since that came at the moment of its rhythm at which a check was looked at before."""
    cycle = rhythm(before.looks)
    if cycle < 2 * rhythm(after.looks):
        return after
    moment = before.looks[-1].at
    looks = tuple(one for one in after.looks if _apart(one.at, moment, cycle) <= _AT_IT)
    return Samples(check=after.check, looks=looks, least=after.least)


def _apart(at: float, moment: float, cycle: float) -> float:
    """How far two moments of a cycle are apart."""
    behind = (at - moment) % cycle
    return min(behind, cycle - behind)


def _unevenness(events: Sequence[Event], cycle: float, wide: float) -> float:
    """How likely chance alone spreads events so unevenly over the moments of a cycle: Pearson's chi-squared test (1900)."""
    found: dict[int, list[Event]] = defaultdict(list)
    for one in events:
        found[int(one.at % cycle // wide)].append(one)
    # What was looked at in one or two cycles cannot recur.
    moments = [some for some in found.values() if len({one.at // cycle for one in some}) >= _CYCLES]
    many = sum(map(len, moments))
    share = sum(one.happened for some in moments for one in some) / many if many else 0.0
    if not 0 < share < 1:
        return 1.0
    surplus = ((sum(one.happened for one in some) - len(some) * share, len(some)) for some in moments)
    return _chi_squared(sum(more**2 / (of * share * (1 - share)) for more, of in surplus), len(moments) - 1)


def _chi_squared(distance: float, freedom: int) -> float:
    """The chance of a larger one: Wilson and Hilferty, PNAS 17 (1931), pages 684 to 688."""
    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    return math.erfc(((distance / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(2 * spread)) / 2
