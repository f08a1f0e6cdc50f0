"""A Notification: one message to one address, as a row of the outbox, and what becomes of it after each attempt.

    QUEUED ──claimed under a lease──► SENDING ──accepted──► SENT
      ▲                                 │ ├──refused for good, or too old──► DEAD (visible, can be sent again by hand)
      └───────── tried again later ─────┘ └──(the sender died: the lease runs out and the row counts as ambiguous)
    QUEUED ──acknowledged before it can have arrived──► CANCELLED
    DEAD ──given up by a person──► DROPPED (kept for the record)

One message may stand for several rows (`core.parcel`): they are sending, sent or tried again with the row that carries them.

A claim is committed before the call, the outcome after it; so a crash in between repeats a message and never loses one. A
repeat happens only after an ambiguous attempt and carries the same key. A command (`AT_MOST_ONCE`) is the exception: whatever
comes of its one attempt, it is not begun again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, assert_never

from sentinel.core.check import Check
from sentinel.core.incident import Acknowledgement, Address, Effect, EffectKind, Incident, Phase
from sentinel.core.judge import Finding, Verdict
from sentinel.core.rule import Severity


class Kind(StrEnum):
    """What a message is about: every kind of effect, and some that no incident causes."""

    OPENED = "opened"
    WORSENED = "worsened"
    EASED = "eased"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_EXPIRED = "acknowledgement_expired"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    UPDATED = "updated"  # other checks have joined the trouble, or are well again
    PROGRESS = "progress"  # how it stands, for those who are kept informed at an interval
    FLAPPING = "flapping"  # it comes and goes; nothing more is told until it settles
    UNACKNOWLEDGED = "unacknowledged"  # given back by a person
    ASSIGNED = "assigned"
    WINDOW_PLANNED = "window_planned"
    WINDOW_STARTED = "window_started"
    WINDOW_PROGRESS = "window_progress"  # how it goes, for those who were told that it started
    WINDOW_ENDED = "window_ended"
    DEPLOYMENT_STARTED = "deployment_started"
    DEPLOYMENT_PROGRESS = "deployment_progress"  # how it goes, for stakeholders
    DEPLOYMENT_FAILED = "deployment_failed"  # its watch, or whoever deploys, says so
    DEPLOYMENT_ENDED = "deployment_ended"  # passed, inconclusive, unwatched, rolled back, or left as it is
    ROLLBACK = "rollback"  # the order that undoes a deployment, to a channel that does so: this is no message to people
    ROLLBACK_PLANNED = "rollback_planned"  # it will run unless somebody stops it
    ROLLBACK_STARTED = "rollback_started"
    ROLLBACK_ENDED = "rollback_ended"  # how it went, or that it was stopped before it ran
    COMMAND = "command"  # to a channel that runs a command: this is no message to people
    COMMAND_PLANNED = "command_planned"  # a command will run unless somebody stops it
    COMMAND_ENDED = "command_ended"  # how it went, or that it was stopped before it ran
    DIGEST = "digest"  # several messages in one, when there were more than the channel may send
    CANARY = "canary"  # proves that the channel works
    REPORT = "report"
    TEST = "test"
    STORE_DOWN = "store_down"  # Sentinel cannot write; sent without the outbox
    STORE_UP = "store_up"  # it can again; likewise, to whoever was told that it could not


#: What an acknowledgement makes pointless: nothing of these is begun to be sent after it.
STOPPED_BY_ACKNOWLEDGEMENT = (Kind.ESCALATED, Kind.REMINDED, Kind.COMMAND, Kind.COMMAND_PLANNED)

#: What the end of an incident makes pointless.
STOPPED_BY_END = (Kind.REMINDED, Kind.COMMAND, Kind.COMMAND_PLANNED)

#: With these an incident is over.
ENDED = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})

#: These wake somebody up when they are about something critical: they go before all others.
ROUSING = frozenset(
    {
        Kind.OPENED, Kind.WORSENED, Kind.ESCALATED, Kind.REMINDED, Kind.UPDATED, Kind.UNACKNOWLEDGED,
        Kind.ACKNOWLEDGEMENT_EXPIRED,
    }
)  # fmt: skip

#: These have no copy through another channel: a proof of one channel proves nothing of another, a command is no message, and
#: what a digest stands for is copied row by row.
NEVER_COPIED = frozenset({Kind.CANARY, Kind.TEST, Kind.COMMAND, Kind.ROLLBACK, Kind.DIGEST})

#: What is not done while nobody is told of an incident.
STOPPED_BY_MUTE = (Kind.COMMAND, Kind.COMMAND_PLANNED)

#: What stakeholders are told of a deployment and its rollback.
OF_DEPLOYMENTS = frozenset(
    {
        Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_PROGRESS, Kind.DEPLOYMENT_FAILED, Kind.DEPLOYMENT_ENDED,
        Kind.ROLLBACK_PLANNED, Kind.ROLLBACK_STARTED, Kind.ROLLBACK_ENDED,
    }
)  # fmt: skip

#: Rows of these are attempted once and never again: what a command has done cannot be done twice.
AT_MOST_ONCE = frozenset({Kind.COMMAND, Kind.ROLLBACK})

#: The version of the message's form. A receiver may rely on it: fields are added within a version, never changed.
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutCheck:
    """The check that a message is about."""

    name: str
    title: str
    kind: str
    tags: tuple[str, ...] = ()
    runbook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutIncident:
    """The incident that a message is about, as it was when the message was written."""

    id: int
    phase: Phase
    severity: Severity
    began_at: datetime  # first bad result
    opened_at: datetime
    level: int = 0  # level of escalation that this message is for; 0: everybody who was told before
    levels: int = 0  # how many levels the policy has
    resolved_at: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    assigned_to: str = ""  # a person's name
    thread: int = 0  # number of the incident whose conversation this continues; 0: its own


class Bond(StrEnum):
    """What another check has to do with an incident."""

    TOGETHER = "together"  # it broke together with this one, and is told of here
    DEPENDS = "depends"  # it depends on this one, and is not told of by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutOther:
    """Another check in the same trouble."""

    check: str  # its name
    title: str
    incident: int
    severity: Severity  # OK: it is well again
    bond: Bond = Bond.TOGETHER


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutWindow:
    """The window that a message is about."""

    id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    expects_down: bool  # whether down is what is expected meanwhile
    by: str = ""
    why: str = ""
    covers: str = ""  # which checks, in words
    checks: int = 0  # of a window that goes on: how many it covers
    well: int = 0  # how many of them are well
    unjudged: int = 0  # of how many nobody knows
    troubled: tuple[str, ...] = ()  # names of the worst that are not well, the worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutDeployment:
    """The deployment that a message is about, or that is suspected."""

    id: int
    system: str
    version: str
    from_version: str = ""
    ref: str = ""
    environment: str = ""
    by: str = ""
    started_at: datetime
    window_ends_at: datetime
    expects_down: bool = False
    impact: str = ""
    phase: str = ""  # of `core.deployment.deployment.Phase`
    verdict: str = ""  # `pass`, `fail` or `inconclusive`; empty while it is not known
    ending: str = ""  # what came of it; empty while it goes on
    ended_at: datetime | None = None
    down_for: timedelta | None = None  # how long the system was seen down during it; None: not known
    checks: int = 0  # of the system
    well: int = 0
    unjudged: int = 0  # of how many nobody knows
    troubled: tuple[str, ...] = ()  # names of the worst that are not well, the worst first
    findings: tuple[str, ...] = ()  # the figures that decided, in one sentence each; the worst first
    as_before: int = 0  # how many figures are no worse than before
    timeline: tuple[str, ...] = ()  # the latest lines, such as `21:04 verified: 12 of 12 pass`
    backup_id: str = ""
    quick: bool = False  # of a rollback: to the version before, not to a backup
    reason: str = ""  # of a rollback
    runs_at: datetime | None = None  # of a rollback that anybody may stop until then
    rollback: str = ""  # how far a rollback has come, of `core.deployment.deployment.Ran`; empty: there is none
    on_fail: str = ""  # what is done when it fails, of `core.deployment.plan.OnFail`
    watched_until: datetime | None = None  # when its watch ends; None: it is not watched (yet)
    components: tuple[str, ...] = ()  # how each check of the system is, such as `Payroll API: well`; the worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One message of several that a digest stands for."""

    kind: Kind
    at: datetime
    check: str  # its name
    title: str
    incident: int
    severity: Severity
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told: facts, from which each channel makes its own words. The webhook's payload has these fields."""

    version: int = VERSION
    kind: Kind
    at: datetime  # when it happened
    source: str  # name of the Sentinel that says so
    sequence: int = 0  # number of this message within its incident, from 1
    check: AboutCheck | None = None
    incident: AboutIncident | None = None
    severity: Severity = Severity.OK
    explanation: str = ""  # one sentence: the value beside its bound, or how it failed
    hint: str = ""  # what to do now
    findings: tuple[Finding, ...] = ()
    title: str = ""  # of a report or a test
    text: str = ""  # body of a report or a test, plain
    files: tuple[str, ...] = ()  # paths of files to send along, such as a report's HTML
    link: str = ""  # where to look; empty when there is no page
    others: tuple[AboutOther, ...] = ()  # who else is in the same trouble, the worst first; at most `MOST_OTHERS`
    others_count: int = 0  # how many there are, listed or not
    window: AboutWindow | None = None
    deployment: AboutDeployment | None = None
    suspect: AboutDeployment | None = None  # of an incident: the deployment that it may come of
    news: tuple[News, ...] = ()  # of a digest, what is urgent first
    note: str = ""  # why it comes late, or through this channel, if it does

    @property
    def is_urgent(self) -> bool:
        """Whether it goes before others: something critical is wrong, and somebody has to do something."""
        if self.kind in (Kind.COMMAND, Kind.COMMAND_PLANNED, Kind.ROLLBACK, Kind.ROLLBACK_PLANNED):
            return True
        return (self.kind in ROUSING or self.kind is Kind.DIGEST) and self.severity is Severity.CRITICAL


#: Other checks that a message lists by name.
MOST_OTHERS = 10_000


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"  # given up by Sentinel; a person may send it again, or drop it
    CANCELLED = "cancelled"
    DROPPED = "dropped"  # given up by a person


#: What a receiver gave back, to continue a thread or to update a message: Slack's `ts`, a mail's Message-ID.
Receipt = dict[str, str]


def of_deployment(number: int) -> int:
    """The conversation of all that is told of a deployment. Incidents count up from one, so no incident has the same."""
    return -number


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one address. Rows of one incident and address are sent in the order of their sequence."""

    key: str  # the same at every attempt; the receiver can tell a repeat by it
    address: Address
    message: Message
    created_at: datetime
    id: int = 0  # of the row; 0 until it is stored
    incident: int | None = None  # its conversation: of an incident; below zero, of a deployment (`of_deployment`)
    state: State = State.QUEUED
    due_at: datetime | None = None  # when to try (again); at once when None
    attempts: int = 0  # how many were begun
    ambiguous: int = 0  # after how many of them nobody knows whether the message arrived
    lease_until: datetime | None = None  # while sending
    reason: str = ""  # why the last attempt failed, from `Cause`
    detail: str = ""  # the receiver's words, short and cleaned
    receipt: Receipt = field(default_factory=dict)
    carried_by: int | None = None  # number of the row whose message stands for this one, too: a digest, or newer news
    copy_of: int | None = None  # number of the row of another channel that could not be sent, of which this is a copy
    copied_at: datetime | None = None  # when it was copied, because its channel did not take it

    @property
    def deployment(self) -> int | None:
        """Number of the deployment that it is told of; None: of none."""
        return -self.incident if self.incident is not None and self.incident < 0 else None

    @property
    def is_repeat(self) -> bool:
        """Whether the receiver may have it already."""
        return self.ambiguous > 0


# --- Outcomes of an attempt -----------------------------------------------------------------------------------------


class Cause(StrEnum):
    """Why an attempt was not a success. A closed list, for metrics and `sentinel outbox`."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    REFUSED = "refused"  # the receiver will not take it
    CREDENTIAL_REFUSED = "credential_refused"
    GONE = "gone"  # the address does not exist (any more)
    TLS_FAILED = "tls_failed"
    PROTOCOL_ERROR = "protocol_error"
    CHANNEL_REMOVED = "channel_removed"
    RENDERING_FAILED = "rendering_failed"
    INTERRUPTED = "interrupted"  # Sentinel died or stopped during the attempt
    COMMAND_FAILED = "command_failed"  # it did not start, or did not end well
    TOO_LATE = "too_late"  # its time was over before it could be started


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The receiver has it."""

    receipt: Receipt = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The receiver does not have it. Trying again can help unless `permanent`."""

    cause: Cause
    detail: str = ""  # never a secret, never a URL with one
    permanent: bool = False
    retry_after: timedelta | None = None  # the receiver asked for that much patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """The receiver may have it: the connection ended after the message had left and before the answer came."""

    cause: Cause
    detail: str = ""


Outcome = Sent | Failed | Ambiguous


#: A message that could not be delivered for so long is dead.
GIVE_UP_AFTER = timedelta(hours=24)

#: Attempts follow each other after about 1, 2, 4 … seconds, up to a minute; after `QUICK_ATTEMPTS` of them every 5 minutes.
FIRST_WAIT = 1.0  # seconds
LONGEST_QUICK_WAIT = 60.0  # seconds
QUICK_ATTEMPTS = 12
SLOW_WAIT = 300.0  # seconds

#: However long a receiver asks to wait, it is asked again after this.
MOST_PATIENCE = timedelta(hours=1)


class Chance(Protocol):
    """What spreads things: `random.Random` is one."""

    def uniform(self, a: float, b: float) -> float: ...


def after_attempt(notification: Notification, outcome: Outcome, now: datetime, rng: Chance) -> Notification:
    """What the row becomes after an attempt.

    Args:
        notification: the row as it was while sending, its attempt counted.
        outcome: how the attempt ended.
        rng: spreads retries, so that many rows do not come back in one moment.
    """
    match outcome:
        case Failed(cause=cause, detail=detail) | Ambiguous(cause=cause, detail=detail) if (
            notification.message.kind in AT_MOST_ONCE
        ):
            return _dead(notification, cause, detail)
        case Sent(receipt=receipt):
            return replace(
                notification,
                state=State.SENT,
                due_at=None,
                lease_until=None,
                reason="",
                detail="",
                receipt=receipt,
            )
        case Failed(cause=cause, detail=detail, permanent=True):
            return _dead(notification, cause, detail)
        case Failed(cause=cause, detail=detail, retry_after=retry_after):
            return _again(notification, cause, detail, now, retry_after, rng)
        case Ambiguous(cause=cause, detail=detail):
            unclear = replace(notification, ambiguous=notification.ambiguous + 1)
            return _again(unclear, cause, detail, now, None, rng)
        case _:
            assert_never(outcome)


def backoff(attempts: int, rng: Chance) -> timedelta:
    """How long to wait after so many attempts: exponential, then steady, each between half and one and a half of it."""
    quick = min(LONGEST_QUICK_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16))
    return timedelta(seconds=(quick if attempts <= QUICK_ATTEMPTS else SLOW_WAIT) * rng.uniform(0.5, 1.5))


def redriven(notification: Notification, now: datetime) -> Notification:
    """A dead row made to be sent again: with its old key, and a full measure of patience."""
    return replace(notification, state=State.QUEUED, due_at=now, attempts=0, created_at=now, reason="", detail="")


# --- Through another channel -----------------------------------------------------------------------------------------


def copied(original: Notification, to: Address, key: str, note: str, now: datetime) -> Notification:
    """The row that tells through another channel what its own one did not take."""
    return Notification(
        key=key,
        address=to,
        message=replace(original.message, note=note),
        created_at=now,
        due_at=now,
        incident=original.incident,
        copy_of=original.id,
    )


def why_copied(channel: str, since: datetime | None, cause: str) -> str:
    """What a copy says of the channel that it stands in for."""
    reason = f" ({cause.replace('_', ' ')})" if cause else ""
    if since is None:
        return f"The channel {channel} does not take this message{reason}, so it comes this way."
    return (
        f"The channel {channel} has taken no message since {since:%Y-%m-%d %H:%M:%S} UTC{reason}, so it comes this way."
    )


def why_late(notification: Notification, fallback: str) -> str:
    """What a message says that was told through another channel before its own one took it."""
    if notification.copied_at is None:
        return notification.message.note
    through = f" through {fallback}" if fallback else " through another channel"
    return f"This comes late; it was told{through} at {notification.copied_at:%Y-%m-%d %H:%M:%S} UTC."


def _again(
    row: Notification, cause: Cause, detail: str, now: datetime, retry_after: timedelta | None, rng: Chance
) -> Notification:
    wait = backoff(row.attempts, rng)
    if retry_after is not None:
        wait = min(max(retry_after, timedelta(0)), MOST_PATIENCE) + wait / 10
    if now + wait > row.created_at + GIVE_UP_AFTER:
        return _dead(row, cause, detail)
    return replace(row, state=State.QUEUED, due_at=now + wait, lease_until=None, reason=cause.value, detail=detail)


def _dead(row: Notification, cause: Cause, detail: str) -> Notification:
    return replace(row, state=State.DEAD, due_at=None, lease_until=None, reason=cause.value, detail=detail)


# --- Writing a message ----------------------------------------------------------------------------------------------


def about(check: Check) -> AboutCheck:
    """What a message says of a check."""
    return AboutCheck(
        name=check.name,
        title=check.label,
        kind=check.kind,
        tags=tuple(sorted(check.tags)),
        runbook=check.runbook,
    )


def compose(
    source: str,
    check: AboutCheck,
    incident: Incident,
    effect: Effect,
    now: datetime,
    link: str = "",
    others: tuple[AboutOther, ...] = (),
    others_count: int = 0,
) -> Message:
    """The facts of one effect of an incident, which is given as it is after the transition."""
    assert incident.opened_at is not None, "only an incident that has opened is told"
    good = effect.kind in (EffectKind.RESOLVED, EffectKind.WITHDRAWN)
    verdict: Verdict = incident.verdict
    return Message(
        kind=Kind.OPENED if effect.kind is EffectKind.ANNOUNCED else Kind(effect.kind.value),
        at=now,
        source=source,
        sequence=incident.sequence,
        check=check,
        incident=AboutIncident(
            id=incident.id,
            phase=incident.phase,
            severity=incident.severity,
            began_at=incident.began_at,
            opened_at=incident.opened_at,
            level=effect.level,
            levels=len(incident.policy.levels),
            resolved_at=incident.resolved_at,
            acknowledgement=incident.acknowledgement,
            assigned_to=incident.assigned_to,
            thread=incident.thread,
        ),
        severity=Severity.OK if good else incident.severity,
        explanation=verdict.explanation,
        hint=verdict.hint,
        findings=verdict.findings,
        link=link,
        others=others,
        others_count=others_count,
        note=_held_back(incident) if effect.kind is EffectKind.OPENED else "",
    )


def _held_back(incident: Incident) -> str:
    return f"The window {incident.excused} held it back until it ended." if incident.excused else ""
