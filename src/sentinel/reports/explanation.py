"""Why a check is as it is, and why people were told or not: the document behind `sentinel explain`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentinel.core.explain import counters, outlook, sights, suppressed
from sentinel.core.history import History
from sentinel.core.incident import Around
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.reports import incident as incidents
from sentinel.reports.documents import Document
from sentinel.reports.incident import IncidentDocument
from sentinel.reports.text import Look, clean, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """What one rule sees."""

    reason: str
    severity: Severity
    text: str
    asleep: str  # the calendar that keeps it quiet now


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The run that everything goes by."""

    at: datetime
    outcome: str
    failure: str
    explanation: str
    extra: bool  # a faster recheck


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationDocument(Document):
    """Everything that decides about one check now, and about one incident of it."""

    at: datetime
    check: str
    title: str
    severity: Severity
    since: datetime | None  # since when it has that severity
    last: LastRun | None
    rules: tuple[RuleLine, ...]
    counters: tuple[str, ...]
    suppressed: tuple[str, ...]
    outlook: tuple[str, ...]
    incident: IncidentDocument | None


def build(
    history: History | None,
    around: Around,
    incident: IncidentDocument | None,
    name: str,
    now: datetime,
    silences: Iterable[Silence] = (),
) -> ExplanationDocument:
    """The document.

    Args:
        history: of the check; None when the plan has it no more.
        around: what holds around the check now.
        incident: the one that was asked for, or the check's open one.
        name: of the check.
        now: aware.
        silences: that there are.
    """
    if history is None:
        return ExplanationDocument(
            at=now,
            check=name,
            title=incident.title if incident else name,
            severity=Severity.UNKNOWN,
            since=None,
            last=None,
            rules=(),
            counters=("the configuration has this check no more",),
            suppressed=(),
            outlook=(),
            incident=incident,
        )
    about_now = history.incident is not None and (incident is None or incident.line.id == history.incident.id)
    return ExplanationDocument(
        at=now,
        check=name,
        title=history.check.label,
        severity=history.verdict.severity if history.last else Severity.UNKNOWN,
        since=history.since,
        last=_last(history),
        rules=tuple(
            RuleLine(reason=one.reason.value, severity=one.severity, text=one.text, asleep=one.asleep)
            for one in sights(history, now)
        ),
        counters=counters(history),
        suppressed=suppressed(history, around, now, silences),
        outlook=outlook(history.incident, now) if about_now and history.incident is not None else (),
        incident=incident,
    )


def _last(history: History) -> LastRun | None:
    last = history.last
    if last is None:
        return None
    measured = last.measurement
    return LastRun(
        at=last.finished_at,
        outcome=last.outcome.value,
        failure=measured.failure.value if measured.failure else "",
        explanation=measured.explanation,
        extra=last.extra,
    )


# --- As text ----------------------------------------------------------------------------------------------------------

Json = dict[str, Any]


def as_text(document: Json, look: Look) -> str:
    """The document's JSON form for a terminal; times in UTC."""
    return "\n".join(_lines(document, look)) + "\n"


def _lines(document: Json, look: Look) -> Iterator[str]:
    since = f" since {moment(document['since']):%Y-%m-%d %H:%M:%S} UTC" if document["since"] else ""
    yield look.bold(f"{clean(document['title'])} ({clean(document['check'])})")
    yield f"  {look.severity(document['severity'])}{since}"
    if last := document["last"]:
        kind = "recheck" if last["extra"] else "run"
        yield f"  last {kind} {moment(last['at']):%H:%M:%S}: {last['outcome']} {last['failure']}".rstrip()
    else:
        yield "  no run yet"
    if document["rules"]:
        yield from ("", look.bold("What each rule sees"))
        for rule in document["rules"]:
            yield from _rule(rule, look)
    yield from _part("Counters", document["counters"], look)
    yield from _part("What keeps people from being told", document["suppressed"] or ("nothing",), look)
    yield from _part("What comes next", document["outlook"], look)
    if document["incident"]:
        yield ""
        yield incidents.as_text(document["incident"], look).rstrip("\n")


def _rule(rule: Json, look: Look) -> Iterator[str]:
    asleep = f" (quiet now: calendar {clean(rule['asleep'])} does not cover the hour)" if rule["asleep"] else ""
    first, *more = look.paragraph(f"{rule['reason'].replace('_', ' ')}: {rule['text']}{asleep}", 12) or [""]
    yield f"  {look.severity(rule['severity'], 8)}  {first.strip()}"
    yield from more


def _part(title: str, sentences: Iterable[str], look: Look) -> Iterator[str]:
    sentences = list(sentences)
    if sentences:
        yield from ("", look.bold(title))
        for sentence in sentences:
            yield from look.paragraph(sentence, 2)
