"""A chart of the reading around an outage: drawn as SVG by a template, made a picture for mails by resvg.

The picture shows nothing that the words beside it do not say: some readers show no pictures, some people see none, and on a
host without fonts its labels are missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor, isfinite, log10
from typing import Final

from sentinel.base.units import Unit, format_value
from sentinel.channels.templating import built_in
from sentinel.core.notification import Kind, Message
from sentinel.core.rule import Severity
from sentinel.core.series import Point, Series

WIDTH, HEIGHT = 600, 220  # of the picture in a mail, in CSS pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 590, 34, 184  # of the plot
ZOOM: Final = 2  # for screens with two points to a pixel

#: Before an incident began the chart shows as much time as it lasted, but no less and no more than this.
BEFORE: Final = (timedelta(minutes=30), timedelta(hours=3))

#: A chart ends with the message, and shows of an incident no more than its last so much.
LONGEST: Final = timedelta(hours=12)

#: Fewer values than this are told better by words.
FEWEST: Final = 3

#: Messages of these kinds are about how a check does.
_CHARTED: Final = frozenset(
    {
        Kind.OPENED,
        Kind.WORSENED,
        Kind.EASED,
        Kind.ESCALATED,
        Kind.REMINDED,
        Kind.ACKNOWLEDGEMENT_EXPIRED,
        Kind.RESOLVED,
        Kind.UPDATED,
        Kind.PROGRESS,
        Kind.FLAPPING,
    }
)

_MARKS: Final = {Severity.CRITICAL: "#b3261e", Severity.WARNING: "#c77700", Severity.UNKNOWN: "#8a93a0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a message's chart needs."""

    check: str
    reading: str  # empty: the check's main one
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture and what it shows, in words."""

    png: bytes
    alt: str


def asked(message: Message) -> Asked | None:
    """What the chart of a message shows; None for a message without one."""
    incident = message.incident
    if message.check is None or incident is None or message.kind not in _CHARTED:
        return None
    until = incident.resolved_at or message.at
    lasted = max(until - incident.began_at, timedelta(0))
    since = max(incident.began_at - min(max(lasted, BEFORE[0]), BEFORE[1]), until - LONGEST)
    judged = next((finding.reading for finding in message.findings if finding.value is not None), "")
    return Asked(check=message.check.name, reading=judged, since=since, until=until)


def draw(series: Series, message: Message) -> Chart | None:
    """The chart for a message; None when there is too little to draw, or nothing here can make a picture. It blocks: 20 ms."""
    # 4 MB that only who sends mails pays for; and there are machines for which nobody built it.
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415
    except ImportError:
        return None
    svg = as_svg(series, message)
    if svg is None:
        return None
    try:
        png = svg_to_bytes(svg_string=svg, zoom=ZOOM, background="#ffffff")
    except ValueError:
        return None
    return Chart(png=bytes(png), alt=in_words(series, message))


def as_svg(series: Series, message: Message) -> str | None:
    """The chart as SVG; None when there is too little to draw."""
    incident = message.incident
    values = _values(series)
    if incident is None or len(values) < FEWEST:
        return None
    plot = _Plot.around(series, _bounds(series, message))
    began, ended = plot.x(incident.began_at), plot.x(incident.resolved_at or series.points[-1].at)
    return built_in("chart.svg").render(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
        title=series.reading.replace("_", " "),
        outage={"x": began, "width": max(ended - began, 1.0)},
        ticks=[{"y": plot.y(value), "text": _tick(value, series.unit)} for value in plot.ticks()],
        times=list(_times(plot, incident.began_at)),
        bounds=[
            {"y": plot.y(value), "text": format_value(value, series.unit), "colour": _MARKS[severity]}
            for value, severity in _bounds(series, message)
        ],
        lines=[" ".join(f"{x:.1f},{y:.1f}" for x, y in line) for line in plot.lines(series.points)],
        marks=[
            {"x": plot.x(point.at), "colour": _MARKS[point.severity]}
            for point in series.points
            if point.value is None and point.severity in _MARKS
        ],
    )


def _tick(value: float, unit: Unit) -> str:
    return format_value(value, unit) if value else "0"


def in_words(series: Series, message: Message) -> str:
    """What the chart shows: `response time from 02:30 to 03:18 UTC: 200 ms to 6.2 s, at last 6.2 s; critical beyond 5 s`."""
    values = _values(series)
    low, high, last = (format_value(value, series.unit) for value in (min(values), max(values), values[-1]))
    said = f"{series.reading.replace('_', ' ')} {_span(series)}: {low} to {high}, at last {last}"
    for value, severity in _bounds(series, message):
        said += f"; {severity.label.lower()} beyond {format_value(value, series.unit)}"
    without = sum(1 for point in series.points if point.value is None)
    return said + (f"; {without} of {len(series.points)} runs without a value" if without else "")


def _span(series: Series) -> str:
    first, last = series.points[0].at.astimezone(UTC), series.points[-1].at.astimezone(UTC)
    day = "%H:%M" if first.date() == last.date() else "%Y-%m-%d %H:%M"
    return f"from {first:{day}} to {last:{day}} UTC"


def _values(series: Series) -> list[float]:
    return [point.value for point in series.points if point.value is not None and isfinite(point.value)]


def _bounds(series: Series, message: Message) -> list[tuple[float, Severity]]:
    """The bounds that findings name for this reading, each once."""
    found = {
        finding.bound: finding.severity
        for finding in reversed(message.findings)
        if finding.reading == series.reading and finding.bound is not None and isfinite(finding.bound)
    }
    return [(bound, severity) for bound, severity in sorted(found.items()) if severity in _MARKS][:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where a moment and a value lie in the picture."""

    first: datetime
    last: datetime
    low: float
    high: float

    @classmethod
    def around(cls, series: Series, bounds: Sequence[tuple[float, Severity]]) -> "_Plot":
        values = [*_values(series), *(bound for bound, _ in bounds)]
        low, high = min(values), max(values)
        if 0 <= low <= 0.6 * high or low == high >= 0:  # a scale from zero, unless it would flatten what happened
            low = 0.0
        room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
        return cls(
            first=series.points[0].at, last=series.points[-1].at, low=low if low == 0 else low - room, high=high + room
        )

    def x(self, at: datetime) -> float:
        span = (self.last - self.first).total_seconds() or 1.0
        part = min(max((at - self.first).total_seconds() / span, 0.0), 1.0)
        return _LEFT + part * (_RIGHT - _LEFT)

    def y(self, value: float) -> float:
        return _BOTTOM - (value - self.low) / (self.high - self.low) * (_BOTTOM - _TOP)

    def ticks(self) -> list[float]:
        """Two to five round values within the scale."""
        step = _round_step((self.high - self.low) / 4)
        first = floor(self.low / step) + (1 if self.low else 0)
        return [n * step for n in range(first, first + 6) if self.low <= n * step <= self.high]

    def lines(self, points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
        """The values as lines, broken where there is none, or where nothing was measured for long."""
        gap = self._gap(points)
        line: list[tuple[float, float]] = []
        before: datetime | None = None
        for point in points:
            if line and (point.value is None or (before is not None and point.at - before > gap)):
                yield line
                line = []
            if point.value is not None and isfinite(point.value):
                line.append((self.x(point.at), self.y(point.value)))
                before = point.at
        if line:
            yield line

    def _gap(self, points: Sequence[Point]) -> timedelta:
        steps = sorted(later.at - earlier.at for earlier, later in pairwise(points))
        return 6 * steps[len(steps) // 2] if steps else timedelta.max


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 2.5 or 5 times a power of ten."""
    size: float = 10.0 ** floor(log10(step))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= step * 0.999)


def _times(plot: _Plot, began: datetime) -> Iterator[dict[str, object]]:
    """Labels of the time axis: where it begins and ends, and when the incident began unless that is too close to them."""
    yield {"x": _LEFT, "text": f"{plot.first.astimezone(UTC):%H:%M}", "anchor": "start"}
    if _LEFT + 80 < (x := plot.x(began)) < _RIGHT - 110:
        yield {"x": x, "text": f"{began.astimezone(UTC):%H:%M}", "anchor": "middle"}
    yield {"x": _RIGHT, "text": f"{plot.last.astimezone(UTC):%H:%M} UTC", "anchor": "end"}
