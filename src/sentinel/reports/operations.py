"""Operations: how well the checks kept their targets, what incidents cost, and whether alerts were worth reading.

Each figure stands beside the same one of the period before, which is as long. Planned downtime is kept apart in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sentinel.base.units import Unit
from sentinel.core.rule import Direction, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeLine:
    """How long one check, one system or everything stood how; the time in windows is kept apart."""

    name: str  # of the check or the system; empty: all checks
    title: str
    checks: int  # how many are added up
    uptime: float | None  # (up + degraded) / (up + degraded + down); None when nothing was judged
    before: float | None
    up: timedelta
    degraded: timedelta
    down: timedelta
    unknown: timedelta  # gaps included
    planned: timedelta  # in windows; in none of the others
    target: float  # share
    severity: Severity  # against its targets; UNKNOWN where nothing was judged


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """An objective and its error budget, counted in time."""

    check: str
    title: str
    target: float  # the share of the judged time in which it is to be up
    source: str  # which rule sets it: `uptime`, `burn rate`, or `usual` where the check has neither
    allowed: timedelta  # how long it may be down of the time that was judged
    used: timedelta
    left: timedelta  # negative when more was used than there was
    burn: float | None  # used / allowed: 1 is all of it; None when nothing was judged
    before: float | None
    kept: bool | None  # None when nothing was judged


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileTarget:
    """A rule on the main reading beside what the period says of it."""

    quantile: float  # which one is compared; of a rule on single results the 95th percentile
    each: bool  # whether the rule is on single results
    value: float | None  # that quantile over the whole period
    warning: float | None  # the target; in the reading's unit
    critical: float | None
    direction: Direction
    within: float | None  # share of the results that keep the target
    within_critical: float | None  # share of the results that keep the critical bound
    kept: bool | None  # whether the value keeps the target; None when nothing was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileLine:
    """How the main reading of a check was distributed. At most `Method.quantile_error` off."""

    check: str
    title: str
    reading: str
    unit: Unit
    samples: int  # that have the reading
    p50: float | None
    p95: float | None
    p99: float | None
    before: float | None  # the p95
    targets: tuple[QuantileTarget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLine:
    """One of the slowest checks, by how near its p95 comes to its target."""

    check: str
    title: str
    reading: str
    unit: Unit
    p95: float
    before: float | None
    target: float  # the warning bound, or the critical one where there is no other
    ratio: float  # p95 / target


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakyLine:
    """One of the checks that came and went most."""

    check: str
    title: str
    spells: int  # times that it went down, as roll-ups tell
    before: int
    incidents: int  # opened
    flapped: int  # times that an incident was found to come and go


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTimes:
    """How long each step of one incident took. None: it did not come to that in the period."""

    id: int
    check: str
    severity: Severity
    explanation: str
    began_at: datetime
    opened_at: datetime
    detect: timedelta | None  # from the first bad result to its opening
    tell: timedelta | None  # from its opening until the first message was taken by a receiver
    acknowledge: timedelta | None  # from its opening until somebody took it
    resolve: timedelta | None  # from its opening to its end
    messages: int
    acted_on: str  # what a person did first, such as `acknowledged`; empty: nothing
    ended_by: str  # `itself`, `a person`, or empty while it goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFigure:
    """One of the four times over all incidents of the period."""

    name: str  # `detect`, `tell`, `acknowledge` or `resolve`
    title: str  # such as `Time to detect`
    count: int  # incidents that came to that
    median: timedelta | None
    longest: timedelta | None
    before: timedelta | None  # the median


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """Somebody who was told."""

    channel: str
    recipient: str  # empty: the channel itself
    messages: int
    incidents: int
    at_night: int  # messages


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyLine:
    """A check and what it asked of people."""

    check: str
    title: str
    incidents: int
    messages: int
    acted_on: int  # incidents that somebody did something about


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuality:
    """Whether alerts were worth reading. Incidents are those that opened in the period."""

    incidents: int
    incidents_before: int
    messages: int  # to people, about incidents, in the period
    messages_before: int
    per_incident: float | None
    acted_on: int  # incidents that a person did something about
    acts: Mapping[str, int]  # what was done -> incidents; one may be in several
    by_themselves: int  # that were over and nobody had done anything
    untouched: int  # that go on and nobody has done anything
    untold: int  # of which nobody was told
    muted: Mapping[str, int]  # by what, such as `window` -> incidents that were muted at some time
    flapping: int
    at_night: int  # that opened at night
    messages_at_night: int
    night: str  # which hours are night, and in which zone
    told: tuple[ToldLine, ...]  # who was told most; at most `MOST_TOLD`
    noisy: tuple[NoisyLine, ...]  # what told most; at most `MOST_NOISY`


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """What a channel was given in the period, and what became of it. Reports and tests count too."""

    channel: str
    kind: str  # such as `email`; empty when the plan does not have it any more
    rows: int
    sent: int
    waiting: int
    dead: int  # given up
    dropped: int  # given up by a person
    cancelled: int  # there was nothing to tell any more
    retried: int  # that took more than one attempt
    ambiguous: int  # of which the receiver may have got more than one
    copied: int  # that were told through another channel meanwhile
    slowest: timedelta | None  # from being written down to being taken, at the worst
    causes: Mapping[str, int]  # why those that are dead were refused


#: How many lines lists of the most hold.
MOST_TOLD = 10
MOST_NOISY = 10
MOST_SLOW = 10
MOST_FLAKY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The part of a report for those who run the systems."""

    since_before: datetime  # when the period before began; it ended when this one began
    whole: UptimeLine
    systems: tuple[UptimeLine, ...]  # the worst first; only where a check names one
    checks: tuple[UptimeLine, ...]  # the worst first
    budgets: tuple[BudgetLine, ...]  # the most used first
    quantiles: tuple[QuantileLine, ...]  # by name
    slowest: tuple[SlowLine, ...]
    flakiest: tuple[FlakyLine, ...]
    incidents: tuple[IncidentTimes, ...]  # that opened in the period, the newest first
    times: tuple[TimeFigure, ...]
    quality: AlertQuality
    channels: tuple[ChannelLine, ...] = field(default=())  # by name
