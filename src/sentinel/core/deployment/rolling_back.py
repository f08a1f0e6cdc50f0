"""Undoing a deployment: the one order that does so, and what its row of the outbox says of how it went.

The order is a row of the kind `rollback`, which is begun at most once (`AT_MOST_ONCE`), under a key that follows from the
deployment alone (`rollback_key`): whoever orders it, by hand, after a watch or from a level of escalation, orders the same row.
The row is the truth; what a deployment knows of its rollback follows it, so it is right again after any crash. What has begun is
never ordered again. What was stopped before it began may be, by a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sentinel.core import commanding
from sentinel.core.check import Check
from sentinel.core.commanding import TOOK, WROTE, Ordered
from sentinel.core.deployment.check import moment_of, name_of
from sentinel.core.deployment.deployment import (
    Deployment,
    Ending,
    Entry,
    Ran,
    Rollback,
    rollback_key,
)
from sentinel.core.deployment.plan import DeploymentPlan, RollbackPlan
from sentinel.core.incident import Address, Incident
from sentinel.core.notification import AboutDeployment, Cause, Kind, Message, Notification, State
from sentinel.core.timeline import TimelineEntry

#: A deployment is undone by a level of escalation for so long after its end; later it is not what the level is about.
UNDOABLE_FOR = timedelta(days=1)

#: The order of a level that was given at the end of that time is followed after it, and over long before this.
FOLLOWED_FOR = UNDOABLE_FOR + timedelta(days=1)

#: States from which a rollback does not come back.
OVER = frozenset({Ran.DONE, Ran.FAILED, Ran.INTERRUPTED, Ran.STOPPED})

#: What is told of a rollback.
OF_ROLLBACKS = frozenset({Kind.ROLLBACK_PLANNED, Kind.ROLLBACK_STARTED, Kind.ROLLBACK_ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rollback that somebody wants."""

    reason: str  # one line
    quick: bool = True  # to the version before; else to the backup `backup_id`
    backup_id: str = ""
    by: str = ""  # a person; empty: Sentinel itself
    veto: timedelta = timedelta(0)  # how long anybody may stop it; zero: it runs at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A rollback as it is ordered: what the deployment remembers of it, and the row that has it run."""

    rollback: Rollback
    row: Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """A deployment that a level of escalation is about when it names the channel of its rollback."""

    deployment: Deployment
    plan: DeploymentPlan
    ordered: bool = False  # whether a level has ordered its rollback, of which the deployment may not know yet

    def covers(self, check: Check) -> bool:
        """Whether trouble of a check is trouble of its system."""
        return concerns(self.plan, check)

    def is_undone_by(self, channel: str) -> bool:
        """Whether a channel is the one that undoes it."""
        return self.plan.rollback is not None and self.plan.rollback.channel == channel


def concerns(plan: DeploymentPlan, check: Check) -> bool:
    """Whether trouble of a check is trouble of a system: it is one of the system's, or is about its deployments."""
    return check.system == plan.system or plan.covers(check)


def order(
    deployment: Deployment,
    wanted: Wanted,
    machine: Address,
    *,
    instance: str,
    source: str,
    now: datetime,
    link: str = "",
) -> Order:
    """The one order that undoes a deployment.

    Args:
        machine: the channel that does so.
        instance: identity of the store, for the key.
        source: name of this Sentinel.
        now: aware.
    """
    rollback = Rollback(
        key=rollback_key(instance, deployment.id),
        channel=machine.channel,
        quick=wanted.quick,
        backup_id=wanted.backup_id or deployment.backup_id,
        reason=wanted.reason,
        by=wanted.by,
        ordered_at=now,
        runs_at=now + wanted.veto,
    )
    message = Message(
        kind=Kind.ROLLBACK,
        at=now,
        source=source,
        title=f"roll back {deployment.label}",
        deployment=about(deployment, rollback),
        link=link,
    )
    row = Notification(key=rollback.key, address=machine, message=message, created_at=now, due_at=rollback.runs_at)
    return Order(rollback=rollback, row=row)


def about(deployment: Deployment, rollback: Rollback) -> AboutDeployment:
    """What the order says of the deployment that it undoes."""
    return AboutDeployment(
        id=deployment.id,
        system=deployment.system,
        version=deployment.version,
        from_version=deployment.from_version,
        ref=deployment.ref,
        environment=deployment.environment,
        by=deployment.by,
        started_at=deployment.started_at,
        window_ends_at=deployment.window_ends_at,
        expects_down=deployment.expects_down,
        impact=deployment.impact,
        phase=deployment.phase.value,
        backup_id=rollback.backup_id,
        quick=rollback.quick,
        reason=rollback.reason,
        runs_at=rollback.runs_at,
    )


def adopted(row: Notification) -> Rollback:
    """The rollback of which a row is all that is known: a level of escalation ordered it."""
    what, incident = row.message.deployment, row.message.incident
    assert what is not None, "an order says what it undoes"
    return Rollback(
        key=row.key,
        channel=row.address.channel,
        quick=what.quick,
        backup_id=what.backup_id,
        reason=what.reason,
        incident=incident.id if incident else 0,
        ordered_at=row.created_at,
        runs_at=row.due_at or what.runs_at or row.created_at,
    )


def moved(rollback: Rollback, row: Notification | None, now: datetime) -> Rollback:
    """The rollback as its row says; the same value where nothing has changed, or where it was over already.

    Args:
        row: of its key; None: it is not there (any more).
        now: when that was seen, which is when it ended if it has.
    """
    if row is None or rollback.state in OVER:
        return rollback
    match row.state:
        case State.QUEUED:
            return replace(rollback, runs_at=row.due_at or rollback.runs_at)
        case State.SENDING:
            return replace(rollback, state=Ran.STARTED)
        case State.SENT:
            return replace(rollback, state=Ran.DONE, ended_at=now, text=_wrote(row))
        case State.CANCELLED:
            text = f"the timeline of incident {rollback.incident} says why" if rollback.incident else ""
            return replace(rollback, state=Ran.STOPPED, ended_at=now, text=text)
        case State.DEAD if row.reason == Cause.CHANNEL_REMOVED and not row.attempts:
            text = "its channel is not in the configuration any more"
            return replace(rollback, state=Ran.STOPPED, ended_at=now, text=text)
        case State.DEAD | State.DROPPED:
            state = Ran.INTERRUPTED if row.reason == Cause.INTERRUPTED else Ran.FAILED
            return replace(rollback, state=state, ended_at=now, text=_why(row))


def begins(before: Rollback, after: Rollback) -> bool:
    """Whether a rollback that had not begun has."""
    return before.state is Ran.ORDERED and after.state not in (Ran.ORDERED, Ran.STOPPED)


def stopped(rollback: Rollback, by: str, why: str, now: datetime) -> Rollback:
    """The rollback that a person has stopped before it began."""
    text = f"{why} ({by})" if by else why
    return replace(rollback, state=Ran.STOPPED, ended_at=now, text=text)


def may_be_ordered(deployment: Deployment) -> bool:
    """Whether a rollback can be ordered: none was, or the one that was has been stopped before it began."""
    return deployment.rollback is None or deployment.rollback.state is Ran.STOPPED


def is_undoable(deployment: Deployment, now: datetime) -> bool:
    """Whether a level of escalation that names what undoes deployments is about this one: it goes on, or ended within a day.

    However it ended: what passed its watch may break an hour later. One whose rollback was ordered is among them, whatever came
    of that, and one that somebody has accepted: so the level knows that it must not run anything.
    """
    return deployment.ended_at is None or now < deployment.ended_at + UNDOABLE_FOR


def followed(deployments: Iterable[Deployment], now: datetime) -> list[Deployment]:
    """Those whose row of the outbox is to be looked at: it may come to be, or has not come to its end."""
    return [one for one in deployments if (_may_be_undone(one, now) if one.rollback is None else not _is_over(one))]


def _may_be_undone(one: Deployment, now: datetime) -> bool:
    """Whether a level may have ordered its rollback: perhaps in the moment in which it ended, or its day was over."""
    return one.ended_at is None or now < one.ended_at + FOLLOWED_FOR


def _is_over(one: Deployment) -> bool:
    return one.rollback is not None and one.rollback.state in OVER


def is_accepted(one: Deployment) -> bool:
    """Whether a person has taken it as it is: no level undoes that."""
    return one.ending is Ending.ACCEPTED


def has_news(one: Deployment, row: Notification, now: datetime) -> bool:
    """Whether the row of its order says more than a deployment knows."""
    if one.rollback is not None:
        return moved(one.rollback, row, now) != one.rollback
    return not (is_accepted(one) and row.state is State.CANCELLED)


def order_by_level(
    undone: Undoable,
    message: Message,
    machine: Address,
    veto: timedelta,
    people: Iterable[Address],
    instance: str,
    conversation: int,
    now: datetime,
) -> Ordered:
    """What a level of escalation orders that names the channel by which a deployment is undone: its one rollback.

    Where it was ordered before, nothing but a line on the incident's timeline comes of it. The arguments are those of
    `core.commanding.order`, whose way of telling people and of stopping it holds here, too.
    """
    incident = message.incident
    assert incident is not None, "only an incident's level orders anything"
    one = undone.deployment
    what = f"the command {machine.channel}, which rolls {one.label} back,"
    if undone.ordered or one.rollback is not None or is_accepted(one):
        known = f"that rollback {_so_far(one)}, and there is only one"
        why = "somebody has accepted that deployment as it is" if is_accepted(one) else known
        text = f"{what} does not run: {why}"
        line = TimelineEntry(incident=incident.id, at=now, kind=Kind.COMMAND_PLANNED.value, text=text)
        return Ordered(notifications=(), entries=(line,))
    plain = commanding.order(message, machine, veto, people, instance, conversation, now, what)
    *planned, row = plain.notifications
    check = message.check.name if message.check else "a check"
    wanted = Wanted(
        reason=f"incident {incident.id} of {check} has come to level {incident.level} of its escalation", veto=veto
    )
    ordered = order(one, wanted, machine, instance=instance, source=message.source, now=now, link=message.link)
    message = replace(
        row.message, kind=Kind.ROLLBACK, title=ordered.row.message.title, deployment=ordered.row.message.deployment
    )
    return replace(plain, notifications=(*planned, replace(row, key=ordered.row.key, message=message)))


def not_by_level(message: Message, machine: Address, systems: Iterable[str], now: datetime) -> TimelineEntry:
    """The line of an incident's timeline that says why its level runs nothing: what it names rolls back other systems."""
    assert message.incident is not None, "only an incident's level orders anything"
    check = message.check.name if message.check else "its check"
    text = f"the command {machine.channel} does not run: it rolls {' and '.join(systems)} back, and {check} is no check of that"
    return TimelineEntry(incident=message.incident.id, at=now, kind=Kind.COMMAND_PLANNED.value, text=text)


def _so_far(one: Deployment) -> str:
    if one.rollback is None or one.rollback.state not in OVER:
        return "was ordered already"
    if one.rollback.state is Ran.DONE:
        return _proof(one)
    # Without its text, which people and programs wrote: lines of an incident's timeline go into the log.
    return came_to(replace(one.rollback, text=""))


def _proof(one: Deployment) -> str:
    """What is known of a rollback that ran to its end, to stand behind "the rollback"."""
    match one.ending:
        case Ending.ROLLED_BACK:
            return "was done, and the checks prove it"
        case Ending.ROLLBACK_FAILED:
            return "was done, and the checks do not prove that it has helped"
        case Ending.ACCEPTED:
            return "was done, and somebody has taken what came of it as it is"
        case _:
            return "was done, and its checks are run to know whether it has helped"


def proves(deployment: Deployment, kind: Kind) -> bool:
    """Whether what is told says how the proof of a rollback ended."""
    proven = deployment.ending in (Ending.ROLLED_BACK, Ending.ROLLBACK_FAILED)
    return kind is Kind.DEPLOYMENT_ENDED and proven and deployment.rollback is not None


def concerned(deployment: Deployment, kind: Kind, incidents: Iterable[Incident]) -> list[Incident]:
    """The incidents whose people are told of a rollback, and on whose timelines it stands; none of what is no news of one.

    Whoever was told of the incident whose level ordered it hears that it will run, and how it ended, with that incident; when it
    begins, and what the proof of it came to, they hear as everybody else does.
    """
    if kind not in OF_ROLLBACKS and not proves(deployment, kind):
        return []
    own, level = name_of(deployment.system), _told_with_its_incident(deployment, kind)
    return [one for one in incidents if one.id != level and (one.suspect == deployment.id or one.check == own)]


def _told_with_its_incident(deployment: Deployment, kind: Kind) -> int:
    """The incident with which people hear of it already; 0: none."""
    apart = kind is Kind.ROLLBACK_STARTED or proves(deployment, kind)
    return 0 if apart or deployment.rollback is None else deployment.rollback.incident


def hearers(
    deployment: Deployment,
    kind: Kind,
    stakeholders: Iterable[Address],
    incidents: Iterable[Incident],
    heard: Iterable[Address] = (),
) -> tuple[Address, ...]:
    """Who is told of a rollback: the stakeholders, and whoever was told of an incident that the deployment is about.

    Args:
        kind: what is told; of anything but a rollback and its proof, stakeholders alone are told.
        incidents: open ones of the system's checks, and of the check of its deployments.
        heard: who has heard of this rollback before: they hear what its proof came to, however their incident stands by then.
    """
    if kind not in OF_ROLLBACKS and not proves(deployment, kind):
        return tuple(stakeholders)
    known = list(incidents)
    people = [to for one in concerned(deployment, kind, known) for to in one.responders]
    again = heard if proves(deployment, kind) else ()
    level = _told_with_its_incident(deployment, kind)
    elsewhere = {to for one in known if level and one.id == level for to in one.responders}
    return tuple(to for to in dict.fromkeys((*stakeholders, *people, *again)) if to not in elsewhere)


def news_of(deployment: Deployment, kind: Kind, incidents: Iterable[Incident], now: datetime) -> list[TimelineEntry]:
    """The lines of the timelines of incidents that say how their suspect is undone. What people and programs wrote is in none."""
    said = _news(deployment, kind)
    text = f"the rollback of deployment {deployment.id} of {deployment.label} {said}"
    lines = concerned(deployment, kind, incidents) if said else []
    return [TimelineEntry(incident=one.id, at=now, kind=_line_kind(kind), text=text) for one in lines]


def _line_kind(kind: Kind) -> str:
    return (Kind.ROLLBACK_ENDED if kind is Kind.DEPLOYMENT_ENDED else kind).value


def _news(one: Deployment, kind: Kind) -> str:
    """To stand behind "the rollback"; empty: nothing that an incident has to tell."""
    if one.rollback is None:
        return ""
    if proves(one, kind):
        return _proof(one)
    match kind:
        case Kind.ROLLBACK_PLANNED:
            return f"is to run at {moment_of(one.rollback)} UTC unless somebody stops it"
        case Kind.ROLLBACK_STARTED:
            return "runs"
        case Kind.ROLLBACK_ENDED:
            return _so_far(one)
        case _:
            return ""


def proofs(undo: RollbackPlan, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks that prove a rollback: those with one of its tags, or all of the system where none has."""
    known, tags = tuple(checks), frozenset(undo.verify)
    return tuple(check for check in known if check.tags & tags) or known


def entry(deployment: int, rollback: Rollback, now: datetime) -> Entry:
    """What a rollback leaves on the deployment's timeline when it comes into its state."""
    by, took = "", None
    match rollback.state:
        case Ran.ORDERED:
            kind, text, by = "rollback_planned", planned(rollback), rollback.by
        case Ran.STARTED:
            kind, text = "rollback_started", f"the rollback runs, by the channel {rollback.channel}"
        case _:
            kind, text = "rollback_ended", f"the rollback {came_to(rollback)}"
            if rollback.state is not Ran.STOPPED and rollback.ended_at is not None:
                took = max(rollback.ended_at - rollback.runs_at, timedelta(0))
    return Entry(deployment=deployment, at=now, kind=kind, by=by, text=text, took=took)


def planned(rollback: Rollback) -> str:
    """That it will run, and until when anybody may stop it, in one sentence."""
    whither = "to the version before" if rollback.quick else f"to the backup {rollback.backup_id}"
    level = f", ordered by the escalation of incident {rollback.incident}," if rollback.incident else ""
    if rollback.runs_at <= rollback.ordered_at:
        return f"the rollback {whither}{level} runs now: {rollback.reason}"
    when = f"at {rollback.runs_at.astimezone(UTC):%H:%M:%S} UTC unless somebody stops it"
    return f"the rollback {whither}{level} runs {when}: {rollback.reason}"


def came_to(rollback: Rollback) -> str:
    """What came of a rollback that is over, to stand behind "the rollback": `failed: roll-back ended with status 3 after 2 s`."""
    said = f": {rollback.text}" if rollback.text else ""
    match rollback.state:
        case Ran.DONE:
            return f"was done{said}"
        case Ran.STOPPED:
            return f"was stopped before it began{said}"
        case Ran.INTERRUPTED:
            return f"was interrupted{said}"
        case _:
            return f"failed{said}"


def _wrote(row: Notification) -> str:
    took, wrote = row.receipt.get(TOOK, ""), row.receipt.get(WROTE, "")
    return ": ".join(part for part in (f"after {took}" if took else "", wrote) if part)


def _why(row: Notification) -> str:
    """How it ended badly, in words that follow a colon."""
    match row.reason:
        case Cause.INTERRUPTED:
            return "Sentinel stopped while it ran, and it may have been done in part"
        case Cause.TIMEOUT:
            said = "it did not end in time, and may have been done in part"
        case Cause.TOO_LATE:
            said = "it was not begun"
        case _:
            return row.detail or row.reason.replace("_", " ")
    return f"{said}: {row.detail}" if row.detail else said
