"""Routes: from the entries of the file to which policy an incident goes by."""

from collections.abc import Collection, Mapping

from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.checks import SEVERITIES
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import CheckKinds
from sentinel.config.load import Loaded
from sentinel.config.problems import did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.people import RouteEntry, RouteMatch
from sentinel.core.hours import Calendar
from sentinel.core.matcher import Matcher
from sentinel.core.routes import Route

ROUTES_AT: KeyPath = ("routes",)


def compile_routes(
    loaded: Loaded, policies: Collection[str], calendars: Mapping[str, Calendar], kinds: CheckKinds
) -> tuple[Route, ...]:
    """The routes in the order of the file; those that something is wrong with are noted and left out."""
    entries = loaded.tree.get("routes", [])
    if not isinstance(entries, list):
        loaded.problems.add(ROUTES_AT, loaded.problems.shown(ROUTES_AT, secret=False), "a list of routes")
        return ()
    routes = (
        _route((*ROUTES_AT, index), data, loaded, policies, calendars, kinds) for index, data in enumerate(entries)
    )
    return tuple(route for route in routes if route is not None)


def _route(
    path: KeyPath,
    data: object,
    loaded: Loaded,
    policies: Collection[str],
    calendars: Mapping[str, Calendar],
    kinds: CheckKinds,
) -> Route | None:
    entry = read(RouteEntry, data, path, loaded.problems)
    if entry is None:
        return None
    if entry.policy not in policies:
        expected, hint = f"the name of a policy: {listed(policies)}", did_you_mean(entry.policy, policies)
        loaded.problems.add((*path, "policy"), repr(entry.policy), expected, hint)
    if entry.when is not None:
        refuse_unknown_calendar((*path, "when"), entry.when, calendars, loaded.problems)
    for index, kind in enumerate(entry.match.kinds):
        if kind not in kinds:
            place = (*path, "match", "kinds", index)
            loaded.problems.add(place, repr(kind), f"one of {listed(kinds)}", did_you_mean(kind, kinds))
    when = calendars.get(entry.when) if entry.when else None
    return Route(policy=entry.policy, match=_matcher(entry.match), when=when)


def _matcher(entry: RouteMatch) -> Matcher:
    return Matcher(
        checks=entry.checks,
        tags=frozenset(entry.tags),
        kinds=frozenset(entry.kinds),
        severities=frozenset({SEVERITIES[entry.severity]}) if entry.severity else frozenset(),
    )
