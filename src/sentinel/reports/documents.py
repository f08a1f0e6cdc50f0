"""What a command, a page, a mail or a program is shown: one document, many faces.

Every document has a JSON form, `to_json`: the names of the fields, times as ISO 8601 in UTC, durations in seconds, severities
and phases as words, shares from 0 to 1. Fields are added within a `format`, never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import IN_TROUBLE, Ending, Judged
from sentinel.core.deployment.deployment import Phase as DeploymentPhase
from sentinel.core.incident import Phase
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Direction, Severity
from sentinel.core.silence import Course
from sentinel.reports.text import UNTOLD

#: The version of the JSON form of all documents.
FORMAT = 1


#: Most of a large document: looked at first, for a status of thousands of checks.
_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


class Document:
    """Something with a JSON form."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """The document as plain values, ready for a JSON encoder."""
        value: dict[str, Any] = plain(self)
        return value


def plain(value: Any) -> Any:
    """Any part of a document as values that JSON has."""
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case timedelta():
            return round(value.total_seconds(), 3)
        case Severity():
            return value.label
        case Enum():
            return value.value
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case tuple() | list():
            return [plain(part) for part in value]
        case frozenset():
            return sorted(plain(part) for part in value)
        case _ if is_dataclass(value):
            return {name: plain(getattr(value, name)) for name in _names(value.__class__)}
        case _:
            return value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLine:
    """A reading beside the bounds of the rule on it."""

    name: str
    value: float | None  # None when the last run did not take it
    unit: Unit
    warning: float | None = None  # the target; in the reading's unit
    critical: float | None = None
    direction: Direction = Direction.ABOVE  # on which side of a bound the trouble lies


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """What is known of one check now."""

    name: str
    title: str
    kind: str
    tags: tuple[str, ...]
    severity: Severity  # of the last verdict; UNKNOWN before the first result
    since: datetime | None  # since when it has this severity; None before the first result
    explanation: str  # why, in one sentence; empty when all is well
    hint: str  # what a person can do now
    last_at: datetime | None  # end of the last run
    reading: ReadingLine | None  # the main one of its kind
    judged: ReadingLine | None = None  # the one that the last verdict is about, beside the bounds it was judged by
    interval: timedelta
    overdue: bool  # the last run is longer ago than it should be
    pending: str  # such as `2 of 3`: bad results on the way to an incident; empty when there is none
    uptime: float | None  # of 24 hours, by time, unknown time left out; None when nothing was judged
    degraded: timedelta = timedelta(0)  # of 24 hours, beyond a bound; counts as up
    p95: float | None  # of the main reading over 24 hours, in its unit
    samples: int  # results of 24 hours
    quiet: str = ""  # what covers it now, a window or a silence, in words; empty: nothing does
    system: str = ""  # that it belongs to; empty: none was named
    excused: bool = False  # a window covers it: whatever it finds is no trouble now


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenReading:
    """A reading as one run took it."""

    name: str
    value: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine(Document):
    """One run of a check that somebody asked for."""

    name: str
    kind: str
    severity: Severity
    outcome: Outcome
    failure: FailureClass | None
    explanation: str
    hint: str
    readings: tuple[TakenReading, ...]
    main: str = ""  # the reading that stands for the check


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftLine(Document):
    """What a run of a scenario made in the target, and that is not taken away yet. A run under way has one too."""

    id: str  # the mark of the run: what it made bears it
    check: str
    at: datetime  # when the run began
    values: Mapping[str, str | int]  # what its clean-up knows, such as the id of a record
    problem: str = ""  # why it could not be taken away just now; empty when that was not tried


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine(Document):
    """One incident."""

    id: int
    check: str
    severity: Severity
    phase: Phase
    explanation: str
    hint: str
    began_at: datetime  # first bad result
    opened_at: datetime | None
    resolved_at: datetime | None
    age: timedelta  # since the first bad result, up to now or to its end
    level: int  # the highest level of escalation that was told; 0 when none was
    levels: int  # how many its policy has
    acknowledged_by: str = ""
    acknowledged_why: str = ""
    acknowledged_until: datetime | None = None
    meanwhile: str = ""  # how the check is now, where it is not as bad as told: `1 of 2 good`, `not judged now`
    quiet: str = ""  # why nobody is told of it now, in words; empty: somebody is
    muted: str = ""  # why nobody is told of it now, by one word and who or what does it; empty: somebody is
    assigned_to: str = ""
    bundle: int = 0  # number of the incident that it is told of together with; 0: by itself
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationLine(Document):
    """One row of the outbox."""

    id: int
    state: str
    channel: str
    recipient: str
    kind: str  # what it tells, such as `opened`
    check: str  # empty for a report or a test
    incident: int | None
    created_at: datetime
    due_at: datetime | None
    attempts: int
    ambiguous: int  # attempts after which nobody knows whether it arrived
    reason: str  # why the last attempt failed, from a closed list
    detail: str  # the receiver's words, short and cleaned
    carried_by: int | None = None  # the row whose message stands for this one: a digest, or newer news
    copy_of: int | None = None  # the row of another channel that this one is told in place of
    copied_at: datetime | None = None  # when it was told through another channel, because its own did not take it
    deployment: int | None = None  # number of the deployment that it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLine(Document):
    """One silence."""

    id: int
    course: Course
    covers: str  # which incidents, in words
    by: str
    why: str
    starts_at: datetime
    ends_at: datetime
    ended_by: str  # who ended it before its time; empty: nobody
    checks: int = 0  # that it means now
    mutes: int = 0  # open incidents of which nobody is told because of it
    ends_soon: bool = False  # it mutes something, and ends within half an hour
    long: bool = False  # it goes on for more than a week: it may have been forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one moment up to, and without, another."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLine(Document):
    """One window, and when it is."""

    id: str
    title: str
    course: Course
    covers: str  # which checks, in words
    current: Span | None  # None while it is not open
    next: tuple[Span, ...]  # the next times
    configured: bool
    expects_down: bool
    by: str
    why: str
    channels: tuple[str, ...] = ()  # that are told of it
    ended_by: str = ""  # who ended its last time early
    checks: int = 0  # that it covers now
    still_up: tuple[str, ...] = ()  # while it is open and down is expected: checks that were up since, and never down
    public: bool = False  # announced on the public status page, where it covers something that stands there
    public_text: str = ""  # what it says there


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine(Document):
    """One time that a window was open."""

    window: str  # id
    title: str
    covers: str
    starts_at: datetime
    ends_at: datetime
    expects_down: bool
    by: str
    why: str
    ended_by: str
    still_up: tuple[str, ...]  # though down was expected
    called_off: bool  # before it began


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLine:
    """How telling goes."""

    waiting: int = 0  # queued or being sent
    dead: int = 0  # given up; `sentinel outbox` shows them
    oldest: timedelta | None = None  # age of the oldest that waits
    errors: Mapping[str, str] = field(default_factory=dict)  # channel -> what keeps it from sending; only those

    @property
    def stuck(self) -> tuple[str, ...]:
        """Channels by which nobody can be told: messages wait for longer than another attempt takes, and these fail."""
        waits = bool(self.waiting) and self.oldest is not None and self.oldest.total_seconds() > UNTOLD
        return tuple(sorted(self.errors)) if waits else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHealth:
    """How Sentinel itself does. Counters run from its start."""

    memory: int = 0  # bytes, resident
    loop_lag: float = 0.0  # seconds by which the event loop was late, at worst in the last minute
    queues: Mapping[str, int] = field(default_factory=dict)  # name -> length
    running: int = 0  # probes under way
    runs: Mapping[str, int] = field(default_factory=dict)  # outcome -> results
    skipped: Mapping[str, int] = field(default_factory=dict)  # reason -> runs that were left out
    lateness_p50: float | None = None  # seconds between slot and start
    lateness_p99: float | None = None
    notifications: Mapping[str, int] = field(default_factory=dict)  # state -> rows of the outbox, sent ones left out
    deliveries: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # channel -> outcome -> attempts
    failing: Mapping[str, float] = field(
        default_factory=dict
    )  # channel -> seconds for which it has failed; 0: it works
    budgets: Mapping[str, int] = field(
        default_factory=dict
    )  # channel with a budget -> messages left for who has the least
    commits: int = 0
    commit_p99: float | None = None  # seconds
    store_size: int | None = None  # bytes, with its write-ahead log; None where a server keeps it
    store_free: int | None = None  # bytes left on its disk
    reload_problem: str = ""  # why the last reload kept the old plan
    audited_at: datetime | None = None  # when the auditor last looked through the store
    flaws: int = 0  # that it found then
    heartbeat_sent_at: datetime | None = None  # the latest sign of life that reached the outside
    heartbeat_problem: str = ""  # why none is sent, or why it does not arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentLine(Document):
    """A deployment in a list."""

    id: int
    system: str
    version: str
    from_version: str
    ref: str
    environment: str
    by: str
    started_at: datetime
    window_ends_at: datetime
    overrun: bool
    phase: DeploymentPhase
    verdict: Judged | None  # of its watch; None while it is not known, or without a watch
    ending: Ending | None
    ended_at: datetime | None
    text: str  # in one sentence: how it stands, or what came of it

    @property
    def label(self) -> str:
        """Such as `payroll 2.4.1`."""
        return f"{self.system} {self.version}".strip()

    @property
    def is_in_trouble(self) -> bool:
        """Whether it has failed, or may have, and nobody has put that right."""
        return self.ending in IN_TROUBLE if self.ending else self.overrun or self.verdict is Judged.FAIL

    @property
    def concerns(self) -> bool:
        """Whether people have to know of it now: it goes on, or is over and in trouble."""
        return self.phase is not DeploymentPhase.ENDED or self.is_in_trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDocument(Document):
    """What a monitor says of itself and of everything it watches."""

    format: int = FORMAT
    version: str  # of Sentinel
    source: str  # name of this Sentinel
    at: datetime
    started_at: datetime | None  # None when it does not run
    config: str  # the file it goes by; absolute
    fingerprint: str  # of the configuration
    from_store: bool  # no daemon answered; this is what the store remembers
    store_problem: str  # why nothing can be stored or read now; empty when all is well
    overall: Severity  # the exit status of `sentinel --status`
    checks: tuple[CheckLine, ...]  # the most urgent first
    incidents: tuple[IncidentLine, ...]  # open ones, the most urgent first
    outbox: OutboxLine
    own: OwnHealth | None  # None when it does not run
    silences: tuple[SilenceLine, ...] = ()  # active ones, the one that ends first first
    windows: tuple[WindowLine, ...] = ()  # open ones, likewise
    deployments: tuple[DeploymentLine, ...] = ()  # that go on, or have failed and stand so


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDocument(Document):
    """Whether Sentinel does its work: probing, judging and sending make progress."""

    healthy: bool
    version: str
    probing: bool
    progress: Mapping[str, float]  # part -> seconds since it last made progress
    problem: str = ""  # what stands still


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """One check over the period of a report."""

    name: str
    title: str
    kind: str
    uptime: float | None  # (up + degraded) / (up + degraded + down), by time; None when nothing was judged
    up: timedelta
    degraded: timedelta  # it did what it should, beyond a bound
    down: timedelta
    unknown: timedelta  # nobody could tell, gaps included; in no uptime
    planned: timedelta = timedelta(0)  # in windows; in none of the others
    samples: int
    failures: int
    error_rate: float | None  # failed results as a share of the judged ones
    error_rate_warning: float | None  # the bounds of the rule on it
    error_rate_critical: float | None
    reading: ReadingLine | None  # the main one; its value is the quantile that its rule is held against, mostly the p95
    p50: float | None
    p95: float | None
    p99: float | None
    incidents: int  # that were open in the period
    severity: Severity  # the worst that the figures are against their bounds; a warning at least with incidents or degraded time
    missed: tuple[str, ...]  # which targets were missed, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport:
    """One incident of the period."""

    line: IncidentLine
    duration: timedelta  # since the first bad result, up to its end or the end of the period
    acknowledged_by: str  # who took it first; empty when nobody did
    acknowledged_why: str
    acknowledged_after: timedelta | None  # since it opened
    notifications: int  # messages about it that receivers took in the period
    told: int  # addresses it reached
