"""The drawings of a report: a strip for each check, the worst of them in one picture for a mail, and how readings went."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import Measure
from sentinel.core.rule import Bounds, Direction
from sentinel.reports.check import Mark, Mean, ReadingChart
from sentinel.reports.course import CourseLine
from sentinel.reports.deployment import DeploymentDocument
from sentinel.reports.documents import CheckReport, DeploymentLine
from sentinel.reports.drawing import LIGHT, chart, chart_in_words, strip, strip_in_words
from sentinel.reports.forms.layout import Figure
from sentinel.reports.forms.page import template
from sentinel.reports.forms.words import Zone, per_cent
from sentinel.reports.report import ReportDocument
from sentinel.reports.strips import Cell, Strip

#: Checks whose reading is drawn, and whose strips a mail shows: the worst.
MOST_CHARTS: Final = 6
MOST_STRIPS: Final = 12

#: Fewer values than this are told better by words.
_FEWEST: Final = 3

#: Pixels. A mail is 632 wide; the drawings of a page and a PDF stand in two columns.
_WIDTH, _LEFT, _RIGHT, _ROW = 632, 210, 568, 24
_CHART: Final = (520, 200)
_NAME: Final = 30  # characters


def strips(document: ReportDocument) -> Mapping[str, str]:
    """How each check stood, step by step, by its name."""
    return {line.check: strip(_strip(line)) for line in document.course}


def _strip(line: CourseLine) -> Strip:
    cells = tuple(Cell(up=one.up, degraded=one.degraded, down=one.down, unknown=one.unknown) for one in line.steps)
    return Strip(since=line.steps[0].at, step=line.step, cells=cells)


def uptime(document: ReportDocument, when: Zone) -> Figure | None:
    """The strips of the worst checks in one picture; None without any."""
    shares = {check.name: per_cent(check.uptime) for check in document.checks}
    told = document.course[:MOST_STRIPS]
    if not told:
        return None
    rows = [_row(n, line, shares.get(line.check, "")) for n, line in enumerate(told)]
    words = "; ".join(f"{line.title}: {strip_in_words(_strip(line))}" for line in told)
    svg = template("uptime.svg").render(
        width=_WIDTH,
        height=len(rows) * _ROW + 20,
        left=_LEFT,
        right=_RIGHT,
        rows=rows,
        words=words,
        colours=LIGHT,
        since=when.short(document.since),
        until=when.short(document.until),
    )
    return Figure(
        name="uptime", svg=svg, words=words, caption=_caption(len(told), len(document.checks)), only_mail=True
    )


def _row(n: int, line: CourseLine, share: str) -> dict[str, object]:
    name = line.title if len(line.title) <= _NAME else f"{line.title[: _NAME - 1]}…"
    across = round((_RIGHT - _LEFT) / (len(line.steps) * 4), 4)  # `drawing.strip` is four wide for a step and 24 high
    return {
        "y": n * _ROW + 2,
        "name": name,
        "uptime": share,
        "strip": strip(_strip(line)),
        "across": across,
        "down": 0.6,
    }


def _caption(shown: int, checks: int) -> str:
    return f"The {shown} worst of {checks} checks" if shown < checks else ""


def readings(document: ReportDocument) -> tuple[Figure, ...]:
    """How the readings of the worst checks went: those first that miss their targets, or of a deployment what was compared."""
    courses = {line.check: line for line in document.course}
    most = _most_telling(document.checks) if document.deployment is None else _compared(document, document.deployment)
    told = [check for check in most if check.name in courses]
    drawn = (_reading(document, check, courses[check.name]) for check in told)
    found = [figure for figure in drawn if figure is not None][:MOST_CHARTS]
    return tuple(
        Figure(name=f"reading-{n}", svg=one.svg, words=one.words, caption=one.caption, in_mail=n == 1)
        for n, one in enumerate(found, 1)
    )


def _most_telling(checks: Sequence[CheckReport]) -> Iterator[CheckReport]:
    """Checks with a reading: those first that are the farthest beyond its bound or the nearest to it."""
    measured = [check for check in checks if check.reading is not None and check.reading.value is not None]
    yield from sorted(measured, key=lambda check: (-_nearness(check), check.name))


def _compared(document: ReportDocument, part: DeploymentDocument) -> Iterator[CheckReport]:
    """Checks that measure a time, as they were compared last, the worst first: days of a certificate tell nothing of it."""
    times = [check for check in document.checks if check.reading is not None and check.reading.unit is Unit.SECONDS]
    last = part.judgements[-1].comparisons if part.judgements else ()
    order = {one.check: place for place, one in reversed(list(enumerate(last))) if one.measure is Measure.TIME}
    yield from sorted(times, key=lambda check: (order.get(check.name, len(last)), -_nearness(check), check.name))


def _nearness(check: CheckReport) -> float:
    """The p95 of the main reading as a share of its bound; 0 without a bound."""
    one = check.reading
    if one is None or one.value is None:
        return 0.0
    bound = one.warning if one.warning is not None else one.critical
    if not bound:
        return 0.0
    return one.value / bound if one.direction is Direction.ABOVE else bound / one.value if one.value else 0.0


def _reading(document: ReportDocument, check: CheckReport, line: CourseLine) -> Figure | None:
    points = tuple(
        Mean(at=one.at, mean=one.mean, low=one.mean, high=one.mean, count=1)
        for one in line.steps
        if one.mean is not None
    )
    if check.reading is None or len(points) < _FEWEST:
        return None
    bounds = Bounds(warning=check.reading.warning, critical=check.reading.critical, direction=check.reading.direction)
    shown = ReadingChart(
        reading=check.reading.name,
        unit=check.reading.unit,
        step=line.step,
        points=points,
        warning=bounds.warning,
        critical=bounds.critical,
        direction=bounds.direction,
    )
    svg = chart(shown, _marks(document, check.name), *_CHART, since=document.since, until=document.until)
    name = check.reading.name.replace("_", " ")
    return Figure(
        name="", svg=svg, words=f"{check.title}: {chart_in_words(shown)}", caption=f"{check.title}: {name}, mean"
    )


def _marks(document: ReportDocument, name: str) -> list[Mark]:
    lines = [document.deployment.line] if document.deployment is not None else []
    lines += [one.line for one in document.releases.lines if name in one.checks] if document.releases else []
    return [_deployed(line) for line in lines] + [
        Mark(
            kind="incident",
            title=one.line.check,
            since=one.line.opened_at or one.line.began_at,
            until=one.line.resolved_at,
            severity=one.line.severity,
            incident=one.line.id,
        )
        for one in document.incidents
        if one.line.check == name
    ]


def _deployed(line: DeploymentLine) -> Mark:
    return Mark(
        kind="deployment",
        title=line.version or line.system,
        since=line.started_at,
        until=line.ended_at,
        deployment=line.id,
    )
