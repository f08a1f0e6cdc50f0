"""A quantile from the buckets of a histogram."""

import math
from collections.abc import Mapping


def quantile(q: float, buckets: Mapping[float, float]) -> float | None:
    """The value that a share `q` of the observations stay below.

    By linear interpolation within a bucket, as PromQL's `histogram_quantile` does: the first bucket begins at 0; what lies
    in the last, open one is told as the highest bound, so the answer is "at least" then.

    Args:
        q: above 0, below 1.
        buckets: how many observations were at most the bound, by bound; the last bound is infinite.

    Returns: None when there is no observation, or no infinite bound.
    """
    bounds = sorted(buckets)
    if not bounds or bounds[-1] != math.inf or len(bounds) < 2:
        return None
    counts = _rising([buckets[bound] for bound in bounds])
    if counts[-1] <= 0:
        return None
    rank = q * counts[-1]
    place = next(index for index, count in enumerate(counts) if count >= rank)
    if bounds[place] == math.inf:
        return bounds[-2]
    return _within(place, rank, bounds, counts)


def _within(place: int, rank: float, bounds: list[float], counts: list[float]) -> float:
    end, below = bounds[place], counts[place - 1] if place else 0.0
    if not place and end <= 0:
        return end
    start = bounds[place - 1] if place else 0.0
    return start + (end - start) * (rank - below) / (counts[place] - below)


def _rising(counts: list[float]) -> list[float]:
    """Never falling: buckets of several processes, of which one has just begun anew, may contradict each other."""
    risen, highest = [], 0.0
    for count in counts:
        highest = max(highest, count)
        risen.append(highest)
    return risen
