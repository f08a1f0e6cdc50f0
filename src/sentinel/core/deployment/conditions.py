"""What has to hold before a deployment, and is asked of Sentinel itself: each answer looks like that of a check."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment, Phase, Verification, VerifiedCheck
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.hours import any_covers
from sentinel.core.incident import Incident
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity

#: The kind of a condition, where that of a check stands.
CONDITION = "condition"

#: Checks with this tag are run before a deployment, and the conditions are asked with them.
BEFORE = "pre"

#: So many incidents are named; the rest is counted.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a system stands, as far as conditions ask."""

    incidents: tuple[Incident, ...] = ()  # open ones, of the system's own checks
    going_on: tuple[Deployment, ...] = ()  # of the same system
    unknown: str = ""  # why nobody knows; empty: it is known


def asks_conditions(tags: Sequence[str], standing: Standing) -> bool:
    """Whether a verification asks them: one that is made before a deployment, or one of everything while none goes on."""
    return BEFORE in tags or (not tags and not standing.going_on)


def is_of(one: Deployment, verification: Verification) -> bool:
    """Whether a verification that was asked for is one of a deployment that goes on, and stands on its timeline.

    One that is made before a deployment is about another one. While it is undone, only what its own starter asks is about it.
    """
    at_work = one.phase in (Phase.UNDER_WAY, Phase.WATCHING)
    return verification.tags != (BEFORE,) and (at_work or verification.by == one.by)


def conditions(plan: DeploymentPlan, standing: Standing, now: datetime) -> tuple[VerifiedCheck, ...]:
    """The conditions of a system's deployments, as they stand now; those that nobody asks for are left out."""
    return tuple(_all(plan, standing, now))


def own_checks(plan: DeploymentPlan | None, checks: Iterable[Check]) -> list[Check]:
    """The checks that belong to a system; all of them where nothing is configured. A check of its deployments is none of them.

    Args:
        checks: that a file configures.
    """
    return [check for check in checks if plan is None or plan.covers(check)]


def _all(plan: DeploymentPlan, standing: Standing, now: datetime) -> Iterator[VerifiedCheck]:
    if plan.no_incidents:
        yield _calm(standing)
    if plan.agreed:
        yield _agreed(plan, now)
    yield _alone(plan, standing)


def _calm(standing: Standing) -> VerifiedCheck:
    name, title = "no-open-incident", "No open incident"
    if standing.unknown:
        return _unknown(name, title, standing.unknown)
    if not standing.incidents:
        return _holds(name, title, "no incident of the system is open")
    ordered = sorted(standing.incidents, key=lambda one: (-one.severity.urgency, one.id))
    named = [f"{one.check} (incident {one.id}, {one.severity.label.lower()})" for one in ordered[:MOST_NAMED]]
    rest = len(ordered) - len(named)
    text = f"{_count(len(ordered))} open: {', '.join(named)}{f' and {rest} more' if rest else ''}"
    return _fails(name, title, text, "see `sentinel incidents`: mend or resolve what is open, or deploy later")


def _agreed(plan: DeploymentPlan, now: datetime) -> VerifiedCheck:
    name, title = "agreed-hours", "Agreed hours"
    names = " or ".join(calendar.name for calendar in plan.agreed)
    if any_covers(plan.agreed, now):
        return _holds(name, title, f"within {names}")
    begins = min((at for calendar in plan.agreed if (at := calendar.until(now)) is not None), default=None)
    when = "and never will be" if begins is None else f"; the next begins {begins:%Y-%m-%d %H:%M} UTC"
    separator = " " if begins is None else ""
    hint = "wait for it, or have somebody agree to another time: conditions.agreed of the deployments says which"
    return _fails(name, title, f"it is not {names}{separator}{when}", hint)


def _alone(plan: DeploymentPlan, standing: Standing) -> VerifiedCheck:
    name, title = "no-other-deployment", "No other deployment"
    if standing.unknown:
        return _unknown(name, title, standing.unknown)
    if not standing.going_on:
        return _holds(name, title, f"no deployment of {plan.system} goes on")
    other = standing.going_on[0]
    text = f"{other.label} goes on since {other.started_at:%Y-%m-%d %H:%M} UTC, started by {other.by}"
    return _fails(name, title, text, "see `sentinel deploy status`: wait for its end, or end it")


def _count(number: int) -> str:
    return f"{number} incident is" if number == 1 else f"{number} incidents are"


def _holds(name: str, title: str, text: str) -> VerifiedCheck:
    return _condition(name, title, Outcome.PASS, Severity.OK, text)


def _fails(name: str, title: str, text: str, hint: str) -> VerifiedCheck:
    return _condition(name, title, Outcome.FAIL, Severity.CRITICAL, text, hint)


def _unknown(name: str, title: str, why: str) -> VerifiedCheck:
    return _condition(name, title, Outcome.UNKNOWN, Severity.UNKNOWN, why, "ask again while the daemon runs")


def _condition(
    name: str, title: str, outcome: Outcome, severity: Severity, explanation: str, hint: str = ""
) -> VerifiedCheck:
    return VerifiedCheck(
        name=name,
        title=title,
        kind=CONDITION,
        outcome=outcome,
        severity=severity,
        took=timedelta(0),
        explanation=explanation,
        hint=hint,
    )
