"""What is configured about the deployments of one system."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sentinel.base.redact import Secret
from sentinel.core.check import DEPLOYMENT_KIND, Check
from sentinel.core.form import Form
from sentinel.core.hours import Calendar
from sentinel.core.matcher import Matcher


class Baseline(StrEnum):
    """With what a watch compares."""

    BEFORE = "before"  # the same length of time before the deployment began
    WEEK = "week"  # the same weekday and time, a week before


class OnFail(StrEnum):
    """What is done about a deployment that failed its watch."""

    TELL = "tell"
    PROPOSE = "propose"  # the rollback runs unless somebody stops it in time
    ACT = "act"


class Criterion(StrEnum):
    """Why a deployment fails without any comparison (EM-5)."""

    CRITICAL_FUNCTION = "critical_function"  # something that people cannot do without is broken
    INTEGRITY = "integrity"  # data contradict themselves
    MIGRATION = "migration"  # the database does not stand where the release needs it
    SEVERAL_SERVICES = "several_services"  # so many checks at once are critical
    SAID_SO = "said_so"  # whoever deploys says that a step of it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How a deployment is watched and judged."""

    lasts: timedelta = timedelta(minutes=15)
    points: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(minutes=10),
    )  # since its start; its end is one, too
    interval: timedelta = timedelta(seconds=10)  # each check is looked at no more seldom than this
    baseline: Baseline = Baseline.BEFORE
    slower: float = 0.5  # a quantile that is more than this share above the baseline's is too slow (EM-5)
    errors: float = 0.01  # a share of failures that is more than this above the baseline's is too high
    noisier: float = 1.0  # a rate of matches in logs that is more than this share above the baseline's is too high
    quantile: float = 0.95  # that times are compared by
    samples: int = 20  # of either side, at least, to judge by
    significance: float = 0.01  # how likely the whole watch may be to fail a release that differs by chance alone


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaPlan:
    """Which checks say that a deployment has failed, by their open incidents. One that names no check is not asked.

    These are critical ones, but for integrity and migration, where a check that fails as a warning is enough.
    """

    critical_function: Matcher | None = None
    integrity: Matcher | None = None
    migration: Matcher | None = None
    several_services: int = 3  # so many checks with open critical incidents; zero: not asked


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """How a deployment is undone."""

    channel: str  # that runs it: of kind `command`, or a webhook
    on_fail: OnFail = OnFail.TELL
    veto: timedelta = timedelta(minutes=5)  # how long anybody may stop what was proposed
    verify: tuple[str, ...] = ("post",)  # tags of the checks that prove it
    verify_within: timedelta = timedelta(minutes=5)  # they have so long to pass


class HookForm(StrEnum):
    """Whose words an incoming webhook speaks."""

    GITHUB = "github"
    GITLAB = "gitlab"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPlan:
    """The incoming webhook that starts and ends deployments of a system."""

    secret: Secret
    form: HookForm = HookForm.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """Everything that is configured about the deployments of one system."""

    system: str  # a name; so its deployments are called
    environment: str = ""  # such as `production`; who asks for another one is refused
    matcher: Matcher = field(default_factory=Matcher)  # which checks belong to it; see `checks_of`
    by_system: bool = True  # whether the checks are those whose `system` has this name, and the matcher says nothing
    stops: Matcher | None = None  # which of them are down while down is expected; None: all
    channels: tuple[str, ...] = ()  # of stakeholders: told of start, course, end and rollback
    update_every: timedelta = timedelta(minutes=15)  # zero: not at all
    window: timedelta = timedelta(minutes=30)  # unless `--window` says otherwise
    impact: str = ""  # what its users notice, for the messages
    public: bool = False  # whether the status page shows its window
    policy: str = "default"  # that its own troubles go by
    no_incidents: bool = True  # whether a deployment needs that no incident of the system is open
    agreed: tuple[Calendar, ...] = ()  # hours in which deployments are agreed; empty: always
    watch: WatchPlan = WatchPlan()
    criteria: CriteriaPlan = CriteriaPlan()
    rollback: RollbackPlan | None = None
    hook: HookPlan | None = None
    forms: tuple[Form, ...] = (Form.HTML, Form.PDF, Form.MARKDOWN, Form.JSON)  # of its document
    reviews: tuple[timedelta, ...] = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))  # after its end (EM-9)

    def covers(self, check: Check) -> bool:
        """Whether a check belongs to the system. The check of its deployments does not: it says nothing of how it does."""
        if check.kind == DEPLOYMENT_KIND:
            return False
        if self.by_system:
            return check.system.casefold().replace(" ", "-") == self.system.casefold()
        return self.matcher.covers(check)

    def stopped(self, check: Check) -> bool:
        """Whether a check of the system is meant to be down where a deployment of it expects down."""
        return self.covers(check) and (self.stops is None or self.stops.covers(check))
