"""What a number measures, and how people read and write it."""

import math
import re
from datetime import timedelta
from enum import StrEnum

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_TOO_LONG = 100 * 366 * 86400  # seconds
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")


class Unit(StrEnum):
    """The unit of a reading. Values are always stored in the base unit that is named here."""

    SECONDS = "s"
    RATIO = "ratio"  # 0 to 1, shown as per cent
    BYTES = "bytes"
    COUNT = "count"
    DAYS = "days"
    NONE = ""  # a bare number, such as an HTTP status


def parse_duration(text: str | float) -> timedelta:
    """Read `90`, `"90s"`, `"1m30s"`, `"250 ms"` or `"2h"`; a bare number is in seconds.

    Raises:
        ValueError: the text is no duration, is negative, or is not finite.
    """
    if isinstance(text, bool):
        raise ValueError("a duration such as 30, '30s', '5m' or '1h30m'")
    if isinstance(text, int | float):
        seconds = float(text) if abs(text) < _TOO_LONG else math.inf  # an int can be too large for a float
    else:
        stripped = text.strip()
        parts = _DURATION_PART.findall(stripped)
        if not parts or _DURATION_PART.sub("", stripped).strip():
            raise ValueError("a duration such as 30, '30s', '5m' or '1h30m'")
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not math.isfinite(seconds) or seconds < 0 or seconds >= _TOO_LONG:
        raise ValueError("a duration such as 30, '30s', '5m' or '1h30m'")
    return timedelta(seconds=seconds)


def write_duration(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` reads the same value back: `1m30s`, `250ms`, `0s`."""
    milliseconds = round(duration.total_seconds() * 1000)
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        number, milliseconds = divmod(milliseconds, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def format_duration(duration: timedelta | float) -> str:
    """Write a duration as people say it: `350 ms`, `4.2 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, hours, days = round(seconds / 60), seconds / 3600, seconds / 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return _two(minutes // 60, "h", minutes % 60, "min")
    return _two(int(days), "d", int(hours) % 24, "h")


def format_lasted(duration: timedelta | float) -> str:
    """Write how long something took that is over: as `format_duration`, with the seconds below ten minutes: `1 min 5 s`."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if 60 <= round(seconds) < 600:
        return _two(round(seconds) // 60, "min", round(seconds) % 60, "s")
    return format_duration(seconds)


def format_paced(duration: timedelta | float) -> str:
    """Write after how long something was done that has its times: as `format_lasted`, but not how late it was."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return format_lasted(seconds if seconds < _LATE else round(seconds / _LATE) * _LATE)


#: Seconds by which something may be late that is on time.
_LATE = 5


def format_value(value: float, unit: Unit) -> str:
    """Write a reading's value with its unit, short enough for a subject line."""
    match unit:
        case Unit.SECONDS:
            return format_duration(value)
        case Unit.RATIO:
            return f"{_per_cent(value)} %"
        case Unit.BYTES:
            return format_bytes(value)
        case Unit.DAYS:
            return f"{value:.3g} d"
        case Unit.COUNT | Unit.NONE:
            return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def _per_cent(share: float) -> str:
    """Three digits; of a share just below 1 as many as tell 99.95 % from 99.9 %, and never rounded up to a target it missed."""
    if 0.99 < share < 1:
        return f"{int(share * 1e6 + 1e-6) / 1e4:.7g}"
    return f"{share * 100:.3g}"


def format_bytes(size: float) -> str:
    """Write a number of bytes in binary steps: `512 B`, `1.5 KiB`, `3 GiB`."""
    for step in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.3g} {step}"
        size /= 1024
    return f"{size:.3g} TiB"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
