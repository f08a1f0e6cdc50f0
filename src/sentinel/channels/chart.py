"""A chart of the reading around an outage: drawn as SVG by a template, made a picture for mails by resvg.

The picture shows nothing that the words beside it do not say: some readers show no pictures, some people see none, and on a
host without fonts its labels are missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

from sentinel.base.units import Unit, format_value
from sentinel.channels.templating import built_in
from sentinel.core.notification import Kind, Message
from sentinel.core.plot import Frame, Plot, scale, usual_gap
from sentinel.core.rule import Severity
from sentinel.core.series import Series

WIDTH, HEIGHT = 600, 220  # of the picture in a mail, in CSS pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 590, 34, 184  # of the plot
_FRAME: Final = Frame(left=_LEFT, right=_RIGHT, top=_TOP, bottom=_BOTTOM)
ZOOM: Final = 2  # for screens with two points to a pixel

#: Before an incident began the chart shows as much time as it lasted, but no less and no more than this.
BEFORE: Final = (timedelta(minutes=30), timedelta(hours=3))

#: A chart ends with the message, and shows of an incident no more than its last so much.
LONGEST: Final = timedelta(hours=12)

#: Fewer values than this are told better by words.
FEWEST: Final = 3

#: Characters of a version beside the line where its deployment began.
_LONGEST_LABEL: Final = 20

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
    begins = incident.began_at - min(max(lasted, BEFORE[0]), BEFORE[1])
    if message.suspect is not None:  # how it was before the deployment is what people look for
        begins = min(begins, message.suspect.started_at - BEFORE[0])
    since = max(begins, until - LONGEST)
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
    plot = _plot(series, _bounds(series, message))
    points = [(point.at, point.value) for point in series.points]
    gap = usual_gap([at for at, _ in points])
    began, ended = plot.x(incident.began_at), plot.x(incident.resolved_at or series.points[-1].at)
    return built_in("chart.svg").render(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
        title=series.reading.replace("_", " "),
        deployed=_deployed(plot, message),
        outage={"x": began, "width": max(ended - began, 1.0)},
        ticks=[{"y": plot.y(value), "text": _tick(value, series.unit)} for value in plot.ticks(series.unit)],
        times=list(_times(plot, incident.began_at)),
        bounds=[
            {"y": plot.y(value), "text": format_value(value, series.unit), "colour": _MARKS[severity]}
            for value, severity in _bounds(series, message)
        ],
        lines=[" ".join(f"{x:.1f},{y:.1f}" for x, y in line) for line in plot.lines(points, gap)],
        marks=[
            {"x": plot.x(point.at), "colour": _MARKS[point.severity]}
            for point in series.points
            if point.value is None and point.severity in _MARKS
        ],
    )


def _deployed(plot: Plot, message: Message) -> dict[str, object] | None:
    """Where the deployment began that the incident may come of; None where that is not in the picture."""
    one = message.suspect
    if one is None or not plot.since <= one.started_at <= plot.until:
        return None
    x = plot.x(one.started_at)
    right = x > (_LEFT + _RIGHT) / 2
    text = one.version if len(one.version) <= _LONGEST_LABEL else f"{one.version[: _LONGEST_LABEL - 1]}…"
    return {"x": x, "text": text, "text_x": x - 5 if right else x + 5, "anchor": "end" if right else "start"}


def _tick(value: float, unit: Unit) -> str:
    return format_value(value, unit) if value else "0"


def in_words(series: Series, message: Message) -> str:
    """What the chart shows: `response time from 02:30 to 03:18 UTC: 200 ms to 6.2 s, at last 6.2 s; critical beyond 5 s`."""
    values = _values(series)
    low, high, last = (format_value(value, series.unit) for value in (min(values), max(values), values[-1]))
    said = f"{series.reading.replace('_', ' ')} {_span(series)}: {low} to {high}, at last {last}"
    for value, severity in _bounds(series, message):
        said += f"; {severity.label.lower()} beyond {format_value(value, series.unit)}"
    if (one := message.suspect) is not None and _deployed_within(series, one.started_at):
        said += f"; deployment {one.id} ({one.version}) began at {one.started_at.astimezone(UTC):%H:%M}"
    without = sum(1 for point in series.points if point.value is None)
    return said + (f"; {without} of {len(series.points)} runs without a value" if without else "")


def _deployed_within(series: Series, began: datetime) -> bool:
    return series.points[0].at <= began <= series.points[-1].at


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


def _plot(series: Series, bounds: Sequence[tuple[float, Severity]]) -> Plot:
    low, high = scale([*_values(series), *(bound for bound, _ in bounds)])
    first, last = series.points[0].at, series.points[-1].at
    return Plot(frame=_FRAME, since=first, until=last, low=low, high=high)


def _times(plot: Plot, began: datetime) -> Iterator[dict[str, object]]:
    """Labels of the time axis: where it begins and ends, and when the incident began unless that is too close to them."""
    yield {"x": _LEFT, "text": f"{plot.since.astimezone(UTC):%H:%M}", "anchor": "start"}
    if _LEFT + 80 < (x := plot.x(began)) < _RIGHT - 110:
        yield {"x": x, "text": f"{began.astimezone(UTC):%H:%M}", "anchor": "middle"}
    yield {"x": _RIGHT, "text": f"{plot.until.astimezone(UTC):%H:%M} UTC", "anchor": "end"}
