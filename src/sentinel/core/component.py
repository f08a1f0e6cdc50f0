"""Components: what the public status page names. Who stands there is public by that, and nothing else is.

A component stands for some checks. People outside see its name, its condition and its uptime, never what is behind it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sentinel.core.cadence import overdue
from sentinel.core.history import History
from sentinel.core.rule import Severity
from sentinel.core.slo import Rollup
from sentinel.core.tls import TlsFiles


class Condition(StrEnum):
    """How a component is, in the words of people outside."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"  # a warning
    PARTIAL_OUTAGE = "partial_outage"  # some of its checks are critical
    MAJOR_OUTAGE = "major_outage"  # all of them are
    MAINTENANCE = "maintenance"  # a window covers it, and nothing outside of the window is wrong
    UNKNOWN = "unknown"  # nobody can tell; never shown as if all was well

    @property
    def is_outage(self) -> bool:
        return self in (Condition.PARTIAL_OUTAGE, Condition.MAJOR_OUTAGE)


#: The worst first.
_WORST_FIRST = (
    Condition.MAJOR_OUTAGE,
    Condition.PARTIAL_OUTAGE,
    Condition.DEGRADED,
    Condition.MAINTENANCE,
    Condition.UNKNOWN,
    Condition.OPERATIONAL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Something that people outside know by name."""

    name: str
    slug: str  # in addresses; unique on the page
    checks: tuple[str, ...]  # names of those that stand for it; never shown
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentGroup:
    """Components under one heading."""

    name: str
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPagePlan:
    """The public status page."""

    title: str
    groups: tuple[ComponentGroup, ...]
    port: int  # 0: any that is free
    host: str = "127.0.0.1"
    tls: TlsFiles | None = None  # None: plain HTTP
    text: str = ""  # below the title
    link: str = ""  # address under which people outside reach it, without a slash at its end; empty: links are relative
    days: int = 90  # of the bars
    automatic_after: timedelta | None = None  # an outage of so long is posted without a person; None: never
    language: str = "en"  # of the words; for browsers and screen readers
    words: Mapping[str, str] = field(default_factory=dict)  # what the page itself says, by key

    @property
    def components(self) -> tuple[Component, ...]:
        """Every component in the order of the page."""
        return tuple(component for group in self.groups for component in group.components)

    def find(self, name: str) -> Component | None:
        """The component that goes by this name or slug."""
        return next((one for one in self.components if name in (one.name, one.slug)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one check now, for the public."""

    severity: Severity  # OK until a trouble is confirmed
    covered: bool = False  # by a window
    began_at: datetime | None = None  # when its trouble began; None where there is none


def seen(history: History, *, covered: bool, started_at: datetime, now: datetime) -> Seen:
    """What people outside may learn of a check: a trouble once an incident is open, and no silence counts as health.

    Args:
        history: of the check.
        covered: whether a window covers it now.
        started_at: since when Sentinel watches.
        now: aware.
    """
    incident = history.incident
    if incident is not None and incident.is_open:
        return Seen(severity=incident.severity, covered=covered, began_at=incident.began_at)
    last = history.last.scheduled_at if history.last else None
    blind = last is None or history.verdict.severity is Severity.UNKNOWN
    if blind or overdue(history.check, last, started_at, now):
        return Seen(severity=Severity.UNKNOWN, covered=covered)
    return Seen(severity=Severity.OK, covered=covered)


def condition(checks: Sequence[Seen]) -> Condition:
    """How a component with these checks is. What a window covers is left out while anything else is there to judge by."""
    open_ones = [one.severity for one in checks if not one.covered]
    if open_ones and all(one is Severity.CRITICAL for one in open_ones):
        return Condition.MAJOR_OUTAGE
    if Severity.CRITICAL in open_ones:
        return Condition.PARTIAL_OUTAGE
    if Severity.WARNING in open_ones:
        return Condition.DEGRADED
    if len(open_ones) < len(checks):
        return Condition.MAINTENANCE
    return Condition.OPERATIONAL if open_ones and Severity.UNKNOWN not in open_ones else Condition.UNKNOWN


def overall(conditions: Collection[Condition]) -> Condition:
    """How everything together is: the worst of it, and a major outage only where everything is out."""
    worst = min(conditions, key=_WORST_FIRST.index, default=Condition.UNKNOWN)
    if worst is Condition.MAJOR_OUTAGE and set(conditions) != {worst}:
        return Condition.PARTIAL_OUTAGE
    return worst


def outage_began(checks: Iterable[Seen]) -> datetime | None:
    """Since when a component is out: the first of its checks that is critical outside of a window."""
    critical = (one for one in checks if one.severity is Severity.CRITICAL and not one.covered)
    return min((one.began_at for one in critical if one.began_at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How long a component was in which state, in seconds summed over its checks."""

    up: float = 0.0
    degraded: float = 0.0
    down: float = 0.0
    unknown: float = 0.0

    @property
    def judged(self) -> float:
        return self.up + self.degraded + self.down

    @property
    def uptime(self) -> float | None:
        """(up + degraded) / (up + degraded + down); None where nothing was judged. Unknown time is in neither."""
        return (self.up + self.degraded) / self.judged if self.judged else None

    def plus(self, other: "Share | Rollup") -> "Share":
        return Share(
            up=self.up + other.up,
            degraded=self.degraded + other.degraded,
            down=self.down + other.down,
            unknown=self.unknown + other.unknown,
        )


#: A day counts as fine from this uptime on, and so down; below the last it was a major outage.
FINE, DEGRADED_FROM, PARTIAL_FROM = 0.9995, 0.99, 0.95

#: A day that was degraded for more than this share of the judged time is shown so.
_DEGRADED_SHARE = 0.05

#: Less than half of a second is what sums of many rows leave over: no time at all.
_HAIR = 0.5


def condition_of_day(share: Share) -> Condition:
    """How a day is shown. One of which less than half is known is shown as unknown, unless it was bad."""
    uptime = share.uptime
    if uptime is None or share.judged < _HAIR:
        return Condition.UNKNOWN
    if uptime < DEGRADED_FROM:
        return Condition.PARTIAL_OUTAGE if uptime >= PARTIAL_FROM else Condition.MAJOR_OUTAGE
    if uptime < FINE or share.degraded > _DEGRADED_SHARE * share.judged:
        return Condition.DEGRADED
    return Condition.UNKNOWN if share.unknown > share.judged else Condition.OPERATIONAL
