"""A mergeable histogram with fixed logarithmic buckets: quantiles that stay right when histograms are added.

Bucket i holds values in (g^(i-1), g^i] with g = 1.04; a quantile answers the bucket's geometric middle, so it is at most 2 %
away from a true value of that rank (sqrt(1.04) - 1 = 1.98 %; the idea is DDSketch's, Masson et al., VLDB 2019, with the
base fixed, so that any two histograms can be added). Values at or below 1e-6 share one bucket and read as 0.

A histogram is stored in one of two forms. The sparse one is pairs of varints, for the few values of 5 minutes. The dense one
has a count for every bucket from the lowest to the highest, each of the same width: longer, but added and searched without
looking at every bucket by itself, which is what a page over thousands of them needs.
"""

import math
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

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

    def _take(self, pairs: Iterable[tuple[int, int]]) -> None:
        counts, total = self._counts, 0
        for bucket, count in pairs:
            counts[bucket] = counts.get(bucket, 0) + count
            total += count
        self.total += total

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
        """Its form for storage; empty when nothing was counted."""
        if not self._counts:
            return b""
        low, high = min(self._counts), max(self._counts)
        return _written(low, [self._counts.get(bucket, 0) for bucket in range(low, high + 1)])

    @classmethod
    def decode(cls, data: bytes) -> "Histogram":
        """Read what `encode` or `merged` wrote.

        Raises:
            ValueError: the bytes end in the middle of a number.
        """
        histogram = cls()
        histogram._take(_dense_pairs(data) if data.startswith(_DENSE) else _pairs(data))
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and other._counts == self._counts

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Histogram(total={self.total}, p50={self.quantile(0.5)}, p95={self.quantile(0.95)})"


def _middle(bucket: int) -> float:
    """The value that a bucket stands for."""
    return 0.0 if bucket == _ZERO else _BASE ** (bucket - 0.5)


def merged(encoded: Iterable[bytes]) -> bytes:
    """Histograms as one, in the form of `encode`: those that are dense are added as long numbers, whole rows at once."""
    lanes = 0
    others = Histogram()
    for data in encoded:
        if data.startswith(_DENSE):
            lanes += _lanes(data)
        else:
            others._take(_pairs(data))
    if not lanes:
        return others.encode()
    low, row = _row(lanes)
    if not others.total:
        return _written(low, row)
    others._take((bucket, count) for bucket, count in enumerate(row, low) if count)
    return others.encode()


def quantile_of(data: bytes, q: float) -> float | None:
    """As `Histogram.quantile`, of one that is encoded."""
    if not data.startswith(_DENSE):
        return Histogram.decode(data).quantile(q)
    first, counts = _dense(data)
    sums = list(accumulate(counts))
    rank = max(1, math.ceil(q * sums[-1]))
    return _middle(first + min(bisect_left(sums, rank), len(sums) - 1))


#: What the dense form begins with: in the sparse one it would be a bucket that nothing is in. Then come the width of a count in
#: bytes, the lowest bucket, and the counts.
_DENSE = b"\0\0"
_HEAD = struct.Struct("<2sBH")
_WIDTHS = {1: "B", 2: "H", 4: "I"}

#: How many times as long as the sparse form the dense one may be.
_WASTE = 2

#: Bytes of a count in a sum of rows; 1,000 results a second fill it in 49 days, and counts beyond are sparse.
_LANE = 4


def _written(low: int, row: list[int]) -> bytes:
    """Counts from the bucket `low` on, in the form that suits them; the first and the last are not 0."""
    most = max(row)
    width = next((width for width in _WIDTHS if most < 1 << width * 8), _LANE * 2)
    about = 2 * (len(row) - row.count(0))  # bytes of the sparse form
    if width > _LANE or _HEAD.size + len(row) * width > _WASTE * about:
        return _sparse(low, row)
    return _HEAD.pack(_DENSE, width, low - _ZERO) + struct.pack(f"<{len(row)}{_WIDTHS[width]}", *row)


def _sparse(low: int, row: list[int]) -> bytes:
    """Pairs of varints: the difference to the bucket before, and the count; the lowest bucket first."""
    out = bytearray()
    previous = _ZERO
    for bucket, count in enumerate(row, low):
        if count:
            _put_varint(out, bucket - previous)
            _put_varint(out, count)
            previous = bucket
    return bytes(out)


def _lanes(data: bytes) -> int:
    """A dense row as one number, with `_LANE` bytes for each bucket from the very lowest on."""
    width, body = data[2], data[_HEAD.size :]
    spread = bytearray(len(body) // width * _LANE)
    for place in range(width):
        spread[place::_LANE] = body[place::width]
    return int.from_bytes(spread, "little") << 8 * _LANE * int.from_bytes(data[3:5], "little")


def _row(lanes: int) -> tuple[int, list[int]]:
    """The lowest bucket of a sum of `_lanes`, and the counts from there on."""
    low = ((lanes & -lanes).bit_length() - 1) // (8 * _LANE)
    lanes >>= 8 * _LANE * low
    count = -(-lanes.bit_length() // (8 * _LANE))
    return low + _ZERO, list(struct.unpack(f"<{count}I", lanes.to_bytes(count * _LANE, "little")))


def _dense(data: bytes) -> tuple[int, tuple[int, ...]]:
    """The lowest bucket and the counts from there on."""
    try:
        _, width, low = _HEAD.unpack_from(data)
        count = (len(data) - _HEAD.size) // width
        return low + _ZERO, struct.unpack_from(f"<{count}{_WIDTHS[width]}", data, _HEAD.size)
    except (struct.error, KeyError, ZeroDivisionError):
        raise ValueError("a histogram that ends in the middle of a number") from None


def _dense_pairs(data: bytes) -> Iterator[tuple[int, int]]:
    first, counts = _dense(data)
    return ((bucket, count) for bucket, count in enumerate(counts, first) if count)


def _pairs(data: bytes) -> Iterable[tuple[int, int]]:
    """Buckets and counts of the sparse form."""
    place = 1 if data[:1] < b"\x80" else 2
    rest = data[place:]
    if len(rest) % 2 and rest.isascii():
        # Every number but the first is one byte, which is so of nearly all that is stored.
        first = data[0] if place == 1 else data[0] & 0x7F | data[1] << 7
        if first < 1 << 14:
            return zip(accumulate(rest[1::2], initial=first + _ZERO), rest[::2], strict=True)
    return _any_pairs(data)


def _any_pairs(data: bytes) -> Iterator[tuple[int, int]]:
    numbers = _varints(data)
    bucket = _ZERO
    for step in numbers:
        bucket += step
        count = next(numbers, None)
        if count is None:
            raise ValueError("a histogram that ends in the middle of a pair")
        yield bucket, count


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
