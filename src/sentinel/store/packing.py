"""Readings as few bytes: their names and units are registered once, and each row holds the bare values.

Two forms. The packed one holds whole numbers as varints: millionths of a second, a ratio or a day, and counts, bytes and bare
numbers as they are; a response time of 21 ms takes three bytes. The wide one holds a double per value, for whatever is
negative, broken, or not finite. So a time is kept to the microsecond, and everything else exactly.
"""

import json
import struct
from collections.abc import Sequence
from functools import lru_cache
from operator import truediv

from sentinel.base.units import Unit
from sentinel.core.result import Reading

PACKED, WIDE = "packed", "wide"

#: By what a value is multiplied to become a whole number; of other units only whole numbers are packed.
SCALE = {Unit.SECONDS: 1_000_000, Unit.RATIO: 1_000_000, Unit.DAYS: 1_000_000}
LARGEST = 1 << 50  # below it a double holds every whole number


def pack(readings: Sequence[Reading]) -> tuple[str, bytes]:
    """The name of the shape (which readings, in which form) and the values."""
    names = tuple([reading.name for reading in readings])
    units = tuple([reading.unit for reading in readings])
    packed = _varints(readings)
    if packed is not None:
        return _shape(PACKED, names, units), packed
    return _shape(WIDE, names, units), struct.pack(f"<{len(readings)}d", *(reading.value for reading in readings))


def unpack(shape: str, data: bytes) -> tuple[Reading, ...]:
    """Read what `pack` wrote.

    Raises:
        ValueError: shape and data do not fit together.
    """
    form, names, units, scales = _fields(shape)
    values: Sequence[float] = struct.unpack(f"<{len(names)}d", data) if form == WIDE else _numbers(data)
    if len(values) != len(names):
        raise ValueError(f"{len(values)} values for {len(names)} readings")
    # Division by a power of ten, not multiplication by its inverse: 21000 / 1e6 is 0.021 exactly as it was written.
    return tuple(map(Reading, names, map(truediv, values, scales), units))


def _varints(readings: Sequence[Reading]) -> bytes | None:
    """The values as varints, or None when one of them does not fit."""
    out = bytearray()
    for _, value, unit in readings:
        scale = SCALE.get(unit)
        scaled = value * scale if scale else value
        if not 0 <= scaled < LARGEST:  # also when it is not a number
            return None
        number = round(scaled)
        if scale is None and number != value:
            return None
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)


def _numbers(data: bytes) -> list[int]:
    numbers = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ValueError("readings that end in the middle of a number")
    return numbers


@lru_cache(maxsize=4096)
def _shape(form: str, names: tuple[str, ...], units: tuple[Unit, ...]) -> str:
    return json.dumps([form, *([name, unit.value] for name, unit in zip(names, units, strict=True))])


@lru_cache(maxsize=4096)
def _fields(shape: str) -> tuple[str, tuple[str, ...], tuple[Unit, ...], tuple[int, ...]]:
    """Form, names, units, and what the stored values are to be divided by."""
    form, *fields = json.loads(shape)
    names, units = tuple(name for name, _ in fields), tuple(Unit(unit) for _, unit in fields)
    return form, names, units, tuple(SCALE.get(unit, 1) if form == PACKED else 1 for unit in units)
