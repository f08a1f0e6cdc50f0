"""What a report is made from: everything that a store knows of a period, read at one moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sentinel.core.accounts import ChannelAccount, Delivered, ToldAddress
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.holding import Held
from sentinel.core.incident import Incident, Phase
from sentinel.core.planned import Planned, Stretch, without
from sentinel.core.selection import Selection
from sentinel.core.silence import Silence
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.method import ConfigChange

#: Where sums of nothing begin.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a store knows of a period."""

    rollups: Mapping[str, Rollup]  # one per check, over the whole period
    incidents: Sequence[Incident]  # open in the period or resolved in it
    timelines: Mapping[int, Sequence[TimelineEntry]]  # by incident
    silences: Sequence[Silence] = ()  # active in the period, the newest first
    held: Sequence[Held] = ()  # occurrences of windows in the period, the latest first
    planned: Sequence[Planned] = ()  # what windows took of it
    edge: timedelta = timedelta(0)  # how far an end of a window may be off
    delivered: Mapping[int, Delivered] = field(default_factory=dict)  # by incident
    told: Sequence[ToldAddress] = ()  # who was told of these incidents, most first
    channels: Sequence[ChannelAccount] = ()
    spells: Mapping[str, int] = field(default_factory=dict)  # by check: how often it went down
    changes: Sequence[ConfigChange] = ()  # of the configuration, the earliest first
    unsaid: Mapping[str, timedelta] = field(
        default_factory=dict
    )  # by check: at the end, for its next result to speak for
    deployments: Sequence[Deployment] = ()  # that went on in the period
    full: bool = False  # whether there were more incidents than are here
    windows_full: bool = False  # whether windows were open more often than is here
    before: "Past | None" = None  # of the period before, as long; None: nobody asks for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One check over a period: what counts, and what was planned."""

    check: Check
    counted: Rollup  # outside of windows
    planned: timedelta  # time in windows
    unknown: (
        timedelta  # that nobody could judge or watched, gaps included; outside of windows. What is unsaid is none of it
    )
    incidents: tuple[Incident, ...]  # its own, the newest first

    @property
    def judged(self) -> float:
        """Seconds outside of windows that were judged."""
        return self.counted.up + self.counted.degraded + self.counted.down

    @property
    def coverage(self) -> float:
        """The share of the time outside of windows that was judged, 0 to 1; 1 where all of it was planned."""
        whole = self.judged + self.unknown.total_seconds()
        return min(1.0, self.judged / whole) if whole else 1.0


def account(check: Check, past: Past, period: Stretch) -> Account:
    """What a store knows of one check."""
    whole = past.rollups.get(check.name) or nothing(check.name, period)
    parts = [one.rollups[check.name] for one in past.planned if check.name in one.rollups]
    counted = without(whole, parts)
    planned = sum((one.piece.stretch.length for one in past.planned if check.name in one.piece.checks), timedelta(0))
    known = timedelta(seconds=counted.up + counted.degraded + counted.down)
    return Account(
        check=check,
        counted=counted,
        planned=planned,
        unknown=max(period.length - planned - known - past.unsaid.get(check.name, timedelta(0)), timedelta(0)),
        incidents=tuple(one for one in past.incidents if one.check == check.name),
    )


def accounts(checks: Iterable[Check], past: Past, period: Stretch) -> list[Account]:
    """The same of several checks, in their order."""
    by_check: dict[str, list[Planned]] = {}
    for one in past.planned:
        for name in one.piece.checks:
            by_check.setdefault(name, []).append(one)
    return [account(check, replace(past, planned=by_check.get(check.name, ())), period) for check in checks]


def nothing(check: str, period: Stretch) -> Rollup:
    """A roll-up of a check of which nothing is known."""
    return Rollup(check=check, start=period.since, span=period.length)


def added(rollups: Iterable[Rollup]) -> Rollup:
    """Times and counts of several checks together. Their readings measure different things and are not mixed."""
    known = list(rollups)
    names = ("up", "degraded", "down", "unknown", "samples", "failures", "unknowns")
    sums = {name: sum(getattr(rollup, name) for rollup in known) for name in names}
    return Rollup(
        check="",
        start=min((rollup.start for rollup in known), default=EPOCH),
        span=max((rollup.span for rollup in known), default=timedelta(0)),
        **sums,
    )


def chosen(past: Past, checks: Sequence[Check], selection: Selection, period: Stretch) -> Past:
    """What of a past a report of some checks is about, as it stood at the end of its period."""
    names = {check.name for check in checks}
    kept = [as_of(one, period.until) for one in past.incidents if selection.is_everything or one.check in names]
    before = past.before
    earlier = Stretch(period.since - period.length, period.since)
    return replace(
        past,
        incidents=kept,
        timelines={one.id: past.timelines[one.id] for one in kept if one.id in past.timelines},
        before=None if before is None else chosen(before, checks, selection, earlier),
    )


def as_of(incident: Incident, until: datetime) -> Incident:
    """An incident as it stood at a moment: a report of last week says the same whenever it is made.

    How bad it was at the worst is taken as it is known now.
    """
    taken = incident.acknowledgement
    if taken is not None and taken.at >= until:
        incident = replace(incident, acknowledgement=None, phase=Phase.OPEN if incident.is_open else incident.phase)
    if incident.resolved_at is None or incident.resolved_at < until:
        return incident
    return replace(incident, resolved_at=None, phase=Phase.ACKNOWLEDGED if incident.acknowledgement else Phase.OPEN)
