"""One incident from beginning to end: what happened, who did what, who was told of it, and how each delivery ended."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sentinel.base.units import format_lasted
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.incident import EffectKind, Incident
from sentinel.core.notification import Notification
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.documents import Document, IncidentLine
from sentinel.reports.quiet import NOTHING, Quiet
from sentinel.reports.status import CheckFacts, incident_line
from sentinel.reports.text import Look, clean, columns, moment

#: What is said of things that happen, where their names do not say it.
_HAPPENED: Final = {
    EffectKind.PROGRESS.value: "told how it stands",
    EffectKind.LEFT.value: "well again, while others of the group are not",
}

#: How the timeline of an incident that is over ends.
_ENDS: Final = frozenset({EffectKind.RESOLVED.value, EffectKind.WITHDRAWN.value})


def happened(kind: str) -> str:
    """A kind of a line of the timeline in words."""
    return _HAPPENED.get(kind, kind.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One thing that happened."""

    at: datetime
    kind: str
    by: str  # a person's name; empty: Sentinel itself
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One message to one address."""

    at: datetime  # when it was written
    kind: str
    channel: str
    recipient: str
    state: str
    attempts: int
    reason: str  # why the last attempt failed; empty after a success


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectedDeployment:
    """A deployment that an incident may come of."""

    id: int
    system: str
    version: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDocument(Document):
    """One incident."""

    at: datetime
    line: IncidentLine
    title: str
    runbook: str
    with_it: tuple[str, ...]  # names of the checks that it speaks for
    timeline: tuple[TimelineLine, ...]
    deliveries: tuple[DeliveryLine, ...]
    suspect: SuspectedDeployment | None = None  # None: none


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of one incident."""

    incident: Incident
    timeline: Sequence[TimelineEntry] = ()
    rows: Sequence[Notification] = ()  # of its conversation
    with_it: tuple[str, ...] = ()
    suspect: Deployment | None = None


def build(record: Record, facts: CheckFacts | None, now: datetime, quiet: Quiet = NOTHING) -> IncidentDocument:
    """The document of an incident.

    Args:
        record: what the store and the memory have of it.
        facts: of its check now; None when the plan has it no more.
        now: aware.
        quiet: what keeps people from being told.
    """
    check = facts.check if facts else None
    return IncidentDocument(
        at=now,
        line=incident_line(record.incident, now, facts, quiet),
        title=check.label if check else record.incident.check,
        runbook=check.runbook if check else "",
        with_it=record.with_it,
        timeline=tuple(_lines_of(record)),
        deliveries=tuple(_deliveries(record.rows)),
        suspect=_suspected(record.suspect) if record.suspect else None,
    )


def _suspected(one: Deployment) -> SuspectedDeployment:
    return SuspectedDeployment(id=one.id, system=one.system, version=one.version, started_at=one.started_at)


def suspicion(version: str, number: int, started_at: datetime, began: datetime) -> str:
    """Which deployment an incident may come of: `deployment 12 (2.4.1), began 6 min before`."""
    before = format_lasted(max(began - started_at, timedelta(0)))
    return f"deployment {number}{f' ({version})' if version else ''}, began {before} before"


def _lines_of(record: Record) -> Iterator[TimelineLine]:
    """The timeline. Of one that left its group the others tell, and nothing was written of its end."""
    over, kinds = record.incident.resolved_at, {one.kind for one in record.timeline}
    for entry in record.timeline:
        yield TimelineLine(at=entry.at, kind=entry.kind, by=entry.by, text=entry.text)
    if over is not None and EffectKind.LEFT.value in kinds and kinds.isdisjoint(_ENDS):
        yield TimelineLine(at=over, kind=EffectKind.RESOLVED.value, by="", text="well again")


def _deliveries(rows: Iterable[Notification]) -> Iterator[DeliveryLine]:
    for row in rows:
        yield DeliveryLine(
            at=row.created_at,
            kind=row.message.kind.value,
            channel=row.address.channel,
            recipient=row.address.recipient,
            state=row.state.value,
            attempts=row.attempts,
            reason=row.reason,
        )


# --- As text ----------------------------------------------------------------------------------------------------------

Json = dict[str, Any]


def as_text(document: Json, look: Look) -> str:
    """The document's JSON form for a terminal; times in UTC."""
    return "\n".join(_lines(document, look)) + "\n"


def _lines(document: Json, look: Look) -> Iterator[str]:
    row = document["line"]
    began = moment(row["began_at"])
    yield look.bold(f"Incident {row['id']}: {clean(document['title'])}")
    yield f"  {look.severity(row['severity'], 8)}  {row['phase']}, from {began:%Y-%m-%d %H:%M:%S} UTC, {_lasted(row)}"
    yield from look.paragraph(row["explanation"], 12)
    if row["hint"]:
        yield from map(look.dim, look.paragraph(row["hint"], 12))
    if document["runbook"]:
        yield f"  Runbook: {clean(document['runbook'])}"
    if found := document.get("suspect"):
        yield f"  Suspect: {clean(suspicion(found['version'], found['id'], moment(found['started_at']), began))}"
    if row["assigned_to"]:
        yield f"  Assigned to {clean(row['assigned_to'])}"
    if document["with_it"]:
        yield f"  Told of with it: {', '.join(map(clean, document['with_it']))}"
    yield from ("", look.bold("Timeline"))
    yield from _indented(columns([("AT (UTC)", "AFTER", "WHAT", "BY", ""), *_timeline(document, began)], look))
    yield from ("", look.bold("Told"))
    if not document["deliveries"]:
        yield f"  nobody: {clean(row.get('quiet') or row['muted'])}" if row["muted"] else "  nobody"
        return
    yield from _indented(columns([("AT (UTC)", "WHAT", "CHANNEL", "TO", "HOW IT ENDED"), *_told(document)], look))


def _timeline(document: Json, began: datetime) -> Iterator[tuple[str, ...]]:
    for entry in document["timeline"]:
        at = moment(entry["at"])
        after = format_lasted(max(at - began, at - at))
        first, *more = map(clean, entry["text"].splitlines() or [""])
        yield f"{at:%m-%d %H:%M:%S}", after, happened(entry["kind"]), clean(entry["by"]), first
        yield from (("", "", "", "", line) for line in more)  # of what a command wrote


def _told(document: Json) -> Iterator[tuple[str, ...]]:
    for row in document["deliveries"]:
        tries = f" after {row['attempts']} attempts" if row["attempts"] > 1 else ""
        why = f": {row['reason']}" if row["reason"] else ""
        at, kind = f"{moment(row['at']):%m-%d %H:%M:%S}", row["kind"].replace("_", " ")
        yield at, kind, row["channel"], clean(row["recipient"]), f"{row['state']}{tries}{why}"


def _lasted(row: Json) -> str:
    lasted = format_lasted(row["age"])
    return f"lasted {lasted}" if row["resolved_at"] else f"for {lasted}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
