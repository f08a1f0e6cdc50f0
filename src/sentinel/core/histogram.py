"""A mergeable histogram with fixed logarithmic buckets: quantiles that stay right when histograms are added.

Bucket i holds values in (g^(i-1), g^i] with g = 1.04; a quantile answers the bucket's geometric middle, so it is at most 2 %
away from a true value of that rank (sqrt(1.04) - 1 = 1.98 %; the idea is DDSketch's, Masson et al., VLDB 2019, with the
base fixed, so that any two histograms can be added). Values at or below 1e-6 share one bucket and read as 0.
"""

import math
from collections.abc import Iterator

_BASE = 1.04
_LOG_BASE = math.log(_BASE)
_SMALLEST = 1e-6
_ZERO = -400  # below the bucket of the smallest value: ceil(log(1e-6) / log(1.04)) = -352
_LARGEST = 1200  # 1.04^1200 = 2.7e20

#: How far a quantile may be from a true value of that rank, relative to it.
RELATIVE_ERROR = math.sqrt(_BASE) - 1


class Histogram:
    """Counts of values by size. Mutable: it is added to by one owner."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.total = 0  # number of values

    def add(self, value: float) -> None:
        """Count one value; negative ones count as zero."""
        bucket = _ZERO if value <= _SMALLEST else min(_LARGEST, math.ceil(math.log(value) / _LOG_BASE))
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.total += 1

    def include(self, other: "Histogram") -> None:
        """Count everything that another histogram has counted."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.total += other.total

    def exclude(self, other: "Histogram") -> None:
        """Take back what was included before."""
        for bucket, count in other._counts.items():
            left = self._counts.get(bucket, 0) - count
            if left > 0:
                self._counts[bucket] = left
            else:
                self._counts.pop(bucket, None)
        self.total = max(0, self.total - other.total)

    def quantile(self, q: float) -> float | None:
        """The value below which a share `q` of the values lies (nearest rank), or None when nothing was counted."""
        if not self.total:
            return None
        rank = max(1, math.ceil(q * self.total))
        seen = 0
        bucket = _ZERO
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= rank:
                break
        return _middle(bucket)

    def share_up_to(self, bound: float) -> float | None:
        """The share of values up to a bound; None when nothing was counted.

        The bucket that the bound lies in counts when its middle does, so that this agrees with `quantile`: the share up to a
        bound is at least `q` exactly when the quantile `q` is no more than the bound.
        """
        if not self.total:
            return None
        within = sum(count for bucket, count in self._counts.items() if _middle(bucket) <= bound)
        return within / self.total

    def mean(self) -> float | None:
        """The mean, as far from the true one as a quantile may be; None when nothing was counted. Values below zero were
        counted as zero."""
        if not self.total:
            return None
        counted = self._counts.items()
        return math.fsum(count * _BASE ** (bucket - 0.5) for bucket, count in counted if bucket != _ZERO) / self.total

    def encode(self) -> bytes:
        """A short form for storage: pairs of varints, (difference to the bucket before, count), the lowest bucket first."""
        out = bytearray()
        previous = _ZERO
        for bucket in sorted(self._counts):
            _put_varint(out, bucket - previous)
            _put_varint(out, self._counts[bucket])
            previous = bucket
        return bytes(out)

    @classmethod
    def decode(cls, data: bytes) -> "Histogram":
        """Read what `encode` wrote.

        Raises:
            ValueError: the bytes end in the middle of a number.
        """
        histogram = cls()
        numbers = _varints(data)
        bucket = _ZERO
        for step in numbers:
            bucket += step
            count = next(numbers, None)
            if count is None:
                raise ValueError("a histogram that ends in the middle of a pair")
            histogram._counts[bucket] = histogram._counts.get(bucket, 0) + count
            histogram.total += count
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and other._counts == self._counts

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Histogram(total={self.total}, p50={self.quantile(0.5)}, p95={self.quantile(0.95)})"


def _middle(bucket: int) -> float:
    """The value that a bucket stands for."""
    return 0.0 if bucket == _ZERO else _BASE ** (bucket - 0.5)


def _put_varint(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("a histogram that ends in the middle of a number")
