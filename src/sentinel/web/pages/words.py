"""How values stand on a page: the filters of its templates."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from sentinel.base.units import Unit, format_bytes, format_duration, format_lasted, format_value
from sentinel.channels.clean import web_address
from sentinel.core.rule import Direction, Severity
from sentinel.reports.documents import ReadingLine
from sentinel.reports.figures import Better, Figure
from sentinel.reports.incident import happened
from sentinel.reports.text import share

NONE: Final = "\u2013"  # a dash

#: Severities as words of a sentence.
STATES: Final[Mapping[Severity, str]] = {
    Severity.OK: "OK",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Critical",
    Severity.UNKNOWN: "Unknown",
}

#: A change below this is none.
STEADY: Final = 0.005


def state(severity: Severity) -> str:
    """The severity as a word."""
    return STATES[severity]


def state_class(severity: Severity) -> str:
    """The severity as the name of a class and of an icon."""
    return severity.label.lower()


def value(number: float | None, unit: Unit) -> str:
    return NONE if number is None else format_value(number, unit)


def figure(number: float | None, unit: Unit) -> str:
    """A figure as large as tiles show it: shares without the digits that only matter beside a bound."""
    return percent(number) if unit is Unit.RATIO else value(number, unit)


def percent(ratio: float | None) -> str:
    return NONE if ratio is None else share(ratio)


def bound(line: ReadingLine | None) -> str:
    """The bound that a reading is nearest to breaking, in words: `at most 2 s`; empty where there is none."""
    if line is None:
        return ""
    limit = line.warning if line.warning is not None else line.critical
    if limit is None:
        return ""
    return f"{'at most' if line.direction is Direction.ABOVE else 'at least'} {format_value(limit, line.unit)}"


def breach(line: ReadingLine | None) -> str:
    """Which bound a reading is beyond: `critical`, `warning`, or empty."""
    if line is None or line.value is None:
        return ""
    if line.direction.breached(line.value, line.critical):
        return "critical"
    return "warning" if line.direction.breached(line.value, line.warning) else ""


def moment(at: datetime | None) -> str | Markup:
    """A time in UTC to the second, for people and programs."""
    return NONE if at is None else _time(at, f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", "")


def program(at: datetime) -> str:
    """A time for programs alone, as an attribute has it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def minute(at: datetime | None) -> str | Markup:
    """A time in UTC to the minute."""
    return NONE if at is None else _time(at, f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", "")


def ago(at: datetime | None, now: datetime) -> str | Markup:
    """How long ago, with the time itself beside it for who points at it."""
    if at is None:
        return NONE
    title = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    lasted = now - at
    if lasted < timedelta(0):
        return _time(at, f"in {format_duration(-lasted)}", title)
    text = "just now" if lasted < timedelta(seconds=1) else f"{format_duration(_whole(lasted))} ago"
    return _time(at, text, title)


def lasting(at: datetime | None, now: datetime) -> str | Markup:
    """For how long by now: `12 min`."""
    if at is None:
        return NONE
    return _time(
        at, format_duration(_whole(max(now - at, timedelta(0)))), f"since {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    )


def duration(lasted: timedelta | float | None) -> str:
    if lasted is None:
        return NONE
    return format_duration(_whole(lasted) if isinstance(lasted, timedelta) else lasted)


def lasted(length: timedelta) -> str:
    return format_lasted(_whole(length))


def size(number: float | None) -> str:
    return NONE if number is None else format_bytes(number)


def words(name: str) -> str:
    """A name of a closed list as words: `acknowledgement_expired` is `acknowledgement expired`."""
    return name.replace("_", " ")


def segment(text: object) -> str:
    """A text as one segment of a path."""
    return quote(str(text), safe="")


def change(figure: Figure) -> str:
    """The change against the period before, in words: `+12 %`; empty where there is nothing to compare."""
    if figure.unit is Unit.RATIO and figure.value is not None and figure.before is not None:
        points = (figure.value - figure.before) * 100
        return "no change" if abs(points) < STEADY else f"{points:+.2f} points"
    if figure.change is None:
        return ""
    return "no change" if abs(figure.change) < STEADY else f"{figure.change * 100:+.0f} %"


def turn(figure: Figure) -> str:
    """Whether a figure went the way it should: `good`, `bad` or `same`."""
    if figure.value is None or figure.before is None or change(figure) in ("", "no change"):
        return "same"
    if figure.better is Better.NEITHER:
        return "same"
    rose = figure.value > figure.before
    return "good" if rose == (figure.better is Better.HIGHER) else "bad"


def _time(at: datetime, text: str, title: str) -> Markup:
    written = program(at)
    if not title:
        return Markup('<time datetime="{}">{}</time>').format(written, text)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(written, title, text)


def _whole(length: timedelta) -> timedelta:
    """Parts of a second say nothing of what lasts."""
    return timedelta(seconds=round(length.total_seconds())) if length >= timedelta(seconds=1) else length


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "state": state,
    "state_class": state_class,
    "value": value,
    "figure": figure,
    "percent": percent,
    "bound": bound,
    "breach": breach,
    "moment": moment,
    "minute": minute,
    "program": program,
    "ago": ago,
    "lasting": lasting,
    "duration": duration,
    "lasted": lasted,
    "size": size,
    "words": words,
    "happened": happened,
    "segment": segment,
    "change": change,
    "turn": turn,
    "web_address": web_address,
}
