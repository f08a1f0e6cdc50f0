"""Sentinel's check of the deployments of a system: it fails while one of them needs somebody.

It has no probe. So a deployment that failed, or goes on longer than was agreed, is an incident like any other, with the policy,
the routes and the pages that others have.
"""

from datetime import UTC, datetime, timedelta

from sentinel.core.check import DEPLOYMENT_KIND, Check
from sentinel.core.deployment.deployment import IN_TROUBLE, Deployment, Ending, Judged, Phase, Rollback
from sentinel.core.deployment.plan import Criterion, DeploymentPlan
from sentinel.core.result import FailureClass, Measurement, failed, passed
from sentinel.core.rule import Severity

#: How often it has a result while nothing happens.
INTERVAL = timedelta(seconds=60)

#: A rollback that may be stopped for less than this is told with the second in which it runs.
EXACT_BELOW = timedelta(minutes=2)

#: Names of these checks begin so.
PREFIX = "deployment-"


def name_of(system: str) -> str:
    """The name of the check of a system's deployments."""
    return f"{PREFIX}{system}"


def deployment_check(plan: DeploymentPlan, policy: str = "") -> Check:
    """The check of the deployments of a system.

    Args:
        policy: that it goes by, where the one that is configured does not exist.
    """
    return Check(
        name=name_of(plan.system),
        kind=DEPLOYMENT_KIND,
        title=f"Deployments of {plan.system}",
        system=plan.system,
        interval=INTERVAL,
        timeout=INTERVAL,
        open_after=1,
        close_after=1,
        flaps=False,
        failure_severity=Severity.CRITICAL,
        policy=policy or plan.policy,
        fingerprint=f"deployments {plan.system}",
    )


def measure(latest: Deployment | None) -> Measurement:
    """How the deployments of a system are.

    Args:
        latest: the one that goes on, or else the last one; None: there was none.
    """
    if latest is None:
        return passed()
    if latest.is_over:
        return _over(latest)
    if latest.overrun and latest.phase is Phase.UNDER_WAY:
        return _overrun(latest)
    return _undone(latest, latest.rollback) if latest.rollback is not None and _was_in_trouble(latest) else passed()


def _over(one: Deployment) -> Measurement:
    if one.ending is Ending.FAILED:
        return failed(FailureClass.DEPLOYMENT_FAILED, f"{_which(one)} failed: {_why(one)}", hint=_mend(one))
    if one.ending is Ending.ROLLBACK_FAILED:
        text = f"the rollback of {_which(one)} did not bring it back in order"
        hint = (
            f"See `sentinel deploy status {one.id}`: look at what the rollback has done before anything is run again. "
            f"Once all is in order: {_accept(one)}."
        )
        return failed(FailureClass.ROLLBACK_FAILED, text, hint=hint)
    return passed()


def _overrun(one: Deployment) -> Measurement:
    text = f"{_which(one)} was to be over by {_time(one.window_ends_at)} and is not"
    hint = (
        f"Does it go on? `sentinel deploy extend {one.id} --for 15m`. Is it done? `sentinel deploy watch {one.id}` or "
        f"`sentinel deploy finish {one.id}`. Is it stuck? `sentinel rollback --quick --system {one.system} --reason WHY`."
    )
    return failed(FailureClass.DEPLOYMENT_OVERRUN, text, hint=hint)


def _undone(one: Deployment, rollback: Rollback) -> Measurement:
    """What needed somebody goes on until it is proven that its rollback has helped."""
    hint = f"`sentinel deploy status {one.id}` says how far that has come."
    match one.phase:
        case Phase.PROPOSED:
            then = f"it is rolled back at {moment_of(rollback)} UTC"
            hint = f"To keep it as it is: `sentinel deploy veto {one.id} --why WHY`."
        case Phase.VERIFYING:
            then = "it was rolled back, and its checks are run to know whether that has helped"
        case _:
            then = "it is being rolled back"
    if one.overrun and not _has_failed(one):
        text = f"{_which(one)} was to be over by {_time(one.window_ends_at)}; {then}"
        return failed(FailureClass.DEPLOYMENT_OVERRUN, text, hint=hint)
    return failed(FailureClass.DEPLOYMENT_FAILED, f"{_which(one)} failed: {_why(one)}; {then}", hint=hint)


def _was_in_trouble(one: Deployment) -> bool:
    """Whether it needed somebody when it began to be undone; a person may undo one that did not."""
    return _has_failed(one) or one.overrun or (one.was is not None and one.was.ending in IN_TROUBLE)


def _has_failed(one: Deployment) -> bool:
    """Whether its watch failed, or whoever deploys said so."""
    judged = one.watch.judgements[-1].judged if one.watch is not None and one.watch.judgements else None
    return one.broken is not None or judged is Judged.FAIL


def _why(one: Deployment) -> str:
    """Why it failed. What people wrote stands on its timeline alone: explanations go into logs."""
    if one.broken is not None:
        return "whoever deploys says so" if one.broken.criterion is Criterion.SAID_SO else one.broken.text
    if one.watch is not None and one.watch.judgements and one.watch.judgements[-1].text:
        return one.watch.judgements[-1].text
    return "its rollback was stopped" if one.rollback is not None else "its watch failed"


def _which(one: Deployment) -> str:
    return f"deployment {one.id} of {one.label}"


def _mend(one: Deployment) -> str:
    undo = f"`sentinel rollback --quick --system {one.system} --reason WHY`"
    return f"Undo it by {undo}, or mend it and deploy again. To take it as it is: {_accept(one)}."


def _accept(one: Deployment) -> str:
    return f"`sentinel deploy accept {one.id} --why WHY`"


def moment_of(rollback: Rollback) -> str:
    """When it runs, by the clock, UTC; to the second where it may be stopped for less than some minutes."""
    exact = rollback.runs_at - rollback.ordered_at < EXACT_BELOW
    return f"{rollback.runs_at.astimezone(UTC):{'%H:%M:%S' if exact else '%H:%M'}}"


def _time(at: datetime) -> str:
    """As a moment: a duration would stand still in what was told."""
    return f"{at.astimezone(UTC):%H:%M} UTC"
