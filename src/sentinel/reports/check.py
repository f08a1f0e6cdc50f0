"""One check: how its readings went over a time, beside their bounds, with what happened meanwhile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.holding import Held
from sentinel.core.incident import Incident
from sentinel.core.planned import Piece, without
from sentinel.core.result import FailureClass, Outcome, Result
from sentinel.core.rule import Bounds, Direction, Severity
from sentinel.core.slo import SPAN, Rollup, combined, stepped
from sentinel.core.window import expects
from sentinel.reports.documents import FORMAT, CheckLine, Document, IncidentLine, TakenReading
from sentinel.reports.explanation import ExplanationDocument
from sentinel.reports.quiet import NOTHING, Quiet
from sentinel.reports.status import CheckFacts, check_line, incident_line, rule_on
from sentinel.reports.strips import Strip, first_step, strip

#: Incidents that one page lists, the newest.
MOST_INCIDENTS: Final = 50

#: Results that one page lists, the newest.
MOST_RESULTS: Final = 50

#: Charts of one page; a host with a hundred disks has more readings than anybody looks at.
MOST_CHARTS: Final = 24

#: Of the shortest stretches every result is a point of its own, unless there are more than this.
MOST_RAW: Final = 400


class Stretch(Enum):
    """The times that a page can show."""

    HOUR = "1h"
    HOURS_6 = "6h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "1y"

    @property
    def length(self) -> timedelta:
        return _GRIDS[self].cell * _GRIDS[self].cells

    @property
    def step(self) -> timedelta:
        """Of its charts."""
        return _GRIDS[self].step

    def since(self, now: datetime) -> datetime:
        """When it begins: where a cell of its strip does, so that none but the last is shorter than the others."""
        return first_step(now, _GRIDS[self].cell, _GRIDS[self].cells)


class _Grid(NamedTuple):
    """How a stretch is divided. A cell of the strip is a whole number of steps of the charts."""

    step: timedelta
    cell: timedelta
    cells: int


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

_GRIDS: Mapping[Stretch, _Grid] = {
    Stretch.HOUR: _Grid(SPAN, SPAN, 12),
    Stretch.HOURS_6: _Grid(SPAN, SPAN, 72),
    Stretch.DAY: _Grid(SPAN, _HOUR / 2, 48),
    Stretch.WEEK: _Grid(_HOUR, 2 * _HOUR, 84),
    Stretch.MONTH: _Grid(_HOUR, 12 * _HOUR, 60),
    Stretch.QUARTER: _Grid(_DAY, _DAY, 90),
    Stretch.YEAR: _Grid(_DAY, 5 * _DAY, 73),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A reading over one step of a chart; a step without values is left out."""

    at: datetime  # its beginning
    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingChart:
    """One reading over the time, beside the bounds of the rule on it that hold now."""

    reading: str
    unit: Unit
    step: timedelta
    points: tuple[Mean, ...]
    warning: float | None = None
    critical: float | None = None
    direction: Direction = Direction.ABOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened meanwhile, to be drawn into the charts."""

    kind: str  # `incident`, `window` or `deployment`
    title: str
    since: datetime
    until: datetime | None  # None: it goes on
    severity: Severity | None = None  # of an incident
    incident: int | None = None
    deployment: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """How the main reading was distributed, at most 2 % off."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One result."""

    at: datetime  # when the run ended
    took: timedelta
    severity: Severity
    outcome: Outcome
    failure: FailureClass | None
    explanation: str
    hint: str
    readings: tuple[TakenReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument(Document):
    """What the page of a check shows."""

    format: int = FORMAT
    at: datetime
    line: CheckLine
    stretch: Stretch
    since: datetime
    until: datetime
    runbook: str
    policy: str
    group: str
    depends_on: tuple[str, ...]
    uptime: float | None  # over the stretch, by time, outside of windows
    up: timedelta
    degraded: timedelta
    down: timedelta
    unknown: timedelta  # what nobody could tell or watched
    planned: timedelta  # in windows; in none of the others
    error_rate: float | None
    quantiles: Quantiles
    before: Quantiles | None  # of the same length of time before; None where nothing is known of it
    strip: Strip
    charts: tuple[ReadingChart, ...]  # the main reading first
    marks: tuple[Mark, ...]
    incidents: tuple[IncidentLine, ...]  # that were open in the stretch, the newest first; at most 50
    explanation: ExplanationDocument | None
    results: tuple[ResultLine, ...]  # the last ones, the newest first
    store_problem: str  # why nothing of the past is here; empty: it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a store knows of one check. Whatever it could not say in time is empty."""

    day: Rollup | None = None  # the last 24 hours
    pieces: Sequence[Rollup] = ()  # of the stretch, the oldest first, none longer than a step; with sums of readings
    whole: Sequence[Rollup] = ()  # of the stretch, in pieces of any length; with the distribution
    before: Sequence[Rollup] = ()  # of the same length of time before, outside of windows
    planned: Sequence[Piece] = ()  # what windows take of the stretch
    taken: Rollup | None = None  # what the check did in them
    results: Sequence[tuple[Result, Severity]] = ()  # the last ones, the oldest first
    raw: Sequence[Result] = ()  # all of the stretch where each is to be a point, the oldest first
    incidents: Sequence[Incident] = ()  # that were open in the stretch, the newest first
    held: Sequence[Held] = ()  # occurrences of windows that were open in it
    deployments: Sequence[Deployment] = ()  # of its systems that went on in it


def wants_raw(check: Check, stretch: Stretch) -> bool:
    """Whether each result is a point of the charts."""
    return stretch in (Stretch.HOUR, Stretch.HOURS_6) and stretch.length / check.interval <= MOST_RAW


def build(
    one: CheckFacts,
    stretch: Stretch,
    past: Past,
    *,
    now: datetime,
    started_at: datetime | None,
    quiet: Quiet = NOTHING,
    explanation: ExplanationDocument | None = None,
    store_problem: str = "",
) -> CheckDocument:
    """The document of one check.

    Args:
        one: what is known of the check.
        stretch: that is shown, up to now.
        past: what the store knows of it.
        now: aware.
        started_at: when the daemon started.
        quiet: what keeps people from being told.
        explanation: why it is as it is.
        store_problem: why the past is not known.
    """
    check, since, span = one.check, stretch.since(now), [one.span] if one.span else []
    whole = _counted(check, stretch, past, [] if quiet.excuses(check, now) else span, since)
    planned = sum((min(one.stretch.until, now) - one.stretch.since for one in past.planned), timedelta(0))
    judged = timedelta(seconds=whole.up + whole.degraded + whole.down)
    grid = _GRIDS[stretch]
    return CheckDocument(
        at=now,
        line=check_line(replace(one, day=past.day), now, started_at, quiet),
        stretch=stretch,
        since=since,
        until=now,
        runbook=check.runbook,
        policy=check.policy,
        group=check.group,
        depends_on=_names(check.depends_on),
        uptime=whole.uptime,
        up=timedelta(seconds=whole.up),
        degraded=timedelta(seconds=whole.degraded),
        down=timedelta(seconds=whole.down),
        unknown=max(now - since - planned - judged - _unsaid(one, now), timedelta(0)),
        planned=planned,
        error_rate=whole.error_rate,
        quantiles=_quantiles(whole),
        before=_quantiles(combined(past.before)) if any(piece.samples for piece in past.before) else None,
        strip=strip([*past.pieces, *span], since, grid.cell, grid.cells),
        charts=tuple(_charts(check, stretch, past, span, now)),
        marks=tuple(_marks(check, past, now)),
        incidents=tuple(incident_line(incident, now, one, quiet) for incident in past.incidents[:MOST_INCIDENTS]),
        explanation=explanation,
        results=tuple(result_line(*judged) for judged in reversed(past.results[-MOST_RESULTS:])),
        store_problem=store_problem,
    )


def result_line(result: Result, severity: Severity) -> ResultLine:
    """One result with the severity of its verdict."""
    measured = result.measurement
    unknown = result.outcome is Outcome.UNKNOWN and severity is Severity.OK
    return ResultLine(
        at=result.finished_at,
        took=max(result.finished_at - result.scheduled_at, timedelta(0)),
        severity=Severity.UNKNOWN if unknown else severity,
        outcome=result.outcome,
        failure=measured.failure,
        explanation=measured.explanation,
        hint=measured.hint,
        readings=tuple(TakenReading(name=name, value=value, unit=unit) for name, value, unit in measured.readings),
    )


def _names(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Every name once, in order."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _unsaid(one: CheckFacts, now: datetime) -> timedelta:
    """The time since the last result, which the next one will speak for: of a check that runs once a day it is no gap."""
    return min(max(now - one.last.scheduled_at, timedelta(0)), one.check.interval) if one.last else timedelta(0)


def _counted(check: Check, stretch: Stretch, past: Past, span: Sequence[Rollup], since: datetime) -> Rollup:
    """What counts of a stretch: without what lies in windows, and with the span that is not over."""
    nothing = Rollup(check=check.name, start=since, span=stretch.length)
    known = combined(past.whole) if past.whole else nothing
    return combined([without(known, [past.taken]) if past.taken else known, *span])


def _quantiles(whole: Rollup) -> Quantiles:
    p50, p90, p95, p99 = (whole.quantile(q) for q in (0.5, 0.9, 0.95, 0.99))
    return Quantiles(p50=p50, p90=p90, p95=p95, p99=p99, samples=whole.counted)


def _charts(
    check: Check, stretch: Stretch, past: Past, span: Sequence[Rollup], now: datetime
) -> Iterator[ReadingChart]:
    """A chart per reading: the main one, then by name; where there are too many, those without a rule are left out first."""
    if past.raw:
        step, points = check.interval, _points_of(past.raw)
    else:
        step, points = stretch.step, _points(stepped([*past.pieces, *span], stretch.step))
    wanted = sorted(points, key=lambda name: (name != check.main, rule_on(check, name) is None, name))[:MOST_CHARTS]
    for name in sorted(wanted, key=lambda name: (name != check.main, name)):
        rule = rule_on(check, name, now)
        bounds = rule.bounds if rule else Bounds()
        unit, found = points[name]
        yield ReadingChart(
            reading=name,
            unit=unit,
            step=step,
            points=tuple(found),
            warning=bounds.warning,
            critical=bounds.critical,
            direction=bounds.direction,
        )


#: By reading: its unit, and the points of its chart.
_Points = dict[str, tuple[Unit, list[Mean]]]


def _points(steps: Iterable[Rollup]) -> _Points:
    found: _Points = {}
    for one in steps:
        for name, sums in one.readings.items():
            point = Mean(at=one.start, mean=sums.mean, low=sums.low, high=sums.high, count=sums.count)
            found.setdefault(name, (sums.unit, []))[1].append(point)
    return found


def _points_of(results: Iterable[Result]) -> _Points:
    found: _Points = {}
    for result in results:
        for name, value, unit in result.readings:
            point = Mean(at=result.finished_at, mean=value, low=value, high=value, count=1)
            found.setdefault(name, (unit, []))[1].append(point)
    return found


def _marks(check: Check, past: Past, now: datetime) -> Iterator[Mark]:
    """Incidents, windows and deployments, the earliest first."""
    opened = {one.window for one in past.deployments}  # their windows are parts of them
    found = (
        *_incident_marks(past.incidents),
        *_window_marks(check, [one for one in past.held if one.window not in opened], now),
        *deployment_marks(past.deployments),
    )
    yield from sorted(found, key=_begins)


def _begins(mark: Mark) -> datetime:
    return mark.since


def _incident_marks(incidents: Sequence[Incident]) -> Iterator[Mark]:
    for incident in incidents[:MOST_INCIDENTS]:
        yield Mark(
            kind="incident",
            title=incident.verdict.explanation,
            since=incident.began_at,
            until=incident.resolved_at,
            severity=incident.severity,
            incident=incident.id,
        )


def _window_marks(check: Check, held: Sequence[Held], now: datetime) -> Iterator[Mark]:
    for one in held:
        if expects(one.matcher, check) and not one.is_called_off:
            until = one.ends_at if one.ends_at <= now else None
            yield Mark(kind="window", title=one.title, since=one.starts_at, until=until)


def deployment_marks(deployments: Iterable[Deployment]) -> Iterator[Mark]:
    """Marks of deployments: each says its version, and where it lasts to."""
    for one in deployments:
        version = one.version or "rollback"
        yield Mark(kind="deployment", title=version, since=one.started_at, until=one.ended_at, deployment=one.id)
