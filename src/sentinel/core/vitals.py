"""How Sentinel itself is: what its own check measures.

Sentinel's own troubles are judged like any other check's, by one check of the kind `sentinel`. It fails when Sentinel cannot
do what it promises, and its incident never accuses a target.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import Unit, format_bytes, format_duration
from sentinel.core.cadence import overdue
from sentinel.core.check import OWN_CHECK, Check
from sentinel.core.history import History
from sentinel.core.proof import Doubt
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.core.rule import Severity
from sentinel.core.sight import Connectivity, Gap, silence

#: How often Sentinel looks at itself.
OWN_INTERVAL = timedelta(seconds=15)

#: Less free space than this under the store is told of.
LOW_WATER = 64 * 1024 * 1024  # bytes

#: A loop that answers later than this is told of.
LOOP_LAG = 2.0  # seconds

#: A message that has waited longer than this without being sent is told of.
OLDEST_WAITING = timedelta(minutes=10)

#: A check that a critical incident could come of, and that could not be judged for longer than this, is told of as critical.
LONG_BLIND = timedelta(hours=1)

#: Names of checks that one explanation lists.
_NAMED = 3

#: The readings of Sentinel's own check.
READINGS = {
    "loop_lag": Unit.SECONDS,
    "blind": Unit.COUNT,
    "overdue": Unit.COUNT,
    "waiting": Unit.COUNT,
    "dead": Unit.COUNT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A check that could not be judged for too long."""

    check: str  # its name
    since: datetime
    why: str = ""  # what its last result says, and what to do about it
    hint: str = ""
    critical: bool = True  # whether a failure of it would be critical


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What Sentinel knows of itself at one moment."""

    at: datetime
    loop_lag: float = 0.0  # seconds that the event loop was late, at worst, since the last look
    checks: int = 0  # that there are, Sentinel's own left out
    blind: tuple[Blind, ...] = ()  # of these, in the order of their names
    stood_still: Gap | None = None  # lately, and for so long that people should know
    dark_since: datetime | None = None  # since when too few beacons answer
    beacons: Connectivity | None = None  # those, while that is so
    nameless_since: datetime | None = None  # since when names are not resolved
    nameless: tuple[str, ...] = ()  # such names, the latest first
    overdue: tuple[str, ...] = ()  # checks that were not run when they were due
    waiting: int = 0  # messages not yet sent
    oldest_waiting: datetime | None = None
    dead: int = 0  # messages of the last day that were given up, those about Sentinel itself left out
    store_failing_since: datetime | None = None
    store_failing_why: str = ""
    unreadable_store: str = ""  # why the store cannot be read
    free_bytes: int | None = None  # on the disk of the store
    dropped_results: int = 0  # since the last look
    lost_store: str = ""  # what became of a store that was damaged when Sentinel started
    unwritten_report: str = ""  # why the last report could not be written into its folder
    broken_template: str = ""  # which of the user's templates failed, and how
    refused_plan: str = ""  # why the file of configuration on disk is not in force
    stale_schedules: tuple[str, ...] = ()  # of who is on call: their calendar files cannot be used as they are now
    dead_buttons: str = ""  # why clicks on buttons in Slack are not heard
    flaws: tuple[str, ...] = ()  # what the auditor found lately, mended or not
    doubts: tuple[Doubt, ...] = ()  # channels that may not reach anybody


def own_check(policy: str) -> Check:
    """Sentinel's check of itself."""
    return Check(
        name=OWN_CHECK,
        kind="sentinel",
        title="Sentinel itself",
        interval=OWN_INTERVAL,
        timeout=OWN_INTERVAL,
        main="loop_lag",
        open_after=2,
        close_after=2,
        failure_severity=Severity.CRITICAL,
        policy=policy,
        fingerprint="own",
    )


def blind_checks(histories: Iterable[History], now: datetime, patience: timedelta) -> tuple[Blind, ...]:
    """The checks that could not be judged for longer than `patience`."""
    blind = [
        _blind(history, history.since)
        for history in histories
        if history.verdict.severity is Severity.UNKNOWN and history.since is not None and now - history.since > patience
    ]
    return tuple(sorted(blind, key=lambda one: one.check))


def _blind(history: History, since: datetime) -> Blind:
    check, verdict = history.check, history.verdict
    critical = check.failure_severity is Severity.CRITICAL
    return Blind(check=check.name, since=since, why=verdict.explanation, hint=verdict.hint, critical=critical)


def overdue_checks(histories: Iterable[History], now: datetime, started_at: datetime) -> tuple[str, ...]:
    """The checks whose last run is much longer ago than it should be."""
    return tuple(
        sorted(
            history.check.name
            for history in histories
            if not history.check.is_sentinels
            and overdue(history.check, history.last.scheduled_at if history.last else None, started_at, now)
        )
    )


def measure(vitals: Vitals) -> Measurement:
    """Sentinel's own result: a pass, or a failure that names every trouble."""
    readings = (
        Reading("loop_lag", vitals.loop_lag, Unit.SECONDS),
        Reading("blind", len(vitals.blind), Unit.COUNT),
        Reading("overdue", len(vitals.overdue), Unit.COUNT),
        Reading("waiting", vitals.waiting, Unit.COUNT),
        Reading("dead", vitals.dead, Unit.COUNT),
    )
    grave, amiss = tuple(_troubles(vitals)), tuple(_amiss(vitals))
    troubles = grave + amiss
    if not troubles:
        return passed(readings)
    return failed(
        FailureClass.SENTINEL_IMPAIRED if grave else FailureClass.SENTINEL_AMISS,
        "; ".join(what for what, _ in troubles),
        hint=" ".join(dict.fromkeys(hint for _, hint in troubles)),
        readings=readings,
    )


def _troubles(vitals: Vitals) -> Iterator[tuple[str, str]]:
    """Each trouble that keeps Sentinel from its work, with what to do about it."""
    if vitals.store_failing_since is not None:
        # As a moment: a duration would stand still in what was told.
        since = f"{vitals.store_failing_since:%H:%M:%S} UTC"
        yield (
            f"the store has not taken everything since {since}: {vitals.store_failing_why}",
            "See the log for `store.down`.",
        )
    yield from _blinded(vitals)
    if vitals.unreadable_store:
        yield f"the store cannot be read: {vitals.unreadable_store}", "See the log, and the health of the database."
    if vitals.dropped_results:
        yield f"{vitals.dropped_results} results were dropped", "Make room on the disk, or mend the store."
    if vitals.free_bytes is not None and vitals.free_bytes < LOW_WATER:
        yield (
            f"only {format_bytes(vitals.free_bytes)} are free on the store's disk",
            "Make room on the disk of the store.",
        )
    if vitals.blind and _is_too_blind(vitals):
        yield _told_blind(vitals.blind)
    if vitals.overdue:
        yield f"{_count(vitals.overdue, 'overdue')}", "This host is overloaded, or a probe hangs: see the log."
    if vitals.doubts:
        first, *others = vitals.doubts
        more = f"; nor has {', '.join(one.channel for one in others)}" if others else ""
        yield (
            f"the channel {first.channel} {first.why}{more}",
            "Whoever is told through it hears nothing: see `sentinel channels`, and mend it.",
        )
    if vitals.flaws:
        more = f" and {len(vitals.flaws) - 1} more" if len(vitals.flaws) > 1 else ""
        yield (
            f"its auditor found that {vitals.flaws[0]}{more}",
            "Sentinel mends what it can. See its log for `audit.flaw_found`; if it comes again, restart Sentinel.",
        )
    if vitals.loop_lag > LOOP_LAG:
        yield f"the event loop was {format_duration(vitals.loop_lag)} late", "This host is overloaded."
    if vitals.dead:
        yield (
            f"{vitals.dead} messages could not be delivered",
            "See `sentinel outbox`; mend the channel and `sentinel outbox redrive`, or `sentinel outbox drop`.",
        )
    if vitals.oldest_waiting is not None and vitals.at - vitals.oldest_waiting > OLDEST_WAITING:
        waited = format_duration(vitals.at - vitals.oldest_waiting)
        yield f"{vitals.waiting} messages wait to be sent, the oldest for {waited}", "See `sentinel outbox`."


def _blinded(vitals: Vitals) -> Iterator[tuple[str, str]]:
    """What lies between Sentinel and everything it watches. Told once, here, and of no target."""
    if vitals.dark_since is not None and vitals.beacons is not None:
        yield (
            f"this host's network has not worked since {vitals.dark_since:%H:%M:%S} UTC: {silence(vitals.beacons)}",
            "Look at this host's own interfaces, routes and firewall; what lies beyond is unknown until then.",
        )
    if vitals.nameless_since is not None:
        yield (
            f"names have not been resolved since {vitals.nameless_since:%H:%M:%S} UTC: {_listed(vitals.nameless)}",
            "See /etc/resolv.conf on this host, and its resolver; checks by name are unknown until then.",
        )


def _amiss(vitals: Vitals) -> Iterator[tuple[str, str]]:
    """What can wait for the morning: watching and telling go on."""
    if vitals.blind and not _is_too_blind(vitals):
        yield _told_blind(vitals.blind)
    if vitals.stood_still is not None:
        yield (
            f"this host stood still {vitals.stood_still}, and watched nothing meanwhile",
            "Was it suspended, paused for a backup or a move, or starved? What was missed was looked at afterwards.",
        )
    if vitals.lost_store:
        yield vitals.lost_store, "Restore a backup, or keep the new store and restart Sentinel to end this alarm."
    if vitals.broken_template:
        said = f"the template {vitals.broken_template}; messages go out in Sentinel's own words"
        yield said, "Mend that file and reload Sentinel: `sentinel config check` tries it."
    if vitals.unwritten_report:
        yield f"a report could not be written: {vitals.unwritten_report}", "See that the reports folder can be written."
    if vitals.dead_buttons:
        said = f"buttons in Slack do nothing, since there is no connection by Socket Mode: {vitals.dead_buttons}"
        yield said, "See that the app's `app_token` is good and Socket Mode is on. `sentinel ack` works meanwhile."
    if vitals.refused_plan:
        yield (
            "the changed configuration was refused and the old one is in force",
            "Run `sentinel config check`, mend what it says, then `sentinel reload`.",
        )
    if vitals.stale_schedules:
        yield (
            f"who is on call by {_listed(vitals.stale_schedules)} stands in a calendar file that cannot be used as it is now",
            "What it said before is in force; `sentinel oncall` says why.",
        )


def _is_too_blind(vitals: Vitals) -> bool:
    """Whether it cannot wait: most of what is watched is not seen, or something grave would have gone unseen for long.

    One check with a wrong password is a mistake that somebody makes by day and mends by day: that is a warning, at first.
    """
    overdue = any(one.critical and vitals.at - one.since > LONG_BLIND for one in vitals.blind)
    return overdue or 2 * len(vitals.blind) > vitals.checks


def _told_blind(blind: Sequence[Blind]) -> tuple[str, str]:
    """Why the first one could not be judged is told with it: often that is what ails the others."""
    first, whose = blind[0], f"{blind[0].check}: " if len(blind) > 1 else ""
    why = f" ({whose}{first.why})" if first.why else ""
    what = f"{_count([one.check for one in blind], 'could not be judged')}{why}"
    more = "`sentinel --status` says why under UNKNOWN."
    return what, f"{first.hint} {more}" if first.hint and len(blind) > 1 else first.hint or more


def _count(names: Sequence[str], what: str) -> str:
    return f"{len(names)} check{'s' if len(names) > 1 else ''} {what}: {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
