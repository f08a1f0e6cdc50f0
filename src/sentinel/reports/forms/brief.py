"""A report in brief, as text: for a mail's text part and for a terminal."""

from collections.abc import Iterator

from sentinel.base.units import format_duration
from sentinel.core.rule import Severity
from sentinel.reports.documents import HeldLine, IncidentReport, SilenceLine
from sentinel.reports.forms.edition import Edition
from sentinel.reports.forms.laying import FIRST, called, lay_out, span, verdict
from sentinel.reports.forms.words import Zone, counted
from sentinel.reports.report import ReportDocument
from sentinel.reports.text import share

#: The text names at most so many checks and incidents; the page has all of them.
MOST_LINES = 20


def text(document: ReportDocument, edition: Edition = FIRST) -> str:
    """The report in brief."""
    return "\n".join(_text_lines(document, edition)) + "\n"


def _text_lines(document: ReportDocument, edition: Edition) -> Iterator[str]:
    when = Zone(document.zone)
    about_one = document.deployment is not None or document.deployment_review is not None
    whose = f"({document.source})" if about_one else f"of {document.source}"
    yield f"{called(document)} {whose}: {verdict(document)}"
    yield span(document, when)
    if edition.words:
        yield edition.words + "."
    yield from _parts(document)
    if not about_one:
        yield from _figures(document, when)


def _figures(document: ReportDocument, when: Zone) -> Iterator[str]:
    """The figures of the whole, the checks that missed a target, the incidents, and what was quiet."""
    yield ""
    target = share(document.uptime_warning)
    yield f"Uptime {_share(document.uptime)} (target {target}), {document.failures} of {document.samples} results failed."
    yield (
        f"{counted(document.opened, 'incident')} opened, {counted(document.notifications, 'message')} about incidents. "
        f"Summed over all checks: {format_duration(document.downtime)} down, "
        f"{format_duration(document.unknown)} unknown or not watched."
    )
    yield from _missed(document)
    yield from _incidents(document, when)
    yield from _quiet(document, when)
    yield ""
    yield document.formula + "."


def _parts(document: ReportDocument) -> Iterator[str]:
    """What each section says in brief."""
    said = [line for section in lay_out(document).sections for line in section.brief]
    if said:
        yield ""
        yield from said


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


def _incidents(document: ReportDocument, when: Zone) -> Iterator[str]:
    if not document.incidents:
        return
    yield ""
    yield "Incidents:"
    for incident in document.incidents[:MOST_LINES]:
        yield f"  #{incident.line.id} {incident.line.severity.label} {incident.line.check}: {_course(incident, when)}"
    if len(document.incidents) > MOST_LINES:
        yield f"  and {len(document.incidents) - MOST_LINES} more"


def _quiet(document: ReportDocument, when: Zone) -> Iterator[str]:
    """Times in which trouble was expected or muted, with who wanted it so and why."""
    windows = [f"  {held.title}, {held.covers}: {_spell(held, when)}" for held in document.windows]
    silences = [f"  silence {one.id}, {one.covers}: {_spell(one, when)}{_long(one)}" for one in document.silences]
    if windows or silences:
        yield ""
        yield "Expected or silenced:"
        yield from (windows + silences)[:MOST_LINES]
    if len(windows) + len(silences) > MOST_LINES:
        yield f"  and {len(windows) + len(silences) - MOST_LINES} more"


def _spell(one: HeldLine | SilenceLine, when: Zone) -> str:
    if isinstance(one, HeldLine) and one.called_off:
        return f"called off by {one.ended_by}"
    by = f", by {one.by}" if one.by else ""
    ended = f", ended by {one.ended_by}" if one.ended_by else ""
    return f"{when(one.starts_at)} to {when(one.ends_at)}{by}{f': {one.why}' if one.why else ''}{ended}"


def _long(silence: SilenceLine) -> str:
    return ", for more than a week: forgotten?" if silence.long else ""


def _course(incident: IncidentReport, when: Zone) -> str:
    state = "lasted" if incident.line.resolved_at else "still open after"
    taken = "not acknowledged"
    if incident.acknowledged_after is not None:
        taken = f"acknowledged by {incident.acknowledged_by} after {format_duration(incident.acknowledged_after)}"
    opened = when(incident.line.opened_at or incident.line.began_at)
    return f"{opened}, {state} {format_duration(incident.duration)}, {taken}"


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else share(ratio)
