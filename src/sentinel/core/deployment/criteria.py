"""What fails a deployment without any comparison: incidents that open while it goes on (EM-5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Breach
from sentinel.core.deployment.plan import CriteriaPlan, Criterion
from sentinel.core.incident import Incident
from sentinel.core.reason import Reason
from sentinel.core.rule import Severity

#: A sentence names no more checks than this.
_MOST_NAMED = 5

_WORDS = {
    Criterion.CRITICAL_FUNCTION: "a critical function is broken",
    Criterion.INTEGRITY: "data are not whole",
    Criterion.MIGRATION: "the database does not stand where the release needs it",
}


#: These need no critical incident: whether data are whole, or the database stands where it should, is no matter of degree.
_AT_ANY_SEVERITY = frozenset({Criterion.INTEGRITY, Criterion.MIGRATION})


class Trouble(NamedTuple):
    """An incident of the system, and its check."""

    incident: Incident
    check: Check


def breach(
    plan: CriteriaPlan,
    troubles: Iterable[tuple[Incident, Check]],
    since: datetime,
    started_at: datetime | None = None,
) -> Breach | None:
    """The first criterion that is met, if one is.

    Only critical incidents count that are open, and became critical at or after `since`: what was broken before is not the
    deployment's doing, nor is what began to be bad before it and was kept from opening by its window. For integrity and
    migration a warning counts, too, that opened since and says that the check fails; one that only says that its answer is late
    does not. One of which nobody is told for now, because what it depends on is down, counts as any other. What Sentinel cannot
    judge opens no incident, so it never counts.

    Args:
        plan: what is asked.
        troubles: incidents of the system's checks.
        since: when its watch began.
        started_at: when the deployment itself began; None: that says nothing.
    """
    every = [Trouble(*one) for one in troubles]
    every = [one for one in every if one.incident.is_open and _is_of_it(one.incident, since, started_at)]
    new = [one for one in every if _is_new(one.incident, since)]
    failing = [one for one in every if _is_new(one.incident, since) or _fails(one.incident, since)]
    asked = (
        (Criterion.CRITICAL_FUNCTION, plan.critical_function),
        (Criterion.INTEGRITY, plan.integrity),
        (Criterion.MIGRATION, plan.migration),
    )
    for criterion, matcher in asked:
        counted = failing if criterion in _AT_ANY_SEVERITY else new
        met = [one for one in counted if matcher is not None and matcher.matches(one.check, one.incident.severity)]
        if met:
            return _breach(criterion, _WORDS[criterion], met)
    services = len({one.check.name for one in new})
    if plan.several_services and services >= plan.several_services:
        return _breach(Criterion.SEVERAL_SERVICES, f"{services} checks are critical at once", new)
    return None


def _is_new(incident: Incident, since: datetime) -> bool:
    began = incident.critical_at or incident.opened_at
    return incident.severity is Severity.CRITICAL and began is not None and began >= since


def _fails(incident: Incident, since: datetime) -> bool:
    failed = any(finding.reason in (Reason.FAILED, Reason.SECURITY) for finding in incident.verdict.findings)
    return failed and incident.opened_at is not None and incident.opened_at >= since


def opened(incidents: Iterable[Incident], since: datetime, started_at: datetime) -> list[str]:
    """The checks of which an incident is open that opened at or after `since`, and began no earlier than the deployment."""
    new = (one for one in incidents if one.is_open and one.opened_at is not None and one.opened_at >= since)
    return list(dict.fromkeys(one.check for one in new if _is_of_it(one, since, started_at)))


def _is_of_it(incident: Incident, since: datetime, started_at: datetime | None) -> bool:
    """Whether what opened since was well when the deployment began; what was open before and got worse since is of it."""
    opened_since = incident.opened_at is not None and incident.opened_at >= since
    return started_at is None or not opened_since or incident.began_at >= started_at


def _breach(criterion: Criterion, words: str, troubles: Sequence[Trouble]) -> Breach:
    names = [f"{one.check.name} (#{one.incident.id})" for one in troubles]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return Breach(
        criterion=criterion,
        text=f"{words}: {', '.join(names[:_MOST_NAMED])}{more}",
        checks=tuple(dict.fromkeys(one.check.name for one in troubles)),
        incidents=tuple(one.incident.id for one in troubles),
    )
