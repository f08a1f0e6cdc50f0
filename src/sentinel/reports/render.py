"""A report as a page, as JSON and as the text of a mail, and its files in the reports folder."""

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.rule import Severity
from sentinel.reports.documents import CheckReport, HeldLine, IncidentReport, ReadingLine, SilenceLine
from sentinel.reports.report import ReportDocument
from sentinel.reports.text import share

if TYPE_CHECKING:
    from jinja2 import Template

#: The text names at most so many checks and incidents; the page has all of them.
MOST_LINES = 20


def html(document: ReportDocument) -> str:
    """The report as one page that needs nothing beside itself: it can be mailed, printed and kept."""
    return _template().render(report=document, when=_Zone(document.zone))


def as_json(document: ReportDocument) -> str:
    """The report for programs."""
    return json.dumps(document.to_json(), indent=1, ensure_ascii=False) + "\n"


def text(document: ReportDocument) -> str:
    """The report in brief, for the text part of a mail and for a terminal."""
    return "\n".join(_text_lines(document)) + "\n"


def write(document: ReportDocument, folder: Path) -> tuple[Path, Path]:
    """Put the page and the JSON into the folder, each whole or not at all; answers their paths, the page first.

    Writing the same report again replaces it.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / re.sub(r"[^\w.-]+", "-", f"{document.name}-{document.period}")
    page, data = stem.with_name(stem.name + ".html"), stem.with_name(stem.name + ".json")
    _replace(data, as_json(document))
    _replace(page, html(document))
    return page, data


def _replace(path: Path, content: str) -> None:
    """Write beside, then rename: who reads meanwhile, or after a crash, sees the old file or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class _Zone:
    """Writes times in the report's zone."""

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)

    def __call__(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M %Z}" if moment else ""


@cache
def _template() -> "Template":
    # Only a process that writes a report pays for the import.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("sentinel.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": lambda ratio: _tied(_share(ratio)),
        "duration": format_duration,
        "value": _value,
        "part": _part,
        "tied": _tied,
    }
    return environment.get_template("report.html")


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else share(ratio)


def _tied(words: str) -> str:
    """No line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=[^\d\s])", "\N{NO-BREAK SPACE}", words)


def _value(value: float | None, reading: ReadingLine | None) -> str:
    return "-" if value is None else format_value(value, reading.unit if reading else Unit.NONE)


def _part(check: CheckReport, standing: str) -> float:
    """Per cent of the period that a check spent so."""
    whole = check.up + check.degraded + check.down + check.unknown
    spent: timedelta = getattr(check, standing)
    return round(100 * (spent / whole), 3) if whole else 0.0


def _text_lines(document: ReportDocument) -> Iterator[str]:
    when = _Zone(document.zone)
    yield f"{document.name} report of {document.source}: {document.overall.label}"
    yield f"{when(document.since)} to {when(document.until)}"
    yield ""
    target = share(document.uptime_warning)
    yield f"Uptime {_share(document.uptime)} (target {target}), {document.failures} of {document.samples} results failed."
    yield (
        f"{document.opened} incidents opened, {format_duration(document.downtime)} down, "
        f"{format_duration(document.unknown)} unknown or not watched, {document.notifications} messages about incidents."
    )
    yield from _missed(document)
    yield from _incidents(document, when)
    yield from _quiet(document, when)
    yield ""
    yield document.formula + "."


def _missed(document: ReportDocument) -> Iterator[str]:
    missed = [check for check in document.checks if check.missed]
    unjudged = [check for check in document.checks if check.severity is Severity.UNKNOWN]
    kept = len(document.checks) - len(missed) - len(unjudged)
    yield ""
    found = f"{len(missed)} missed one, {len(unjudged)} were not judged"
    yield f"{kept} of {len(document.checks)} checks kept their targets, {found}."
    for check in missed[:MOST_LINES]:
        yield f"  {check.severity.label:8}  {check.name}: {'; '.join(check.missed)}"
    if len(missed) > MOST_LINES:
        yield f"  and {len(missed) - MOST_LINES} more"


def _incidents(document: ReportDocument, when: _Zone) -> Iterator[str]:
    if not document.incidents:
        return
    yield ""
    yield "Incidents:"
    for incident in document.incidents[:MOST_LINES]:
        yield f"  #{incident.line.id} {incident.line.severity.label} {incident.line.check}: {_course(incident, when)}"
    if len(document.incidents) > MOST_LINES:
        yield f"  and {len(document.incidents) - MOST_LINES} more"


def _quiet(document: ReportDocument, when: _Zone) -> Iterator[str]:
    """Times in which trouble was expected or muted, with who wanted it so and why."""
    windows = [f"  {held.title}, {held.covers}: {_spell(held, when)}" for held in document.windows]
    silences = [f"  silence {one.id}, {one.covers}: {_spell(one, when)}{_long(one)}" for one in document.silences]
    if windows or silences:
        yield ""
        yield "Expected or silenced:"
        yield from (windows + silences)[:MOST_LINES]
    if len(windows) + len(silences) > MOST_LINES:
        yield f"  and {len(windows) + len(silences) - MOST_LINES} more"


def _spell(one: HeldLine | SilenceLine, when: _Zone) -> str:
    if isinstance(one, HeldLine) and one.called_off:
        return f"called off by {one.ended_by}"
    by = f", by {one.by}" if one.by else ""
    ended = f", ended by {one.ended_by}" if one.ended_by else ""
    return f"{when(one.starts_at)} to {when(one.ends_at)}{by}{f': {one.why}' if one.why else ''}{ended}"


def _long(silence: SilenceLine) -> str:
    return ", for more than a week: forgotten?" if silence.long else ""


def _course(incident: IncidentReport, when: _Zone) -> str:
    state = "lasted" if incident.line.resolved_at else "still open after"
    taken = "not acknowledged"
    if incident.acknowledged_after is not None:
        taken = f"acknowledged by {incident.acknowledged_by} after {format_duration(incident.acknowledged_after)}"
    opened = when(incident.line.opened_at or incident.line.began_at)
    return f"{opened}, {state} {format_duration(incident.duration)}, {taken}"
