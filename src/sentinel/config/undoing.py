"""Whether deployments would be judged and proven: what a configuration may say of it, though it is hardly what anybody means."""

from collections.abc import Iterator

from sentinel.base.units import write_duration
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Plan


def advice_on_deployments(plan: Plan) -> Iterator[str]:
    """One line for each, for people; nothing where there is nothing to say."""
    for deployment in plan.deployments.values():
        yield from _hasty_watch(deployment)
        yield from _idle_tags(plan, deployment)


def _hasty_watch(deployment: DeploymentPlan) -> Iterator[str]:
    """A watch in which no check has the results that it is judged by."""
    watch = deployment.watch
    needed = watch.interval * watch.samples
    if watch.lasts < needed:
        yield (
            f"deployments of {deployment.system!r}: a watch of {write_duration(watch.lasts)} is too short to judge by: "
            f"{watch.samples} results (`samples`), one every {write_duration(watch.interval)}, take {write_duration(needed)}"
        )


def _idle_tags(plan: Plan, deployment: DeploymentPlan) -> Iterator[str]:
    """Tags by which nothing proves a rollback."""
    known = {tag for check in plan.checks if deployment.covers(check) for tag in check.tags}
    for tag in deployment.rollback.verify if deployment.rollback else ():
        if tag not in known:
            yield (
                f"deployments of {deployment.system!r}: no check of the system has the tag {tag!r}, by which "
                "`rollback.verify` proves a rollback"
            )
