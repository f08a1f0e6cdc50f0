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
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
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
    dense: dict[int, list[bytes]] = {}
    others = Histogram()
    for data in encoded:
        if data.startswith(_DENSE):
            dense.setdefault(data[2], []).append(data)
        else:
            others._take(_pairs(data))
    chunks = ((width, rows[start : start + _AT_ONCE]) for width, rows in dense.items() for start in _starts(rows))
    sums = [_added(width, rows) for width, rows in chunks]
    if len(sums) == 1 and not others.total:
        return _written(*sums[0])
    for low, row in sums:
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
_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}

#: How many times as long as the sparse form the dense one may be.
_WASTE = 2

#: The widest count of the dense form, in bytes; larger ones are sparse.
_WIDEST = 4

#: Rows that are added at once.
_AT_ONCE = 250


def _written(low: int, row: list[int]) -> bytes:
    """Counts from the bucket `low` on, in the form that suits them; the first and the last are not 0."""
    most = max(row)
    width = next((width for width in _WIDTHS if most < 1 << width * 8), 2 * _WIDEST)
    about = 2 * (len(row) - row.count(0))  # bytes of the sparse form
    if width > _WIDEST or _HEAD.size + len(row) * width > _WASTE * about:
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


def _starts(rows: Sequence[bytes]) -> range:
    return range(0, len(rows), _AT_ONCE)


def _added(width: int, rows: Sequence[bytes]) -> tuple[int, list[int]]:
    """The sum of dense rows of one width: the lowest bucket, and the counts from there on.

    Each row is one long number. Every other count is masked out, so that each sum has the room of two counts: for 256 rows of
    a width of one byte, and for more of the others.
    """
    places = [(data[3] | data[4] << 8, data) for data in rows]
    base = min(low for low, _ in places)
    count = max(low + (len(data) - _HEAD.size) // width for low, data in places) - base
    half = -(-count // 2)
    bits, mask = 8 * width, _mask(width, half)
    even = odd = 0
    for low, data in places:
        row = int.from_bytes(data[_HEAD.size :], "little") << bits * (low - base)
        even += row & mask
        odd += row >> bits & mask
    sums = [0] * 2 * half
    form = f"<{half}{_WIDTHS[2 * width]}"
    sums[::2] = struct.unpack(form, even.to_bytes(2 * width * half, "little"))
    sums[1::2] = struct.unpack(form, odd.to_bytes(2 * width * half, "little"))
    return base + _ZERO, sums[:count]


@lru_cache(maxsize=2048)
def _mask(width: int, half: int) -> int:
    """Every other count of a row of twice `half` counts."""
    return int.from_bytes((b"\xff" * width + bytes(width)) * half, "little")


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
