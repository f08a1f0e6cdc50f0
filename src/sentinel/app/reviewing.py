"""Reviews of incidents: those that are due by themselves, and those that somebody asks for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.app.past import read
from sentinel.base.errors import SentinelError
from sentinel.core.incident import Incident
from sentinel.core.plan import Content, Plan, ReportPlan
from sentinel.core.planned import Stretch
from sentinel.core.rule import Severity
from sentinel.core.selection import Selection
from sentinel.reports import reviewing
from sentinel.reports.past import as_of
from sentinel.reports.report import ReportDocument, build, incident_report
from sentinel.store.database import Store, Transaction

#: Under this name reviews are kept among the reports.
NAME = "review"

#: A review that was missed for so long, because nothing ran, is not made any more.
LATE = timedelta(days=2)

#: Incidents that are looked at for reviews that are due; the newest.
MOST = 200

#: Seconds that reading may take.
READ_WITHIN = 60.0


class NoSuchIncident(SentinelError):
    """A review was asked for of an incident that there is not."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A review that is to be made."""

    incident: Incident
    after: timedelta  # its end

    @property
    def until(self) -> datetime:
        assert self.incident.resolved_at is not None, "only one that is over is reviewed by itself"
        return self.incident.resolved_at + self.after


def due(incidents: Sequence[Incident], afters: Sequence[timedelta], now: datetime) -> list[Due]:
    """The reviews whose time has come, and was not long ago, the earliest first; made or not."""
    found = [
        Due(incident=incident, after=after)
        for incident in incidents
        for after in afters
        if incident.severity is Severity.CRITICAL and incident.resolved_at is not None
    ]
    return sorted(
        (one for one in found if one.until <= now < one.until + LATE), key=lambda one: (one.until, one.incident.id)
    )


def next_look(incident: Incident, afters: Sequence[timedelta], now: datetime) -> datetime | None:
    """When the incident is looked back at next by itself; None: not any more."""
    if incident.severity is not Severity.CRITICAL or incident.resolved_at is None:
        return None
    return min((at for after in afters if (at := incident.resolved_at + after) > now), default=None)


async def next_due(store: Store, plan: Plan, now: datetime) -> Due | None:
    """The first review that is due and was not made."""
    if not plan.reviews:
        return None
    since = now - max(plan.reviews) - LATE

    def unmade(tx: Transaction) -> Due | None:
        incidents = tx.incidents.between(since, now, MOST)
        asked = due(incidents, plan.reviews, now)
        return next((one for one in asked if tx.reports.made(NAME, _key(one)) is None), None)

    return await store.read(unmade)


async def review(
    store: Store, plan: Plan, number: int, now: datetime, after: timedelta | None = None
) -> ReportDocument:
    """The review of an incident.

    Args:
        store: what happened.
        plan: what is watched now.
        number: of the incident.
        now: aware.
        after: how long after its end is looked back; now when None, when it is not over, or when that is still to come.

    Raises:
        NoSuchIncident: there is none of that number.
        StoreError: the store cannot be read.
    """
    found = await store.read(lambda tx: tx.incidents.get(number))
    if found is None:
        raise NoSuchIncident(f"there is no incident {number}")
    until = now
    if after is None or found.resolved_at is None or found.resolved_at + after > now:
        after = None
    else:
        until = found.resolved_at + after
    incident = as_of(found, until)
    aftermath = await store.read(lambda tx: _aftermath(tx, plan, incident, until), within=READ_WITHIN)
    return await asyncio.to_thread(_document, plan, incident, aftermath, until, after)


def order(plan: Plan) -> ReportPlan:
    """In which forms reviews are made, and to whom they go: as the first report."""
    usual = plan.reports[0] if plan.reports else ReportPlan(name=NAME, every="day", at="00:00", zone="UTC")
    return ReportPlan(
        name=NAME,
        every=usual.every,
        at=usual.at,
        zone=usual.zone,
        contents=(Content.REVIEW,),
        channels=usual.channels,
        forms=usual.forms,
        attach=usual.attach,
    )


def _key(one: Due) -> str:
    return reviewing.period_of(one.incident, one.after, one.until).key


def _aftermath(tx: Transaction, plan: Plan, incident: Incident, until: datetime) -> reviewing.Aftermath:
    span = reviewing.spans(incident, until)
    whole = Stretch(span.before.since, until)
    return reviewing.Aftermath(
        past=read(tx, plan.checks, whole, order(plan).zone),
        rows=[row for row in tx.outbox.of(incident.id) if row.created_at < until],
        # The roll-ups that its beginning and its end cut have some of the trouble in them: they are neither before nor since.
        before=tx.aggregates.within(span.before, [incident.check]).get(incident.check),
        during=tx.aggregates.during(span.during, [incident.check]).get(incident.check),
        since=tx.aggregates.within(span.since, [incident.check]).get(incident.check),
        sent={one.address: one.first_at for one in tx.aggregates.told([incident.id], *whole)},
    )


def _document(
    plan: Plan, incident: Incident, aftermath: reviewing.Aftermath, until: datetime, after: timedelta | None
) -> ReportDocument:
    check = next((one for one in plan.checks if one.name == incident.check), None)
    told_of = incident_report(incident, aftermath.past, until)
    again_at = next_look(incident, plan.reviews, until)
    part = reviewing.build(check, incident, told_of, aftermath, until, after, again_at)
    return build(
        plan,
        NAME,
        reviewing.period_of(incident, after, until),
        order(plan).zone,
        aftermath.past,
        until,
        contents=(Content.REVIEW,),
        selection=Selection(checks=(incident.check,)),
        review=part,
    )
