"""Looking back at one incident some time after its end (EM-9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sentinel.base.units import Unit, format_duration, write_duration
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.incident import Address, Incident
from sentinel.core.notification import AT_MOST_ONCE, Notification, State
from sentinel.core.planned import Stretch
from sentinel.core.rule import Bounds, Direction, Severity
from sentinel.core.slo import SPAN, Rollup
from sentinel.reports.alerts import times_of
from sentinel.reports.documents import IncidentReport
from sentinel.reports.past import Past
from sentinel.reports.review import Review, ReviewFigure, ReviewStep, ReviewTold
from sentinel.reports.rounding import rounded, rounded_share
from sentinel.reports.status import rule_on
from sentinel.reports.targets import uptime_bounds
from sentinel.reports.text import share

#: Steps of the timeline that a review shows; of more it leaves out those in the middle.
MOST_STEPS = 60

#: The shortest time before an incident that its figures are compared with.
LEAST_BEFORE = timedelta(hours=1)

#: Since the incident a figure is worse when it is worse than before by more than this share of it.
MUCH = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The three times that a review compares."""

    before: Stretch
    during: Stretch
    since: Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What a store knows of an incident and of what came after it."""

    past: Past  # the incident, its timeline and what was delivered, of the whole time
    rows: Sequence[Notification]  # that it caused
    before: Rollup | None  # of its check
    during: Rollup | None
    since: Rollup | None
    sent: Mapping[Address, datetime]  # when each address took the first message


def spans(incident: Incident, until: datetime) -> Span:
    """What is compared: as much time before it began as has passed since its end, and at least an hour.

    Args:
        incident: open or over.
        until: up to when is looked; the end of a time that an incident still open has lasted.
    """
    ended = min(incident.resolved_at or until, until)
    length = max(until - ended, LEAST_BEFORE)
    return Span(
        before=Stretch(incident.began_at - length, incident.began_at),
        during=Stretch(incident.began_at, ended),
        since=Stretch(ended, until),
    )


def period_of(incident: Incident, due: timedelta | None, until: datetime) -> Period:
    """The time that a review is about, under the key that it is made once for."""
    key = f"{incident.id}-{write_duration(due) if due else until.strftime('%Y%m%dT%H%MZ')}"
    return Period(key=key, since=spans(incident, until).before.since, until=until)


def build(
    check: Check | None,
    incident: Incident,
    told_of: IncidentReport,
    after: Aftermath,
    until: datetime,
    due: timedelta | None = None,
    again_at: datetime | None = None,
) -> Review:
    """The review of an incident.

    Args:
        check: as it is configured now; None when there is none of that name any more.
        incident: as it stood at `until`.
        told_of: the same, as reports list it.
        after: what the store knows.
        until: when it is looked back from.
        due: the time after its end for which it is made by itself.
        again_at: when the next one is made by itself.
    """
    span = spans(incident, until)
    entries = after.past.timelines.get(incident.id, ())
    steps = [ReviewStep(at=entry.at, kind=entry.kind, by=entry.by, text=entry.text) for entry in entries]
    others = [one for one in after.past.incidents if one.id != incident.id]
    again = sorted(one.id for one in others if one.check == incident.check and span.since.has(one.opened_at))
    together = sorted(one.id for one in others if one.check != incident.check and _overlaps(one, span.during))
    severity, verdict = _verdict(check, incident, after.since, again, span.since)
    early = _is_early(check, incident, after.since, again, span.since)
    return Review(
        incident=told_of,
        times=times_of(incident, after.past),
        after=span.since.length,
        due=write_duration(due) if due else "",
        steps=tuple(_shortened(steps)),
        left_out=max(0, len(steps) - MOST_STEPS),
        told=tuple(_told(after)),
        figures=tuple(_figures(check, after)),
        length=span.before.length,
        again=tuple(again),
        together=tuple(together),
        severity=severity,
        verdict=_early(again_at) if early else verdict,
        early=early,
    )


def _overlaps(one: Incident, during: Stretch) -> bool:
    return one.began_at < during.until and (one.resolved_at is None or one.resolved_at > during.since)


def _shortened(steps: Sequence[ReviewStep]) -> Sequence[ReviewStep]:
    half = MOST_STEPS // 2
    return steps if len(steps) <= MOST_STEPS else [*steps[:half], *steps[-half:]]


def _told(after: Aftermath) -> Iterator[ReviewTold]:
    """Who was told, in the order in which they first were to be."""
    rows = [row for row in after.rows if row.message.kind not in AT_MOST_ONCE]
    for address in dict.fromkeys(row.address for row in rows):
        own = [row for row in rows if row.address == address]
        yield ReviewTold(
            channel=address.channel,
            recipient=address.recipient,
            messages=sum(1 for row in own if row.state is State.SENT and row.carried_by is None),
            first_at=after.sent.get(address),
            dead=sum(1 for row in own if row.state is State.DEAD),
        )


# --- Figures --------------------------------------------------------------------------------------------------------


def _figures(check: Check | None, after: Aftermath) -> Iterator[ReviewFigure]:
    three = (after.before, after.during, after.since)
    uptimes = [rounded_share(one.uptime) if one else None for one in three]
    yield _figure("uptime", "Uptime", Unit.RATIO, uptimes, Direction.BELOW)
    rates = [rounded_share(one.error_rate) if one else None for one in three]
    yield _figure("error_rate", "Error rate", Unit.RATIO, rates, Direction.ABOVE)
    if check is None or not check.main:
        return
    rule = rule_on(check, check.main)
    bounds = rule.bounds if rule else Bounds()
    for name, q in (("p50", 0.5), ("p95", 0.95)):
        values = [rounded(one.quantile(q)) if one else None for one in three]
        unit = rule.unit if rule else check.main_unit
        yield _figure(name, f"{name} of {check.main}", unit, values, bounds.direction)


def _figure(name: str, title: str, unit: Unit, values: Sequence[float | None], worse: Direction) -> ReviewFigure:
    before, during, since = values
    return ReviewFigure(
        name=name,
        title=title,
        unit=unit,
        before=before,
        during=during,
        since=since,
        worse=_is_worse(before, since, worse),
    )


def _is_worse(before: float | None, since: float | None, worse: Direction) -> bool:
    if before is None or since is None:
        return False
    limit = before * (1 + MUCH) if worse is Direction.ABOVE else before * (1 - MUCH)
    return worse.breached(since, limit)


# --- How it has done since ------------------------------------------------------------------------------------------


def _is_early(
    check: Check | None, incident: Incident, since: Rollup | None, again: Sequence[int], span: Stretch
) -> bool:
    """Whether nothing can have been found yet: figures are of whole roll-ups, and none of them may lie in that time."""
    if incident.resolved_at is None or again or (since is not None and since.uptime is not None):
        return False
    return span.length < 2 * SPAN + (check.interval if check else timedelta(0))


def _early(again_at: datetime | None) -> str:
    again = f"; it is made again at {again_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if again_at else ""
    return f"It is too early to say how the check has done since{again}."


def _verdict(
    check: Check | None, incident: Incident, since: Rollup | None, again: Sequence[int], span: Stretch
) -> tuple[Severity, str]:
    if incident.resolved_at is None:
        return incident.severity, "It goes on."
    length = format_duration(span.length)
    if again:
        named = ", ".join(f"#{number}" for number in again[:5])
        return Severity.CRITICAL, f"It came back: {named} opened within {length} of its end."
    if since is None or since.uptime is None:
        return Severity.UNKNOWN, f"In the {length} since its end the check was not judged."
    bounds = uptime_bounds(check)[0] if check else Bounds(warning=1.0, direction=Direction.BELOW)
    severity = bounds.severity(since.uptime)
    if since.uptime < 1:
        return (
            severity,
            f"In the {length} since its end it was up {share(since.uptime)} of the time, without another incident.",
        )
    return severity, f"It has been up for all of the {length} since its end."
