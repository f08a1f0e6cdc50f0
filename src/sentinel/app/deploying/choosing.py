"""Which system somebody means, and which of its checks."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from sentinel.app.keeper import NotDone
from sentinel.core.check import Check
from sentinel.core.deployment.conditions import own_checks
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Plan


def system_of(plan: Plan, system: str, environment: str) -> DeploymentPlan:
    """What is configured about the system that somebody means.

    Args:
        system: its name; empty: the only one there is.
        environment: that it has to be of; empty: whichever it is.

    Raises:
        NotDone: there is none, or more than one, or it is of another environment.
    """
    known = plan.deployments
    if not known:
        raise NotDone(
            "nothing is configured about deployments", 'name the system below "deployments" in the configuration'
        )
    if not system and len(known) > 1:
        raise NotDone("say which system", f"with --system; there are {', '.join(sorted(known))}")
    found = known.get(system) if system else next(iter(known.values()))
    if found is None:
        raise NotDone(f"no system is called {system!r}", _meant(system, known))
    refuse_other_environment(found, environment)
    return found


def system_to_verify(plan: Plan, system: str, environment: str) -> DeploymentPlan | None:
    """The same for a verification, which needs nothing configured: then it is about all checks, or those of that system.

    Raises:
        NotDone: as above.
    """
    if plan.deployments and (not system or system in plan.deployments):
        return system_of(plan, system, environment)
    if not system:
        refuse_other_environment(DeploymentPlan(system=plan.name), environment)
        return None
    found = DeploymentPlan(system=system)
    if not own_checks(found, plan.checks):
        systems = {*plan.deployments, *(check.system for check in plan.checks if check.system)}
        raise NotDone(f"no check belongs to the system {system!r}", _meant(system, systems))
    refuse_other_environment(found, environment)
    return found


def refuse_other_environment(found: DeploymentPlan, environment: str) -> None:
    """See that a system is of the environment that somebody thinks it is; raises NotDone."""
    if environment and environment != found.environment:
        here = found.environment or "an environment that has no name in the configuration"
        raise NotDone(
            f"this Sentinel watches {found.system} in {here}, not in {environment}",
            f"ask the Sentinel of {environment}, or set deployments.{found.system}.environment",
        )


def checks_to_verify(plan: Plan, system: DeploymentPlan | None, tags: Sequence[str]) -> list[Check]:
    """The checks of a system that carry one of the tags; all of them without tags."""
    return [check for check in own_checks(system, plan.checks) if not tags or check.tags & set(tags)]


def _meant(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"
