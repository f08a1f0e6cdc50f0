"""An incident as a value: what it is, what can happen to it, and what that asks for. How it lives is in `core.life`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sentinel.core.hours import Calendar
from sentinel.core.judge import GOOD, Verdict
from sentinel.core.rule import Severity


class Phase(StrEnum):
    PENDING = "pending"  # bad, not yet confirmed; nobody is told
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # somebody has taken it; nothing escalates
    RESOLVED = "resolved"


class Cause(StrEnum):
    """What confirmed the trouble, and so what has to get better."""

    RESULTS = "results"  # single results: failures, bounds, security
    WINDOW = "window"  # a rule over a window of time


class Refusal(StrEnum):
    """Why an event changed nothing."""

    NO_INCIDENT = "no_incident"
    NOT_OPEN_YET = "not_open_yet"
    ALREADY_RESOLVED = "already_resolved"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    ALREADY_YOURS = "already_yours"  # asked twice: the same person, for the same reason, a moment ago


class Because(StrEnum):
    """Why nobody is told of an incident for the time being. A closed list."""

    SILENCE = "silence"  # somebody asked for it
    WINDOW = "window"  # a window covers the check
    DEPENDENCY = "dependency"  # something that the check depends on is down, and is told of
    LOOKING = "looking"  # until it is known how what it depends on is
    QUIET = "quiet"  # hours in which only critical incidents are told of
    GROUP = "group"  # it broke together with others, and is told of with them


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Nobody is told of an incident for the time being. It is measured, judged and resolved all the same."""

    because: Because
    by: str = ""  # what does it: the number of a silence, the name of a window or of a check
    bundle: int = 0  # number of the bundle in whose messages it is named; 0: it is not

    def __str__(self) -> str:
        """As people read it; `core.untold` adds what is known of the silence or window."""
        match self.because:
            case Because.SILENCE | Because.WINDOW:
                return f"{self.because.value} {self.by}"
            case Because.DEPENDENCY:
                told = f"; it is told of with #{self.bundle}" if self.bundle else ""
                return f"what it depends on is down: {self.by}{told}"
            case Because.LOOKING:
                *others, last = self.by.split(", ")
                names = f"{', '.join(others)} and {last} were" if others else f"{last} was"
                return f"held back until {names} looked at"
            case Because.QUIET:
                return f"quiet hours of policy {self.by}: only critical incidents are told of"
            case Because.GROUP:
                return f"it is told of with #{self.bundle}, as it broke together with {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What holds around a check at a moment, beside what was measured."""

    excuse: str = ""  # the window that excuses whatever the check finds; empty: none
    warning: Mute | None = None  # for an incident that is a warning
    critical: Mute | None = None  # for one that is critical
    hole: Mute | None = None  # for a hole in security
    policy: "Policy | None" = None  # that a warning goes by; None: what it has
    critical_policy: "Policy | None" = None  # likewise
    flapping: float | None = None  # how much of the last results were changes, 0 to 1; None while it does not flap
    company: bool = False  # whether others of its bundle are in trouble and would speak for it
    heard: tuple["Address", ...] = ()  # who heard of it through the incident that speaks for its bundle
    sequence: int = 0  # how many messages the incident has caused that speaks for its bundle, or would

    def mute(self, incident: "Incident") -> Mute | None:
        """Why nobody is told of an incident now.

        One of which people were told by itself joins nobody: whoever has heard of its conversation hears the end of it there.
        """
        if incident.hole:
            return self.hole
        mute = self.critical if incident.severity is Severity.CRITICAL else self.warning
        if mute is not None and mute.bundle and incident.told and incident.leads:
            return replace(mute, bundle=0)
        return mute


#: Nothing out of the ordinary.
CALM = Around()


class Address(NamedTuple):
    """Where a message goes: a channel and, where the channel has several, one of its recipients."""

    channel: str
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of escalation."""

    after: timedelta  # since the incident opened (or since it became critical, if the level is for critical ones)
    channels: tuple[str, ...]
    severity: Severity = Severity.WARNING  # the least severity that reaches this level
    on_call: tuple[str, ...] = ()  # names of schedules: whoever is on call then is told
    repeat: timedelta = timedelta(0)  # told again so long after it was told, while nobody has taken it; zero: never
    repeats: int = 5  # how often at most

    @property
    def names_anybody(self) -> bool:
        """Whether it is there to tell somebody, or to run something."""
        return bool(self.channels or self.on_call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """Who is kept informed while an incident lasts."""

    channels: tuple[str, ...]
    every: timedelta
    after: timedelta = timedelta(0)  # since the incident opened, the first
    severity: Severity = Severity.CRITICAL  # the least of which they hear


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is told when. An incident keeps the policy it opened with, whatever a reload brings."""

    name: str
    levels: tuple[Level, ...]
    remind_warning: timedelta = timedelta(hours=4)  # zero: never
    remind_critical: timedelta = timedelta(minutes=30)  # zero: never
    acknowledge_warning: timedelta = timedelta(hours=4)  # how long an acknowledgement holds unless it says otherwise
    acknowledge_critical: timedelta = timedelta(hours=1)
    updates: Updates | None = None
    group_wait: timedelta = timedelta(
        seconds=30
    )  # what joins an incident or leaves it within this is told in one message
    group_every: timedelta = timedelta(minutes=5)  # the least time between two such messages
    quiet: tuple[Calendar, ...] = ()  # hours in which only critical incidents are told of; the others are when they end

    def remind_every(self, severity: Severity) -> timedelta:
        return self.remind_critical if severity is Severity.CRITICAL else self.remind_warning

    def acknowledged_for(self, severity: Severity) -> timedelta:
        return self.acknowledge_critical if severity is Severity.CRITICAL else self.acknowledge_warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    by: str
    why: str
    at: datetime
    until: datetime


class Round(NamedTuple):
    """How often a level that repeats was told."""

    level: int
    times: int
    at: datetime  # the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble of one check. `id` is 0 until it opens."""

    check: str
    policy: Policy
    began_at: datetime  # when the first bad result came
    id: int = 0
    phase: Phase = Phase.PENDING
    severity: Severity = Severity.OK
    routed: bool = False  # whether a route gave it another policy than its check has
    cause: Cause = Cause.RESULTS
    verdict: Verdict = GOOD  # the latest that was not good
    breaches: int = 0  # bad results in a row
    criticals: int = 0  # critical ones in a row
    passes: int = 0  # good ones in a row, once open
    eases: int = 0  # in a row no more than a warning, while critical
    hole: bool = False  # whether people were told of a hole in security
    opened_at: datetime | None = None
    critical_at: datetime | None = None  # since when it is critical
    paused: timedelta = timedelta(0)  # time under acknowledgements and mutes, which escalation does not count
    paused_earlier: timedelta = timedelta(0)  # of that, before it became critical
    levels: tuple[int, ...] = ()  # numbers of the levels that were told, from 1
    acknowledgement: Acknowledgement | None = None
    told_at: datetime | None = None  # when somebody was last told that it goes on
    resolved_at: datetime | None = None
    sequence: int = 0  # how many messages it has caused
    told: tuple[Address, ...] = ()  # everybody who was told of it, in the order in which they were
    counts_from: datetime | None = None  # from when escalation counts, where that is not when it opened
    paused_at: datetime | None = None  # since when escalation does not count: it is acknowledged or muted
    mute: Mute | None = None
    rounds: tuple[Round, ...] = ()  # of the levels that repeat
    progress_at: datetime | None = None  # when those who are kept informed last were
    flapping: bool = False
    excused: str = ""  # the window that kept it from opening until it ended
    assigned_to: str = ""  # a person's name
    bundle: int = 0  # number of the incident that this one is told of together with; 0: by itself
    leads: bool = True  # whether it speaks for its bundle
    joined: int = 0  # how many messages whoever speaks for it had caused when it joined
    named: int = 0  # sequence of its latest message that named the others in its bundle
    thread: int = 0  # number of the incident whose conversation it continues; 0: its own
    news_at: datetime | None = None  # since when there is something about the others in its bundle that was not told
    updated_at: datetime | None = None  # when the others in its bundle were last told of
    suspect: int = 0  # number of the deployment that it may come of; 0: none

    @property
    def is_open(self) -> bool:
        return self.phase in (Phase.OPEN, Phase.ACKNOWLEDGED)

    @property
    def conversation(self) -> int:
        """The number under which its messages belong together, and follow each other."""
        return self.thread or self.id

    @property
    def responders(self) -> tuple[Address, ...]:
        """Everybody who was told, without those who are only kept informed."""
        updates = self.policy.updates
        if updates is None:
            return self.told
        informed = set(updates.channels) - {name for level in self.policy.levels for name in level.channels}
        return tuple(address for address in self.told if address.channel not in informed)

    @property
    def announced(self) -> bool:
        """Whether it has been told of by itself."""
        return bool(self.levels)

    @property
    def mutes_itself(self) -> bool:
        """Whether it would be muted even if no other incident spoke for it."""
        return self.mute is not None and not self.mute.bundle


# --- Events: what can happen to an incident -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A result was judged."""

    check: str
    verdict: Verdict
    policy: Policy  # of the check now; taken when an incident begins
    open_after: int
    close_after: int
    around: Around = CALM


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed, or something around the check has changed."""

    around: Around = CALM


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody takes it."""

    by: str
    why: str
    hold: timedelta | None = None  # for how long; the policy's time when None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledge:
    """Whoever had taken it gives it back."""

    by: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Somebody says that it is over. If results go on to be bad, another incident opens."""

    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """Somebody writes down what they know."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """It is somebody's to see to."""

    by: str
    to: str  # empty: nobody's any more


@dataclass(frozen=True, slots=True)
class CompanyChanged:
    """Another incident of its bundle has joined, or is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """The incident that spoke for the bundle is over, or speaks no more; this one does from now on."""

    before: Incident
    around: Around = CALM


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The check is gone from the plan, so nothing can resolve its incident any more."""


Event = Judged | Ticked | Acknowledge | Unacknowledge | Close | Comment | Assign | CompanyChanged | TakeOver | Withdraw


# --- Effects: what a transition asks for ----------------------------------------------------------------------------


class EffectKind(StrEnum):
    OPENED = "opened"
    ANNOUNCED = "announced"  # nobody was told when it opened; now they are
    WORSENED = "worsened"
    EASED = "eased"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_EXPIRED = "acknowledgement_expired"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # resolved because the check was removed
    UPDATED = "updated"  # what is to be said of the others in its bundle
    PROGRESS = "progress"  # for those who are kept informed
    FLAPPING = "flapping"
    UNACKNOWLEDGED = "unacknowledged"
    ASSIGNED = "assigned"
    # What stands on the timeline and is told to nobody
    MUTED = "muted"
    UNMUTED = "unmuted"
    SETTLED = "settled"  # it does not flap any more
    COMMENTED = "commented"
    LEFT = "left"  # it is over, while others of its bundle are not: they tell of it
    TAKEN_OVER = "taken_over"


#: Effects that nobody is told of.
UNTOLD = frozenset(
    {
        EffectKind.MUTED,
        EffectKind.UNMUTED,
        EffectKind.SETTLED,
        EffectKind.COMMENTED,
        EffectKind.LEFT,
        EffectKind.TAKEN_OVER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a transition asks for. The incident beside it is the one after the transition."""

    kind: EffectKind
    level: int = 0  # the level of escalation that is told, from 1; 0: those who were told already
    by: str = ""  # the person whose doing it is
    text: str = ""  # what they say, or what the timeline is to say


class Step(NamedTuple):
    """The answer of `step`."""

    incident: Incident | None  # None: there is no trouble
    effects: tuple[Effect, ...] = ()
    refusal: Refusal | None = None
