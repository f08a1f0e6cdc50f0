"""Whether anybody would hear: what a configuration may say about telling, though it is hardly what anybody means."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sentinel.core.incident import Level, Policy
from sentinel.core.oncall import OnCall, Shifts, first_gap
from sentinel.core.plan import Plan
from sentinel.core.routes import Route, hides
from sentinel.core.rule import Severity

#: How far ahead is looked for a time at which nobody is on call.
LOOK_AHEAD = timedelta(days=28)


def advice_on_telling(plan: Plan, now: datetime) -> Iterator[str]:
    """One line for each, for people; nothing where there is nothing to say.

    Args:
        now: aware; schedules are looked at from then on.
    """
    yield from _hidden_routes(plan.routes)
    yield from _idle_routes(plan)
    yield from _idle_policies(plan)
    yield from _idle_channels(plan)
    yield from _idle_schedules(plan)
    for schedule in plan.on_call.values():
        yield from _strangers(schedule)
    yield from _deaf_policies(plan)
    for policy in plan.policies.values():
        for number, level in enumerate(policy.levels, start=1):
            yield from _gaps(plan, policy, number, level, now)


def _hidden_routes(routes: tuple[Route, ...]) -> Iterator[str]:
    for index, later in enumerate(routes):
        for place, earlier in enumerate(routes[:index]):
            if hides(earlier, later):
                yield (
                    f"`routes[{index}]` never has a turn: whatever it takes ({_words(later)}) is taken by "
                    f"`routes[{place}]` before; put the narrower one first"
                )
                break


def _idle_routes(plan: Plan) -> Iterator[str]:
    for index, route in enumerate(plan.routes):
        if not any(route.match.covers(check) for check in plan.checks):
            yield f"`routes[{index}]` never has a turn: no check is meant by it ({_words(route)})"


def _words(route: Route) -> str:
    return f"{route.match}{f', while {route.when.name}' if route.when else ''}"


def _idle_policies(plan: Plan) -> Iterator[str]:
    used = _used_policies(plan)
    for name in plan.policies:
        if name not in used:
            yield f"policy {name!r} is used by no check and no route"


def _used_policies(plan: Plan) -> set[str]:
    """Those that an incident may go by, Sentinel's own included."""
    by_checks = {check.policy for check in plan.checks}
    by_deployments = {deployment.policy for deployment in plan.deployments.values()}
    return by_checks | by_deployments | {route.policy for route in plan.routes} | {plan.own_policy, "default"}


def _deaf_policies(plan: Plan) -> Iterator[str]:
    """Policies by which no person hears of an incident, or none of a warning."""
    for name in sorted(_used_policies(plan) & plan.policies.keys()):
        heard = [level for level in plan.policies[name].levels if _tells_people(level, plan)]
        if not heard and plan.policies[name].levels:
            yield f"policy {name!r} tells no person anything: its levels name commands only"
        elif heard and all(level.severity is Severity.CRITICAL for level in heard):
            yield f"policy {name!r} tells nobody of a warning: all its levels are for critical incidents"


def _tells_people(level: Level, plan: Plan) -> bool:
    return bool(level.on_call) or any(name not in plan.commands for name in level.channels)


def _idle_channels(plan: Plan) -> Iterator[str]:
    used = set(_used_channels(plan))
    for channel in plan.channels:
        if channel.name not in used:
            yield f"channel {channel.name!r} tells nobody anything: no level, person or report names it"


def _used_channels(plan: Plan) -> Iterator[str]:
    for policy in plan.policies.values():
        yield from (name for level in policy.levels for name in level.channels)
        yield from policy.updates.channels if policy.updates else ()
    for person in plan.people.values():
        yield from (address.channel for address in person.addresses)
    for report in plan.reports:
        yield from report.channels
    for window in plan.windows:
        yield from window.channels
    for deployment in plan.deployments.values():
        yield from deployment.channels
        yield from (deployment.rollback.channel,) if deployment.rollback else ()
    yield from (channel.fallback for channel in plan.channels)


def _idle_schedules(plan: Plan) -> Iterator[str]:
    used = {name for policy in plan.policies.values() for level in policy.levels for name in level.on_call}
    for name in plan.on_call:
        if name not in used:
            yield f"schedule {name!r} calls nobody: no level names it in `on_call`"


def _strangers(schedule: OnCall) -> Iterator[str]:
    if isinstance(schedule.plan, Shifts) and schedule.plan.unnamed:
        count = schedule.plan.unnamed
        events = "1 event names" if count == 1 else f"{count} events name"
        yield f"schedule {schedule.name!r}: {events} nobody of `people`, so nobody is on call by them"


def _gaps(plan: Plan, policy: Policy, number: int, level: Level, now: datetime) -> Iterator[str]:
    """A level that calls nobody for a time, and who is told instead (`core.routing`)."""
    schedules = [plan.on_call[name] for name in level.on_call if name in plan.on_call]
    gap = first_gap(schedules, now, now + LOOK_AHEAD) if schedules else None
    if gap is None:
        return
    names = " and ".join(schedule.name for schedule in schedules)
    until = f" UTC to {gap.ends_at:%Y-%m-%d %H:%M} UTC" if gap.ends_at < now + LOOK_AHEAD else " UTC on"
    channels = level.channels or tuple(dict.fromkeys(name for one in policy.levels for name in one.channels))
    channels = tuple(name for name in channels if name not in plan.commands)
    others = f"only {', '.join(channels)} would be told" if channels else "every channel would be told instead"
    yield (
        f"policy {policy.name!r}, level {number}: nobody is on call by {names} from {gap.starts_at:%Y-%m-%d %H:%M}{until}, "
        f"so {others}"
    )
