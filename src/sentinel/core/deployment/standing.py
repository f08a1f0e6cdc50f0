"""How deployments stand beside each other and beside checks: what is the suspect of a trouble, and which version stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment, Ending, Phase, Ran
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once
from sentinel.core.result import Outcome, Result
from sentinel.core.window import Window

#: With these endings what was deployed is what runs.
STANDS = frozenset({Ending.PASSED, Ending.UNWATCHED, Ending.INCONCLUSIVE, Ending.ACCEPTED})


def stands(one: Deployment) -> bool:
    """Whether one that is over is what runs: it stands, and no rollback of it was begun."""
    return one.ending in STANDS and (one.rollback is None or one.rollback.state is Ran.STOPPED)


def standing_version(past: Iterable[Deployment]) -> str:
    """The version that runs, as far as the past says; empty where it does not.

    What was rolled back does not run any more, whoever accepted that afterwards; where the rollback broke off, nobody knows.

    Args:
        past: deployments of one system that are over, the newest first.
    """
    for one in past:
        ran = one.rollback.state if one.rollback is not None else Ran.STOPPED
        if ran in (Ran.FAILED, Ran.INTERRUPTED):
            return ""
        if stands(one) and one.version:
            return one.version
        if (ran is Ran.DONE or one.ending is Ending.ROLLED_BACK) and one.from_version:
            return one.from_version
    return ""


def names_of(plan: DeploymentPlan, checks: Iterable[Check]) -> tuple[str, ...]:
    """The names of the checks of a system."""
    return tuple(check.name for check in checks if plan.covers(check))


# --- Its window -----------------------------------------------------------------------------------------------------


def window_of(
    deployment: Deployment, checks: Sequence[str], title: str = "", stops: Sequence[str] | None = None
) -> Window:
    """The window of a deployment: from its start to the watch, its own end, or the time that was agreed on.

    Args:
        checks: the names of the checks of its system.
        title: what it is called; empty: after the deployment.
        stops: the names of those that should be down where down is expected; None: all of them.
    """
    # A window that was over is not opened again because somebody has its deployment undone.
    over = deployment.was.at if deployment.was is not None else deployment.ended_at
    ended = deployment.watch.began_at if deployment.watch is not None else over
    early = ended is not None and ended < deployment.window_ends_at
    return Window(
        id=deployment.window,
        title=title or f"Deployment of {deployment.label}",
        # Without a name nothing is meant: an empty matcher would mean every check there is.
        matcher=Matcher(checks=tuple(checks) or (deployment.window,)),
        when=Once(starts_at=deployment.started_at, ends_at=deployment.window_ends_at),
        expects_down=deployment.expects_down,
        stops=Matcher(checks=tuple(stops) or (deployment.window,)) if stops is not None else None,
        public=deployment.public,
        created_at=deployment.started_at,
        ended_at=ended if early else None,
        ended_by=deployment.by if early else "",
        by=deployment.by,
    )


def is_of_deployment(window: Window) -> bool:
    """Whether a window is the one of a deployment: neither configured nor planned by a person, whose windows are numbers."""
    return not window.configured and window.id.startswith("deployment-")


# --- What was seen --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the checks of a system stand since a deployment of it began."""

    down: tuple[str, ...] = ()  # names of those whose last result is a failure
    since: datetime | None = None  # when the first of these was found
    up_at: datetime | None = None  # when the last of those that are up was found so


def seen(deployment: Deployment, known: Iterable[Result]) -> Seen:
    """How checks stand by their last known results, as far as these were made since the deployment began.

    Args:
        known: the last result of each check of the system that is not unknown.
    """
    since = [one for one in known if one.scheduled_at >= deployment.started_at]
    down = [one for one in since if one.outcome is Outcome.FAIL]
    up = [one.finished_at for one in since if one.outcome is Outcome.PASS]
    return Seen(
        down=tuple(sorted(one.check for one in down)),
        since=min((one.finished_at for one in down), default=None),
        up_at=max(up, default=None),
    )


# --- Suspects -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The deployments that trouble may come of, and of which checks."""

    deployments: Mapping[int, Deployment] = field(default_factory=dict)  # by number
    checks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # numbers by the name of a check

    def of(self, check: str, began_at: datetime) -> Deployment | None:
        """The deployment that a trouble of a check may come of, when it began at that moment; of several the latest."""
        found = (self.deployments[number] for number in self.checks.get(check, ()))
        return max((one for one in found if one.is_suspect(began_at)), key=lambda one: one.id, default=None)


def suspects(
    deployments: Iterable[Deployment], plans: Mapping[str, DeploymentPlan], checks: Sequence[Check]
) -> Suspects:
    """The suspects among deployments, with the checks that their systems have now."""
    known = {one.id: one for one in deployments}
    numbers: dict[str, tuple[int, ...]] = {}
    for one in known.values():
        plan = plans.get(one.system)
        for name in names_of(plan, checks) if plan is not None else ():
            numbers[name] = (*numbers.get(name, ()), one.id)
    return Suspects(deployments=known, checks=numbers)


def is_expected_down(deployment: Deployment) -> bool:
    """Whether its system may be down now: what is seen down then is the plan and no trouble."""
    return deployment.expects_down and deployment.phase is Phase.UNDER_WAY and not deployment.overrun
