"""A deployment as a value. How it lives is in `core.deployment.life`.

(start) ──► UNDER_WAY ──watch──► WATCHING ──pass, inconclusive──────────────────────────► ENDED
               │                    └──fail──► (only told) ────────────────────────────► ENDED
               │                         └───► PROPOSED ──veto──────────────────────────► ENDED
               │                                  └─time is over─► ROLLING_BACK ──failed─► ENDED
               ├──finish, without a watch──► ENDED                     └─done─► VERIFYING ─► ENDED
               └──rollback by hand, from any of these, and once after the end──► ROLLING_BACK
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from sentinel.base.units import Unit
from sentinel.core.deployment.plan import Criterion, OnFail, RollbackPlan, WatchPlan
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Severity

#: A deployment that is over is named as suspect for so long.
SUSPECT_FOR = timedelta(hours=1)


_WINDOW = re.compile(r"deployment-([0-9]{1,15})")


class Phase(StrEnum):
    """How far a deployment has come."""

    UNDER_WAY = "under_way"  # its window is open, whoever deploys is at work
    WATCHING = "watching"
    PROPOSED = "proposed"  # it failed, and is rolled back unless somebody stops that
    ROLLING_BACK = "rolling_back"  # the rollback is ordered, or runs
    VERIFYING = "verifying"  # it ran, and the checks prove it
    ENDED = "ended"


class Ending(StrEnum):
    """What came of a deployment."""

    PASSED = "passed"
    FAILED = "failed"  # and stands as it is
    INCONCLUSIVE = "inconclusive"
    UNWATCHED = "unwatched"  # it was finished without a watch
    ROLLED_BACK = "rolled_back"  # and the rollback is proven
    ROLLBACK_FAILED = "rollback_failed"  # it failed, nobody knows how far it came, or its checks do not pass
    ACCEPTED = "accepted"  # it failed, and a person takes it as it is


#: Endings with which nothing is in order: an incident of the system's deployments goes on until somebody does something.
IN_TROUBLE = frozenset({Ending.FAILED, Ending.ROLLBACK_FAILED})


class Judged(StrEnum):
    """What a comparison, a point of a watch, or the whole watch says."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Measure(StrEnum):
    """What is compared."""

    ERRORS = "errors"  # share of results that are failures
    TIME = "time"  # a quantile of the main reading of a check that is a time
    LOGS = "logs"  # matches in logs per minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure during the watch beside the same of the baseline."""

    measure: Measure
    check: str  # its name; empty: all checks of the system together
    judged: Judged
    before: float | None  # None: nothing was measured
    after: float | None
    unit: Unit
    before_samples: int
    after_samples: int
    bound: float | None = None  # what `after` must be above to be worse; None where there is nothing to go by
    significance: float | None = None  # p: how likely chance alone makes so large a difference; None: not tested
    text: str = ""  # in one sentence, with the numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A criterion that is met."""

    criterion: Criterion
    text: str  # in one sentence
    checks: tuple[str, ...] = ()
    incidents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is known at one moment of a watch."""

    at: datetime
    after: timedelta  # since the watch began
    judged: Judged
    comparisons: tuple[Comparison, ...] = ()  # the worst first; bounded
    breaches: tuple[Breach, ...] = ()
    final: bool = False  # whether the watch ends with it
    text: str = ""  # in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCheck:
    """One check, or condition, of a verification."""

    name: str
    title: str
    kind: str  # of the check; `condition` for what is asked of Sentinel itself
    outcome: Outcome
    severity: Severity
    took: timedelta
    failure: FailureClass | None = None
    explanation: str = ""
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Whether one may go on, as far as this one goes."""
        return self.outcome is Outcome.PASS and self.severity in (Severity.OK, Severity.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Checks that were run once, to know whether one may go on."""

    tags: tuple[str, ...]  # empty: all checks of the system
    began_at: datetime
    ended_at: datetime | None = None  # None while it goes on
    planned: int = 0  # how many checks it has
    checks: tuple[VerifiedCheck, ...] = ()  # that are done, in the order of the plan once it is over
    number: int = 0  # the daemon's, 0: it was made without one
    by: str = ""
    system: str = ""  # empty: nothing is configured about deployments, and the checks are those of the whole file
    left_out: int = 0  # checks that passed, and that `checks` has not

    @property
    def passed(self) -> int:
        """How many passed; what warns has passed."""
        return self.left_out + sum(one.holds for one in self.checks)

    def shortened(self, most: int) -> "Verification":
        """With so many checks at most, to be kept for long: what passed is left out first, and counted."""
        if len(self.checks) <= most:
            return self
        bad = [one for one in self.checks if not one.holds][:most]
        well = [one for one in self.checks if one.holds]
        kept = well[: most - len(bad)]
        left = {one.name for one in (*bad, *kept)}
        checks = tuple(one for one in self.checks if one.name in left)
        return replace(self, checks=checks, left_out=self.left_out + len(well) - len(kept))

    @property
    def judged(self) -> Judged:
        """Pass when every check passes and is no worse than a warning; inconclusive when one could not be judged, or none ran."""
        if any(one.outcome is Outcome.FAIL or one.severity is Severity.CRITICAL for one in self.checks):
            return Judged.FAIL
        unknown = any(one.outcome is Outcome.UNKNOWN for one in self.checks)
        return Judged.INCONCLUSIVE if unknown or not self.checks else Judged.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What was agreed on when the watch began: a reload changes nothing of it."""

    began_at: datetime
    lasts: timedelta
    points: tuple[timedelta, ...]  # since its start; the last is its end
    judgements: tuple[Judgement, ...] = ()  # one per point that has come, the earliest first
    plan: WatchPlan = WatchPlan()  # how it is judged, as it was configured then

    @property
    def ends_at(self) -> datetime:
        return self.began_at + self.lasts

    @property
    def next_point(self) -> datetime | None:
        """When it is judged next; None when it is over."""
        done = sum(not one.final for one in self.judgements)
        if any(one.final for one in self.judgements) or done >= len(self.points):
            return None
        return self.began_at + self.points[done]


class Ran(StrEnum):
    """How far a rollback has come."""

    ORDERED = "ordered"  # a row of the outbox says so
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # found started after a crash: nobody knows how far it came
    STOPPED = "stopped"  # vetoed before it began


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The one attempt to undo a deployment."""

    key: str  # of the order's row in the outbox: the same for each deployment, so that there is one
    channel: str
    quick: bool  # to the version before; else to a backup
    backup_id: str = ""
    reason: str
    by: str = ""  # a person; empty: Sentinel itself
    incident: int = 0  # whose escalation ordered it
    ordered_at: datetime
    runs_at: datetime  # not before; until then anybody may stop it
    state: Ran = Ran.ORDERED
    ended_at: datetime | None = None
    text: str = ""  # how it ended: exit status, and what it wrote, redacted
    verification: Verification | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a deployment had ended before somebody had it undone."""

    at: datetime
    ending: Ending
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One release of one system, from start to end."""

    id: int
    system: str
    version: str  # empty: a rollback without a deployment that Sentinel knows of
    ref: str = ""  # such as a commit
    from_version: str = ""
    environment: str = ""
    backup_id: str = ""  # of the backup that was made before it
    by: str  # who started it: a person or a program
    started_at: datetime
    window_ends_at: datetime  # when what is expected is over; later it is overrun
    expects_down: bool = False
    impact: str = ""
    public: bool = False
    channels: tuple[str, ...] = ()  # of stakeholders, as they were when it started
    phase: Phase = Phase.UNDER_WAY
    step: int = 0  # the latest step of the course that stakeholders were told
    overrun: bool = False  # whether it was told that the window is over and the deployment is not
    on_fail: OnFail = OnFail.TELL
    undo: RollbackPlan | None = None  # how it is undone, as it was configured when it started; None: not at all
    down_since: datetime | None = None  # since when its system is seen down; None: it is not
    down_for: timedelta | None = None  # how long it was, as far as that is over; None: it was not
    verifications: tuple[Verification, ...] = ()  # made during it, the earliest first; bounded
    watch: Watch | None = None
    broken: Breach | None = None  # that made it fail outside of the points of its watch
    rollback: Rollback | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    ended_why: str = ""  # in one sentence
    reviewed: tuple[timedelta, ...] = ()  # reviews that were made
    was: Ended | None = None  # while it is undone after its end: what it is again when that is stopped

    @property
    def label(self) -> str:
        """Such as `payroll 2.4.1`."""
        return f"{self.system} {self.version}".strip()

    @property
    def window(self) -> str:
        """The id of its window."""
        return f"deployment-{self.id}"

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.ENDED

    @property
    def watched_until(self) -> datetime | None:
        """When its watch ends, or did: by a verdict, by a rollback, or by a person before its time; None: it is not watched."""
        if self.watch is None:
            return None
        judged = [one.at for one in self.watch.judgements if one.final]
        undone = [self.rollback.ordered_at] if self.rollback is not None else []
        ended = [self.ended_at] if self.ended_at is not None else []
        return min((self.watch.ends_at, *(() if self.phase is Phase.WATCHING else (*judged, *undone, *ended))))

    def seen_down(self, at: datetime) -> timedelta | None:
        """How long its system was seen down during it, as far as a moment; None: it was not."""
        if self.down_since is None:
            return self.down_for
        until = at if self.ended_at is None else min(at, self.ended_at)
        return (self.down_for or timedelta(0)) + max(until - self.down_since, timedelta(0))

    def is_suspect(self, at: datetime) -> bool:
        """Whether trouble of its system that begins at a moment may come of it."""
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at + SUSPECT_FOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a deployment's timeline."""

    deployment: int
    at: datetime  # UTC
    kind: str  # such as `started`, `note`, `verified`, `watch`, `judged`, `rollback_planned`, `ended`
    by: str = ""  # a person or a program; empty: Sentinel itself
    text: str = ""
    took: timedelta | None = None  # of what it tells the end of


def number_of(window: str) -> int:
    """The number of the deployment whose window has this id; 0 where it is no deployment's."""
    found = _WINDOW.fullmatch(window)
    return int(found[1]) if found else 0


def rollback_key(instance: str, deployment: int) -> str:
    """The key of the one order that undoes a deployment: two orders of the same deployment are one row of the outbox.

    Args:
        instance: identity of the store.
        deployment: its number.
    """
    identity = "\0".join((instance, "rollback", str(deployment)))
    return f"msg_{blake2b(identity.encode(), digest_size=16).hexdigest()}"
