"""A bound as people write it, in the unit of the reading it is for."""

import math
import re
from decimal import Decimal

from sentinel.base.units import Unit, parse_duration

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]i?)?B\s*")
_SIZE_STEPS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY_STEPS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SECONDS_PER_DAY = 86_400

_EXPECTED = {
    Unit.SECONDS: "a duration such as 2, '500ms' or '1m30s' (a bare number is in seconds)",
    Unit.RATIO: "a ratio such as 0.02 or '2%'",
    Unit.BYTES: "a size such as 1024, '512 MiB' or '2 GB'",
    Unit.DAYS: "a number of days such as 14, or a duration such as '2w'",
    Unit.COUNT: "a number",
    Unit.NONE: "a number",
}


def parse_bound(value: float | str, unit: Unit) -> float:
    """The bound in the base unit of its reading.

    A ratio above 1 has to be written in per cent: of a bare 80 nobody knows whether 80 % or 8,000 % is meant.

    Raises:
        ValueError: it cannot be read so; the text says what is expected.
    """
    number = _number(value, unit)
    if number is None or not math.isfinite(number):
        raise ValueError(_EXPECTED[unit])
    if unit is Unit.RATIO and abs(number) > 1 and not _is_percent(value):
        raise ValueError(_which_ratio(number))
    return number


def _which_ratio(number: float) -> str:
    """What to write for a bare number above 1. Of 10 to 100 hardly anybody means that many times the whole."""
    bare, share = f"{number:.12g}", f"{number / 100:.12g}"
    if 10 <= number <= 100:
        return f"a ratio such as 0.8 or '80%'; write '{bare}%' or {share}"
    return f"a ratio such as 0.8 or '80%': {bare} is {number * 100:,.12g} %; write '{bare}%' or '{number * 100:.12g}%'"


def write_bound(bound: float, unit: Unit) -> float | str:
    """The bound so that `parse_bound` reads the same."""
    return f"{bound * 100:.12g}%" if unit is Unit.RATIO and abs(bound) > 1 else bound


def _number(value: float | str, unit: Unit) -> float | None:
    if not isinstance(value, str):
        return float(value)
    if _NUMBER.fullmatch(value):
        return float(value)
    match unit:
        case Unit.SECONDS:
            return _seconds(value)
        case Unit.DAYS:
            seconds = _seconds(value)
            return None if seconds is None else seconds / _SECONDS_PER_DAY
        case Unit.RATIO:
            return _percent(value)
        case Unit.BYTES:
            return _bytes(value)
        case Unit.COUNT | Unit.NONE:
            return None


def _seconds(text: str) -> float | None:
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        return None


def _is_percent(value: float | str) -> bool:
    return isinstance(value, str) and value.strip().endswith("%")


def _percent(text: str) -> float | None:
    share = text.strip().removesuffix("%")
    if not (text.strip().endswith("%") and _NUMBER.fullmatch(share)):
        return None
    return float(Decimal(share.strip()).scaleb(-2))  # 99.9 / 100 is 0.9990000000000001


def _bytes(text: str) -> float | None:
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    step = (match[2] or "").replace("K", "k") if not (match[2] or "").endswith("i") else match[2].replace("k", "K")
    return float(match[1]) * {**_SIZE_STEPS, **_BINARY_STEPS}[step]
