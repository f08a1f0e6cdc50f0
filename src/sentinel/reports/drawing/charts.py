"""A reading over a time, with scales, bounds and what happened meanwhile."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sentinel.base.units import Unit, format_value
from sentinel.core.plot import Dot, Frame, Plot, Tick, scale, time_ticks, unbroken, usual_gap
from sentinel.core.rule import Direction, Severity
from sentinel.reports.check import Mark, Mean, ReadingChart
from sentinel.reports.drawing.palette import LIGHT, Palette, spoken, template

#: A bound that is so many times as far from zero as all values would flatten them: it is named at the edge instead.
_FAR: Final = 3.0

#: Single values so many times beyond all means leave the scale, and are marked where they do.
_PEAK: Final = 4.0

#: Peaks that are marked: the highest.
_MOST_PEAKS: Final = 5

#: A line is broken where so many steps have no value.
_STEPS_APART: Final = 2.5

#: Pixels between two points of a line, at least: more cannot be told apart.
_APART: Final = 2.5

#: Width of a character of a label, in pixels, at the most.
_LETTER: Final = 7

#: Characters of a version that stand at the line where its deployment began; all of it stands in the title.
_LONGEST_LABEL: Final = 16

#: What lies below what: windows lowest, then deployments, then incidents.
_ORDER: Final = {"window": 0, "deployment": 1}

_MARK_COLOURS: Final = {Severity.WARNING: "warning", Severity.CRITICAL: "critical", Severity.UNKNOWN: "unknown"}


def chart(
    shown: ReadingChart,
    marks: Iterable[Mark] = (),
    width: int = 720,
    height: int = 220,
    theme: Palette = LIGHT,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> str:
    """A reading over a time: its mean as a line, from lowest to highest as a band, its bounds, and what happened meanwhile.

    Args:
        shown: the reading.
        marks: incidents, windows, deployments; those outside are left out.
        width: in pixels, as is `height`; a page may stretch it.
        height: likewise.
        theme: colours for whoever has no style of its own.
        since: when it begins; None: with the first value.
        until: when it ends; None: with the last value.
    """
    first, last = _times(shown, since, until)
    plot, ticks = _laid_out(shown, (first, last), width, height)
    points = thinned(shown.points, int(width / _APART))
    gap = max(usual_gap([point.at for point in points]) / 2, shown.step * _STEPS_APART)
    times = [_time(plot, tick) for tick in time_ticks(first, last, max(2, int((width - plot.frame.left) / 90)))]
    lines, dots = _paths(points, plot, gap)
    above, below = _unseen_bounds(shown, plot)
    within = [mark for mark in marks if (mark.until or plot.until) >= plot.since and mark.since <= plot.until]
    return template("chart.svg").render(
        width=width,
        height=height,
        frame=plot.frame,
        colours=theme,
        title=spoken(shown.reading),
        words=chart_in_words(shown) + _deployed_in_words(within),
        spans=list(_spans(within, plot, theme)),
        begun=list(_begun(within, plot, theme)),
        grid="".join(f"M{plot.frame.left} {_short(plot.y(tick))}H{plot.frame.right}" for tick, _ in ticks if tick),
        ticks=[{"y": _short(plot.y(tick)), "text": text} for tick, text in ticks],
        times=[one for one in times if _fits(one, plot)],
        bands="".join(_bands(points, plot, gap)),
        lines=lines,
        dots=dots,
        peaks=list(_peaks(shown, plot)),
        bounds=list(_bounds(shown, plot, theme)),
        beyond=_beyond(shown, above, below, plot),
    )


def chart_in_words(shown: ReadingChart) -> str:
    """What a chart shows: `200 ms to 6.2 s, on the mean 310 ms, at last 250 ms; warning above 2 s`."""
    if not shown.points:
        return "no values"
    count = sum(point.count for point in shown.points)
    mean = sum(point.mean * point.count for point in shown.points) / max(count, 1)
    values = (
        min(point.low for point in shown.points),
        max(point.high for point in shown.points),
        mean,
        shown.points[-1].mean,
    )
    low, high, middle, last = (format_value(value, shown.unit) for value in values)
    said = f"{low} to {high}, on the mean {middle}, at last {last}"
    bounds = (("warning", shown.warning), ("critical", shown.critical))
    named = (
        f"; {name} {shown.direction.value} {format_value(at, shown.unit)}" for name, at in bounds if at is not None
    )
    return said + "".join(named)


def thinned(points: Sequence[Mean], most: int) -> Sequence[Mean]:
    """At most so many of the points: neighbours become one, whose band reaches from the lowest to the highest of them."""
    size = -(-len(points) // max(most, 1))
    if size <= 1:
        return points
    return [_as_one(points[start : start + size]) for start in range(0, len(points), size)]


def _as_one(points: Sequence[Mean]) -> Mean:
    count = sum(point.count for point in points)
    return Mean(
        at=points[0].at,
        mean=sum(point.mean * point.count for point in points) / max(count, 1),
        low=min(point.low for point in points),
        high=max(point.high for point in points),
        count=count,
    )


def _times(shown: ReadingChart, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    epoch = datetime.fromtimestamp(0, UTC)
    first = since or (shown.points[0].at if shown.points else epoch)
    last = until or (shown.points[-1].at if shown.points else epoch)
    return first, max(last, first + shown.step)


def _laid_out(
    shown: ReadingChart, times: tuple[datetime, datetime], width: int, height: int
) -> tuple[Plot, list[tuple[float, str]]]:
    """The scales, with as much room on the left as the labels take, and the round values on them with their labels."""
    low, high = _scale(shown)
    frame = Frame(left=0, right=width - 12, top=10, bottom=height - 28)
    plot = Plot(frame=frame, since=times[0], until=times[1], low=low, high=high)
    labels: dict[str, float] = {}  # two values that read the same are one
    for tick in plot.ticks(shown.unit, max(2, int(height / 36))):
        labels.setdefault(format_value(tick, shown.unit) if tick else "0", tick)
    longest = max(map(len, labels), default=1)
    left = min(max(longest * _LETTER + 12, 40), width // 3)
    frame = Frame(left=left, right=frame.right, top=frame.top, bottom=frame.bottom)
    ticks = [(tick, text) for text, tick in labels.items()]
    return Plot(frame=frame, since=times[0], until=times[1], low=low, high=high), ticks


def _scale(shown: ReadingChart) -> tuple[float, float]:
    """From the lowest to the highest value and bound, without what would flatten the rest."""
    if not shown.points:
        return scale([bound for bound in (shown.warning, shown.critical) if bound is not None] or [0.0, 1.0])
    means = [point.mean for point in shown.points]
    top, bottom = max(means), min(means)
    highest, lowest = max(point.high for point in shown.points), min(point.low for point in shown.points)
    near = top * _PEAK if top > 0 else highest
    values = [top, bottom, lowest, highest if highest <= near else top * 1.5]
    far = max(abs(value) for value in values) * _FAR
    bounds = [at for at in (shown.warning, shown.critical) if at is not None]
    low, high = scale([*values, *(at for at in bounds if abs(at) <= far or not far)])
    if shown.unit is Unit.RATIO and bottom >= 0 and highest <= 1:
        return low, min(high, 1.04)
    return low, high


def _unseen_bounds(shown: ReadingChart, plot: Plot) -> tuple[list[str], list[str]]:
    """The bounds above and below the scale, in words."""
    bounds = [("warning", shown.warning), ("critical", shown.critical)]
    named = [(f"{name} {format_value(at, shown.unit)}", at) for name, at in bounds if at is not None]
    above = [text for text, at in named if at > plot.high]
    return above, [text for text, at in named if at < plot.low]


def _beyond(shown: ReadingChart, above: list[str], below: list[str], plot: Plot) -> dict[str, Any] | None:
    """The words about bounds that are not on the scale; there are some on one side at most, for bounds have one direction."""
    if above and shown.direction is Direction.ABOVE:
        return {"y": plot.frame.top + 12, "text": f"far above: {', '.join(above)}"}
    if found := [*above, *below]:
        return {"y": plot.frame.bottom - 6, "text": f"far from here: {', '.join(found)}"}
    return None


def _bounds(shown: ReadingChart, plot: Plot, theme: Palette) -> Iterator[dict[str, Any]]:
    found = (("warning", shown.warning), ("critical", shown.critical))
    seen = [(name, at) for name, at in found if at is not None and plot.holds(at)]
    ys = [plot.y(at) for _, at in seen]
    close = len(ys) == 2 and abs(ys[0] - ys[1]) < 15  # pixels: two labels would lie upon each other
    for n, (name, at) in enumerate(seen):
        under = (close and ys[n] == max(ys) and n == ys.index(max(ys))) or ys[n] < plot.frame.top + 14
        yield {
            "name": name,
            "colour": getattr(theme, name),
            "ink": getattr(theme, f"{name}_ink"),
            "y": _short(ys[n]),
            "text": f"{name} {format_value(at, shown.unit)}",
            "text_y": _short(ys[n] + (14 if under else -5)),
        }


def _spans(marks: Iterable[Mark], plot: Plot, theme: Palette) -> Iterator[dict[str, Any]]:
    """What happened meanwhile, over the whole height; a short one is wide enough to be seen. Windows lie below incidents."""
    for mark in sorted(marks, key=lambda one: _ORDER.get(one.kind, len(_ORDER))):
        name = (
            _MARK_COLOURS.get(mark.severity or Severity.CRITICAL, "unknown") if mark.kind == "incident" else mark.kind
        )
        left, end = min(plot.x(mark.since), plot.frame.right - 2), mark.until or plot.until
        yield {
            "name": name,
            "colour": getattr(theme, name),
            "opacity": 0.13,
            "x": _short(left),
            "width": _short(max(plot.x(end) - left, 2.0)),
            "title": _mark_title(mark),
        }


def _begun(marks: Iterable[Mark], plot: Plot, theme: Palette) -> Iterator[dict[str, Any]]:
    """Lines where deployments began, each with its version where the one before leaves room for it."""
    free = plot.frame.left
    for mark in sorted(marks, key=lambda one: one.since):
        if mark.kind != "deployment" or mark.since < plot.since:
            continue
        x, text = plot.x(mark.since), _shortened(mark.title)
        room = len(text) * _LETTER + 10
        before = x + room > plot.frame.right
        fits = x - room >= free if before else x >= free
        free = x + (0 if before else room) if fits else free
        yield {
            "x": _short(x),
            "text": text if fits else "",
            "text_x": _short(x - 5 if before else x + 5),
            "anchor": "end" if before else "start",
            "colour": theme.deployment,
            "ink": theme.deployment_ink,
        }


def _shortened(version: str) -> str:
    return version if len(version) <= _LONGEST_LABEL else f"{version[: _LONGEST_LABEL - 1]}…"


def _deployed_in_words(marks: Iterable[Mark]) -> str:
    """For who reads by ear: `; deployments: 2.4.1 at 2026-11-22 11:40 UTC`."""
    said = [f"{mark.title} at {_moment(mark.since)} UTC" for mark in marks if mark.kind == "deployment"]
    return f"; deployments: {', '.join(said)}" if said else ""


def _mark_title(mark: Mark) -> str:
    what = f"{mark.kind} {number}" if (number := mark.incident or mark.deployment) else mark.kind
    until = f" to {_moment(mark.until)}" if mark.until else ", goes on"
    return f"{what}: {mark.title} ({_moment(mark.since)}{until} UTC)"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _paths(points: Sequence[Mean], plot: Plot, gap: timedelta) -> tuple[str, str]:
    """The lines, and the dots of points that stand alone."""
    lines = list(plot.lines(((point.at, point.mean) for point in points), gap))
    joined = "".join(_path(line) for line in lines if len(line) > 1)
    return joined, "".join(f"{_path(line)}h0" for line in lines if len(line) == 1)


def _bands(points: Sequence[Mean], plot: Plot, gap: timedelta) -> Iterator[str]:
    """From the lowest to the highest value of each step, where they differ."""
    by_time = {point.at: point for point in points}
    for line in unbroken(((point.at, point.mean) for point in points), gap):
        stretch = [by_time[at] for at, _ in line]
        if len(stretch) > 1 and any(point.high > point.low for point in stretch):
            upper = [Dot(plot.x(point.at), plot.y(point.high)) for point in stretch]
            lower = [Dot(plot.x(point.at), plot.y(point.low)) for point in reversed(stretch)]
            yield _path([*upper, *lower]) + "z"


def _peaks(shown: ReadingChart, plot: Plot) -> Iterator[dict[str, Any]]:
    """The highest of the single values that are not on the scale."""
    high = [point for point in shown.points if point.high > plot.high]
    for point in sorted(high, key=lambda one: -one.high)[:_MOST_PEAKS]:
        yield {
            "x": _short(plot.x(point.at)),
            "title": f"up to {format_value(point.high, shown.unit)} at {_moment(point.at)} UTC",
        }


def _time(plot: Plot, tick: Tick) -> dict[str, Any]:
    return {"x": _short(plot.x(tick.at)), "text": tick.text, "anchor": "middle"}


def _fits(label: dict[str, Any], plot: Plot) -> bool:
    """Whether a label of the time axis lies inside the picture."""
    half = len(label["text"]) * _LETTER / 2
    return bool(plot.frame.left <= label["x"] <= plot.frame.right + 12 - half)


def _path(line: Sequence[Dot]) -> str:
    return "M" + " ".join(f"{_short(dot.x):g} {_short(dot.y):g}" for dot in line)


def _short(value: float) -> float:
    return round(value, 1)
