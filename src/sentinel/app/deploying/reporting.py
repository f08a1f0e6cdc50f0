"""The document of a deployment (EM-12) and reviews of it (EM-9): made from the store, for whoever asks and when they are due."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.app import past, reviewing
from sentinel.app.deploying import figures, reading
from sentinel.app.owing import OF_DEPLOYMENTS
from sentinel.app.reporting import WrittenReport, silent, write_document
from sentinel.app.shelving import Step
from sentinel.base.clock import Clock, SystemClock
from sentinel.base.errors import SentinelError
from sentinel.base.units import write_duration
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.form import Form
from sentinel.core.notification import State
from sentinel.core.plan import Content, Plan, ReportPlan
from sentinel.core.planned import Stretch
from sentinel.core.selection import Selection
from sentinel.core.slo import span_start
from sentinel.reports import deployment_reviewing
from sentinel.reports.course import CourseLine
from sentinel.reports.deployment import DeploymentDocument, ReviewedLine
from sentinel.reports.deployment_review import DeploymentReview
from sentinel.reports.deployment_reviewing import Afterwards, key_of, period_of, spans
from sentinel.reports.past import Past
from sentinel.reports.report import ReportDocument, build
from sentinel.store.database import Store, Transaction

#: Under these names the documents and the reviews are kept among the reports.
NAME, REVIEW = OF_DEPLOYMENTS

#: Readings are drawn from so long before a deployment on, or from as long before as its watch lasted.
LEAST_BEFORE = timedelta(hours=1)

#: Seconds that reading may take.
READ_WITHIN = 60.0

#: Seconds that somebody who asks for a document waits for its last messages, and between two looks whether they have arrived.
ARRIVE_WITHIN, LOOK_EVERY = 20.0, 0.2

#: The channels that take documents; others are told in a message, with a link.
_MAIL = "email"


class NoSuchDeployment(SentinelError):
    """A document was asked for of a deployment that there is not, or that is not over yet."""

    exit_code = 1
    hint = "`sentinel deploy list` lists those that there are"


class TooEarly(NoSuchDeployment):
    """A look back was asked for at a time that is still to come."""

    hint = "`--review` looks back as of now; by itself it is made when its time has come"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is read of a deployment, in one transaction."""

    part: DeploymentDocument
    past: Past
    course: tuple[CourseLine, ...]  # empty: no single result is kept any more


async def find(store: Store, number: int, system: str = "") -> Deployment:
    """The deployment of a number; with none the last one of a system, or of all.

    Raises:
        NoSuchDeployment: there is none.
        StoreError: the store cannot be read.
    """

    def ask(tx: Transaction) -> Deployment | None:
        if number:
            return tx.deployments.get(number)
        latest = [one for one in tx.deployments.latest() if system in ("", one.system)]
        return max(latest, key=lambda one: one.id, default=None)

    found = await store.read(ask)
    if found is None:
        which = str(number) if number else f"of {system}" if system else "at all"
        raise NoSuchDeployment(f"there is no deployment {which}")
    return found


async def document(store: Store, plan: Plan, one: Deployment, now: datetime) -> ReportDocument:
    """The document of a deployment: as it was at its end, or now while it goes on.

    Whatever happens later is none of it: neither in its figures, nor incidents that open then, nor how those went on.

    Raises:
        StoreError: the store cannot be read.
    """
    until, zone = one.ended_at or now, reviewing.order(plan).zone
    before = max(LEAST_BEFORE, one.watch.lasts if one.watch is not None else LEAST_BEFORE)
    # One that goes on has a key of its own: what it comes to in the end corrects nothing.
    key = key_of(one) if one.is_over else f"{key_of(one)}--{now:%Y-%m-%dT%H%M}"
    period = Period(key=key, since=span_start(one.started_at - before), until=until)
    stretch, is_kept = Stretch(period.since, until), period.since > now - plan.store.keep_results
    checks = checks_of(plan, one.system)

    def ask(tx: Transaction) -> _Known:
        reviews = tuple(_reviewed(tx, one, after, checks) for after in made(tx, plan, one))
        part = replace(reading.as_it_was(tx, reading.read(tx, plan, one, until), until), reviews=reviews)
        found, results = past.read(tx, checks, stretch, zone), figures.read(tx, checks, stretch) if is_kept else {}
        return _Known(
            part=part,
            past=figures.exact(found, checks, results, stretch),
            course=figures.course(checks, results, stretch),
        )

    known = await store.read(ask, within=READ_WITHIN)
    found = await asyncio.to_thread(
        build,
        plan,
        NAME,
        period,
        zone,
        known.past,
        until,
        contents=(Content.DEPLOYMENT,),
        selection=_selection(one, checks),
        deployment=known.part,
    )
    return replace(found, course=known.course)


async def review(
    store: Store, plan: Plan, one: Deployment, now: datetime, after: timedelta | None = None
) -> ReportDocument:
    """The review of a deployment.

    Args:
        store: what happened.
        plan: what is watched now.
        one: the deployment.
        now: aware.
        after: how long after its end is looked back; now when None.

    Raises:
        NoSuchDeployment: it is not over.
        TooEarly: that time is still to come.
        StoreError: the store cannot be read.
    """
    if one.ended_at is None:
        raise NoSuchDeployment(f"deployment {one.id} goes on: it can be looked back at when it is over")
    until = one.ended_at + after if after is not None else now
    if until > now:
        what = f"{write_duration(after or timedelta(0))} after its end"
        raise TooEarly(f"deployment {one.id} can be looked back at, {what}, from {until:%Y-%m-%d %H:%M:%S} UTC on")
    period, zone = period_of(one, after, until), reviewing.order(plan).zone
    checks = checks_of(plan, one.system)

    def ask(tx: Transaction) -> tuple[DeploymentReview, Past]:
        return _review(tx, one, until, after, checks), past.read(tx, checks, Stretch(period.since, until), zone)

    part, found = await store.read(ask, within=READ_WITHIN)
    return await asyncio.to_thread(
        build,
        plan,
        REVIEW,
        period,
        zone,
        found,
        until,
        contents=(Content.DEPLOYMENT_REVIEW,),
        selection=_selection(one, checks),
        deployment_review=part,
    )


def checks_of(plan: Plan, system: str) -> tuple[Check, ...]:
    """The checks of a system as they are configured now; none where nothing is configured about its deployments."""
    about = plan.deployments.get(system)
    return tuple(check for check in plan.checks if about is not None and about.covers(check))


def _selection(one: Deployment, checks: Sequence[Check]) -> Selection:
    """These checks alone: a selection of nothing would mean all there are."""
    return Selection(checks=tuple(check.name for check in checks) or (one.window,))


def made(tx: Transaction, plan: Plan, one: Deployment) -> tuple[timedelta, ...]:
    """The reviews of a deployment that were made by themselves, the earliest first."""
    about = plan.deployments.get(one.system)
    if about is None or one.ended_at is None:
        return ()
    keys = {after: period_of(one, after, one.ended_at + after).key for after in sorted(about.reviews)}
    return tuple(after for after, key in keys.items() if tx.reports.made(REVIEW, key) is not None)


def _review(
    tx: Transaction, one: Deployment, until: datetime, due: timedelta | None, checks: Sequence[Check]
) -> DeploymentReview:
    before, since = spans(one, until)
    names = [check.name for check in checks]
    opened = tx.incidents.between(since.since, until, reading.MOST_INCIDENTS)
    known = Afterwards(
        # The roll-ups that its start and its end cut have some of the deployment in them: they are in neither.
        before=tx.aggregates.within(before, names),
        since=tx.aggregates.within(since, names),
        incidents=[incident for incident in opened if incident.check in set(names)],
        lost=sum(row.state is State.DEAD for row in reading.told(tx, one)),
    )
    return deployment_reviewing.build(one, checks, known, until, due)


def _reviewed(tx: Transaction, one: Deployment, after: timedelta, checks: Sequence[Check]) -> ReviewedLine:
    assert one.ended_at is not None, "only one that is over is reviewed"
    found = _review(tx, one, one.ended_at + after, after, checks)
    return ReviewedLine(
        due=write_duration(after), at=one.ended_at + after, severity=found.severity, verdict=found.verdict
    )


# --- Writing ----------------------------------------------------------------------------------------------------------


def order(plan: Plan, one: Deployment, name: str = NAME) -> ReportPlan:
    """In which forms the papers of a deployment are made, and to whom they go: to its stakeholders, by mail."""
    usual = reviewing.order(plan)
    about = plan.deployments.get(one.system, DeploymentPlan(system=one.system))
    mails = {channel.name for channel in plan.channels if channel.kind == _MAIL}
    return replace(
        usual,
        name=name,
        contents=(Content.DEPLOYMENT if name == NAME else Content.DEPLOYMENT_REVIEW,),
        channels=tuple(channel for channel in one.channels if channel in mails),
        forms=about.forms,
        attach=tuple(form for form in (Form.HTML, Form.PDF) if form in about.forms),
    )


async def make(
    plan: Plan,
    number: int = 0,
    *,
    system: str = "",
    after: timedelta | None = None,
    look_back: bool = False,
    forms: Sequence[Form] = (),
    channels: Sequence[str] = (),
    folder: Path | None = None,
    step: Step = silent,
) -> WrittenReport:
    """Make the document of a deployment, or a review of it, from the store, whether a daemon runs or not.

    Right after its end it waits a little for the last messages, as what is written by itself does: then both say the same.

    Args:
        plan: what is configured now.
        number: of the deployment; 0: the last one.
        system: the last one of which; empty: of all.
        after: a review, so long after its end.
        look_back: a review, as of now; `after` has one made as well.
        forms: in which it is made; as configured when empty.
        channels: that it is to be sent to: a mail needs pictures beside it.
        folder: where to; the plan's reports folder when None.
        step: told what is being made.

    Raises:
        NoSuchDeployment: there is none of that number, or it is not over and cannot be looked back at.
        TooEarly: it is to be looked back at a time that is still to come.
        StoreError: there is no store, or it cannot be read.
    """
    store, clock = await Store.open_readonly(plan.store), SystemClock()
    try:
        one = await find(store, number, system)
        looks_back = look_back or after is not None
        if not looks_back:
            step("last messages")
            await _arrival(store, one, clock)
        now = clock.now()
        step("figures")
        found = await (review(store, plan, one, now, after) if looks_back else document(store, plan, one, now))
        usual = order(plan, one, REVIEW if looks_back else NAME)
        asked = replace(usual, channels=tuple(channels), forms=tuple(forms) or usual.forms)
        return await write_document(store, plan, asked, found, now, folder=folder, step=step)
    finally:
        await store.close()


async def _arrival(store: Store, one: Deployment, clock: Clock) -> None:
    """Wait until the last messages about a deployment have arrived, or have had their time."""
    until = clock.monotonic() + ARRIVE_WITHIN
    while clock.monotonic() < until and not await store.read(lambda tx: reading.is_settled(tx, one, clock.now())):
        await clock.sleep(LOOK_EVERY)
