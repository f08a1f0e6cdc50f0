"""Sums of readings as few bytes: which readings they are of is registered once as a shape, and each row holds the numbers.

A row begins with the number of its shape; then come, for each reading, its count and three numbers in the form of `packing`:
the lowest value, how far the highest lies above it, and by how much the total differs from count times lowest. So a reading
that never changes takes five bytes and a response time about ten. A reading that this form cannot hold, such as one that is
negative or no whole number, has three doubles instead; a bit beside its count says so.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sentinel.base.units import Unit
from sentinel.core.slo import Sums
from sentinel.store.packing import LARGEST, SCALE

_DOUBLES = struct.Struct("<3d")


def shape(sums: Mapping[str, Sums]) -> str:
    """The word for which readings these are, by which `unpack` finds them again."""
    return _shape(tuple(sorted((name, one.unit) for name, one in sums.items())))


def pack(number: int, sums: Mapping[str, Sums]) -> bytes:
    """The bytes of a row whose shape has that number."""
    out = bytearray()
    _put(out, number)
    for name in sorted(sums):
        one = sums[name]
        packed = _whole(one)
        _put(out, one.count << 1 | (packed is None))
        if packed is None:
            out += _DOUBLES.pack(one.total, one.low, one.high)
        else:
            for part in packed:
                _put(out, part)
    return bytes(out)


def shape_of(data: bytes) -> tuple[int, int]:
    """The number of a row's shape, and where the sums begin."""
    return _take(data, 0)


def unpack(shape: str, data: bytes, place: int) -> dict[str, Sums]:
    """Read what `pack` wrote, from where `shape_of` says.

    Raises:
        ValueError: shape and data do not fit together.
    """
    found: dict[str, Sums] = {}
    try:
        for name, unit in _fields(shape):
            count, place = _take(data, place)
            if count & 1:
                total, low, high = _DOUBLES.unpack_from(data, place)
                place += _DOUBLES.size
            else:
                bottom, place = _take(data, place)
                spread, place = _take(data, place)
                rest, place = _take(data, place)
                scale = SCALE.get(unit, 1)
                whole = bottom * (count >> 1) + (rest >> 1 ^ -(rest & 1))
                total, low, high = whole / scale, bottom / scale, (bottom + spread) / scale
            found[name] = Sums(count >> 1, total, low, high, unit)
    except (IndexError, struct.error):
        raise ValueError("sums that end too early") from None
    return found


def _whole(sums: Sums) -> tuple[int, int, int] | None:
    """Lowest, spread and rest as whole numbers, or None where these would not say the same."""
    scale = SCALE.get(sums.unit)
    values = (sums.low, sums.high, sums.total)
    if (
        not 0 <= sums.low * (scale or 1) <= sums.high * (scale or 1) < LARGEST
        or not sums.total * (scale or 1) < LARGEST
    ):
        return None
    low, high, total = (round(value * scale) if scale else int(value) for value in values)
    if scale is None and (low, high, total) != values:
        return None
    rest = total - low * sums.count
    # The sign goes last, so that small numbers of both signs are short.
    return low, high - low, rest << 1 if rest >= 0 else (-rest << 1) - 1


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _take(data: bytes, place: int) -> tuple[int, int]:
    """The varint at a place, and the place behind it."""
    byte = data[place]
    place += 1
    if byte < 0x80:
        return byte, place
    number, shift = byte & 0x7F, 7
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7


@lru_cache(maxsize=4096)
def _shape(fields: tuple[tuple[str, Unit], ...]) -> str:
    return json.dumps([[name, unit.value] for name, unit in fields])


@lru_cache(maxsize=4096)
def _fields(shape: str) -> Iterable[tuple[str, Unit]]:
    return tuple((name, Unit(unit)) for name, unit in json.loads(shape))
