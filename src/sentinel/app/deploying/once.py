"""A verification without a daemon: a command runs the checks itself, and asks the store what it knows."""

from collections.abc import Callable

from sentinel.app.deploying.asking import AskedVerification
from sentinel.app.deploying.choosing import checks_to_verify, system_to_verify
from sentinel.app.deploying.verifying import judged, unfinished
from sentinel.app.once import NOTES_WITHIN, check_once
from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreError
from sentinel.core.deployment.conditions import Standing, asks_conditions, conditions
from sentinel.core.deployment.deployment import Verification, VerifiedCheck
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Plan
from sentinel.reports.verification import VerificationDocument, document
from sentinel.store.database import Patience, Store, Transaction


async def verify_once(plan: Plan, asked: AskedVerification, advance: Callable[[float], None]) -> VerificationDocument:
    """Run the checks of a system once, now. Nothing is stored but what a check has to clean up, as `check_once` says.

    Raises:
        NotDone: there is no such system, or it is of another environment.
        AlreadyRunning, StoreError: as `check_once`.
    """
    system = system_to_verify(plan, asked.system, asked.environment)
    chosen, clock = checks_to_verify(plan, system, asked.tags), SystemClock()
    began_at = clock.now()
    answers = await _conditions(plan, system, asked.tags)
    ran = {one.check.name: one for one in await check_once(plan, chosen, advance)} if chosen else {}
    ended_at = clock.now()
    checks = (
        judged(check, plan.policies[check.policy], ran[check.name].result)
        if check.name in ran
        else unfinished(check, ended_at - began_at)
        for check in chosen
    )
    done = Verification(
        tags=asked.tags,
        began_at=began_at,
        ended_at=ended_at,
        planned=len(answers) + len(chosen),
        checks=(*answers, *checks),
        by=asked.by,
        system=system.system if system else "",
    )
    return document(done, source=plan.name, environment=system.environment if system else "")


async def _conditions(plan: Plan, system: DeploymentPlan | None, tags: tuple[str, ...]) -> tuple[VerifiedCheck, ...]:
    if system is None:
        return ()
    standing = await _standing(plan, system)
    return conditions(system, standing, SystemClock().now()) if asks_conditions(tags, standing) else ()


async def _standing(plan: Plan, system: DeploymentPlan) -> Standing:
    """How the store says that a system stands; a store that cannot be read makes nobody wait long."""
    try:
        store = await Store.open_readonly(plan.store, Patience(open=NOTES_WITHIN))
    except StoreError as error:
        return Standing(unknown=f"no daemon runs, and its store cannot be read: {error}")
    try:
        return await store.read(lambda tx: _look(tx, plan, system), within=NOTES_WITHIN)
    except StoreError as error:
        return Standing(unknown=f"no daemon runs, and its store cannot be read: {error}")
    finally:
        await store.close()


def _look(tx: Transaction, plan: Plan, system: DeploymentPlan) -> Standing:
    own = {check.name for check in checks_to_verify(plan, system, ())}
    incidents = (state.incident for name, state in tx.states.all().items() if name in own)
    return Standing(
        incidents=tuple(one for one in incidents if one is not None and one.is_open),
        going_on=tuple(one for one in tx.deployments.unfinished() if one.system == system.system),
    )
