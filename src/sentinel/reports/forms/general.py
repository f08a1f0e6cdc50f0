"""The parts that every report has: its head, the checks against their targets, the incidents, what was expected or silenced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sentinel.base.units import Unit
from sentinel.core.rule import Direction
from sentinel.reports.documents import CheckReport, HeldLine, IncidentReport, SilenceLine
from sentinel.reports.forms.drawn import readings, strips, uptime
from sentinel.reports.forms.layout import Bar, Cell, Column, Figure, Line, Section, Table, Tile
from sentinel.reports.forms.words import (
    NOTHING,
    Zone,
    amount,
    bounds,
    counted,
    lasted,
    measured_as,
    per_cent,
    tied,
)
from sentinel.reports.operations import IncidentTimes
from sentinel.reports.report import ReportDocument


def tiles(document: ReportDocument) -> tuple[Tile, ...]:
    """The figures of the whole."""
    return (
        Tile(
            value=per_cent(document.uptime),
            label=f"uptime, target {per_cent(document.uptime_warning)}",
            tone=_uptime_tone(document),
        ),
        Tile(value=amount(document.opened), label="incidents opened"),
        Tile(value=lasted(document.downtime), label="down, summed over all checks"),
        Tile(value=lasted(document.unknown), label="unknown or not watched, summed over all checks"),
        Tile(value=amount(document.failures), label=f"of {amount(document.samples)} results failed"),
        Tile(value=amount(document.notifications), label="messages about incidents"),
    )


def _uptime_tone(document: ReportDocument) -> str:
    if document.uptime is None or document.uptime >= document.uptime_warning:
        return ""
    return "WARNING" if document.uptime >= document.uptime_critical else "CRITICAL"


@dataclass(frozen=True, slots=True)
class _Before:
    """Figures of a check over the period before; None: nothing is known of it."""

    uptime: float | None = None
    p95: float | None = None


def _earlier(document: ReportDocument) -> Mapping[str, _Before]:
    """What is known of the period before, by check."""
    if document.operations is None:
        return {}
    p95 = {line.check: line.before for line in document.operations.quantiles}
    return {line.name: _Before(line.before, p95.get(line.name)) for line in document.operations.checks}


def checks(document: ReportDocument, when: Zone) -> Section:
    """Every check beside its targets, the worst first."""
    columns = (
        Column(heading=""),
        Column(heading="Check", weight=3),
        Column(heading="Uptime", weight=2),
        Column(heading="Error rate", number=True, in_mail=False),
        Column(heading="p50", number=True, in_mail=False),
        Column(heading="p95", number=True),
        Column(heading="p99", number=True, in_mail=False),
        Column(heading="Results", number=True, in_mail=False),
        Column(heading="Incidents", number=True, in_mail=False),
    )
    earlier, drawn = _earlier(document), strips(document)
    rows = tuple(
        _check(check, earlier.get(check.name, _Before()), drawn.get(check.name, "")) for check in document.checks
    )
    picture = uptime(document, when)
    before = ("Before: in as long a time before this period, where it was another figure.",) if earlier else ()
    return Section(
        heading="Checks against their targets",
        table=Table(columns=columns, rows=rows, empty="No checks are configured."),
        has_bars=True,
        figures=(picture,) if picture else (),
        notes=("Two bounds: target / critical.", *before),
        in_mail=True,
    )


def _check(check: CheckReport, before: _Before, strip: str) -> tuple[Cell, ...]:
    known = f"{check.name} · {check.kind}" if check.title != check.name else check.kind
    missed = tuple(Line(text=tied(text), tone=check.severity.label) for text in check.missed)
    reading = check.reading
    share, p95 = per_cent(check.uptime), measured_as(check.p95, reading)
    named = (Line(text=reading.name.replace("_", " ")),) if reading else ()
    return (
        Cell(badge=check.severity.label),
        Cell(text=check.title, strong=True, below=(Line(text=known), *missed)),
        Cell(text=share, bar=_bar(check), strip=strip, below=(*_spent(check), *_was(per_cent(before.uptime), share))),
        Cell(text=per_cent(check.error_rate), below=_lines(_error_bounds(check))),
        Cell(text=measured_as(check.p50, reading), below=named),
        Cell(text=p95, below=(*_lines(_reading_bounds(check)), *_was(measured_as(before.p95, reading), p95))),
        Cell(text=measured_as(check.p99, reading)),
        Cell(text=amount(check.samples), below=_lines(f"{amount(check.failures)} failed" if check.failures else "")),
        Cell(text=amount(check.incidents)),
    )


def _was(value: str, now: str) -> tuple[Line, ...]:
    """What a figure was before, where that is another one."""
    return () if value in (NOTHING, now) else (Line(text=f"{value} before"),)


def _lines(text: str) -> tuple[Line, ...]:
    return (Line(text=text),) if text else ()


def _error_bounds(check: CheckReport) -> str:
    return bounds(check.error_rate_warning, check.error_rate_critical, Unit.RATIO)


def _reading_bounds(check: CheckReport) -> str:
    one = check.reading
    return bounds(one.warning, one.critical, one.unit, one.direction is Direction.ABOVE) if one else ""


def _spent(check: CheckReport) -> Iterator[Line]:
    for time, words in (
        (check.down, "down"),
        (check.degraded, "degraded"),
        (check.unknown, "unknown or not watched"),
        (check.planned, "in windows, kept apart"),
    ):
        if time:
            yield Line(text=f"{lasted(time)} {words}")


def _bar(check: CheckReport) -> Bar:
    whole = check.up + check.degraded + check.down + check.unknown

    def part(time: timedelta) -> float:
        return round(100 * (time / whole), 3) if whole else 0.0

    words = ", ".join(
        f"{said} {lasted(time)}"
        for said, time in (
            ("up", check.up),
            ("degraded", check.degraded),
            ("down", check.down),
            ("unknown or not watched", check.unknown),
        )
    )
    return Bar(
        up=part(check.up), degraded=part(check.degraded), down=part(check.down), gap=part(check.unknown), words=words
    )


def course(document: ReportDocument) -> Section | None:
    """How the readings went that say most; None without any."""
    drawn = figures(document)
    return Section(heading="How readings went", figures=drawn, in_mail=True) if drawn else None


def figures(document: ReportDocument) -> tuple[Figure, ...]:
    """The readings that say most, drawn."""
    return readings(document)


def incidents(document: ReportDocument, when: Zone) -> Section:
    """What was open in the period, the newest first."""
    columns = (
        Column(heading=""),
        Column(heading="Incident", weight=3),
        Column(heading="Opened"),
        Column(heading="Duration", number=True),
        Column(heading="Detected after", number=True, in_mail=False),
        Column(heading="Told after", number=True, in_mail=False),
        Column(heading="Acknowledged", weight=1.5, in_mail=False),
        Column(heading="Messages", number=True, in_mail=False),
    )
    times = {one.id: one for one in document.operations.incidents} if document.operations else {}
    rows = tuple(_incident(incident, times.get(incident.line.id), when) for incident in document.incidents)
    return Section(
        heading="Incidents",
        table=Table(columns=columns, rows=rows, empty="No incident was open in this period."),
        in_mail=True,
    )


def _incident(incident: IncidentReport, times: IncidentTimes | None, when: Zone) -> tuple[Cell, ...]:
    line = incident.line
    taken = Cell(text="nobody")
    if incident.acknowledged_after is not None:
        words = f"{incident.acknowledged_by} after {lasted(incident.acknowledged_after)}"
        taken = Cell(text=words, below=_lines(incident.acknowledged_why))
    told = Line(text=f"to {counted(incident.told, 'address', 'addresses')}")
    level = Line(text=f"level {line.level} of {line.levels}")
    return (
        Cell(badge=line.severity.label),
        Cell(text=f"#{line.id} {line.check}", strong=True, below=_lines(line.explanation)),
        Cell(text=when.short(line.opened_at or line.began_at)),
        Cell(text=lasted(incident.duration), below=_lines("resolved" if line.resolved_at else "still open")),
        Cell(text=lasted(times.detect if times else None)),
        Cell(text=lasted(times.tell if times else None)),
        taken,
        Cell(text=amount(incident.notifications), below=(told, level) if incident.told else ()),
    )


def quiet(document: ReportDocument, when: Zone) -> Section | None:
    """Windows and silences of the period; None without any."""
    rows = tuple(_held(held, when) for held in document.windows)
    rows += tuple(_silence(silence, when) for silence in document.silences)
    if not rows:
        return None
    columns = (
        Column(heading="What", weight=2),
        Column(heading="Checks", weight=2),
        Column(heading="From"),
        Column(heading="Until"),
        Column(heading="By"),
        Column(heading="Why", weight=2),
    )
    return Section(heading="Expected or silenced", table=Table(columns=columns, rows=rows))


def _held(held: HeldLine, when: Zone) -> tuple[Cell, ...]:
    expected = "down was expected" if held.expects_down else ""
    if expected and held.still_up:
        expected += f"; never down: {', '.join(held.still_up)}"
    until = "called off" if held.called_off else when.short(held.ends_at)
    return (
        Cell(text=held.title, strong=True, below=_lines(expected)),
        Cell(text=held.covers),
        Cell(text=when.short(held.starts_at)),
        Cell(text=until, below=_ended(held.ended_by)),
        Cell(text=held.by or "configuration"),
        Cell(text=held.why),
    )


def _silence(silence: SilenceLine, when: Zone) -> tuple[Cell, ...]:
    return (
        Cell(
            text=f"Silence {silence.id}",
            strong=True,
            below=_lines("for more than a week: forgotten?" if silence.long else ""),
        ),
        Cell(text=silence.covers),
        Cell(text=when.short(silence.starts_at)),
        Cell(text=when.short(silence.ends_at), below=_ended(silence.ended_by)),
        Cell(text=silence.by),
        Cell(text=silence.why),
    )


def _ended(by: str) -> tuple[Line, ...]:
    return _lines(f"ended by {by}" if by else "")
