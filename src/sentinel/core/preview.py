"""Who would be told, and when, if a check were in trouble: the way of an incident before there is one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.core.check import Check
from sentinel.core.hours import Calendar, any_covers
from sentinel.core.incident import Address, Level, Policy
from sentinel.core.oncall import Called, Schedules, call
from sentinel.core.routes import Route, chosen
from sentinel.core.routing import Recipients, instead
from sentinel.core.rule import Severity

#: Ends of quiet hours that are looked through: hours of several calendars may follow each other.
_MOST_ENDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPreview:
    """One level as it would be told."""

    number: int  # from 1
    level: Level
    at: datetime | None  # when; None: an incident that is no worse never reaches it
    addresses: tuple[Address, ...]  # of its channels; of others where it would reach nobody
    called: Called  # who is on call at that time


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The way of an incident of one check."""

    policy: Policy
    route: int | None  # number of the route that says so, from 0; None: the check's own policy
    quiet_until: datetime | None  # nobody is told before; None: it is not quiet
    levels: tuple[LevelPreview, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a preview goes by: parts of a plan."""

    routes: Sequence[Route]
    policies: Mapping[str, Policy]
    schedules: Schedules
    recipients: Recipients
    commands: Collection[str] = ()  # channels that run commands


def preview(ways: Ways, check: Check, severity: Severity, at: datetime) -> Preview:
    """Who would be told of an incident of a check that opens then, as bad as that, and stays so with nobody taking it."""
    route = chosen(ways.routes, check, severity, at)
    policy = ways.policies[route.policy if route else check.policy]
    quiet_over = quiet_until(policy.quiet, at) if severity < Severity.CRITICAL else None
    numbered = enumerate(policy.levels, start=1)
    return Preview(
        policy=policy,
        route=list(ways.routes).index(route) if route else None,
        quiet_until=quiet_over,
        levels=tuple(_level(ways, policy, number, level, severity, quiet_over or at) for number, level in numbered),
    )


def _level(ways: Ways, policy: Policy, number: int, level: Level, severity: Severity, since: datetime) -> LevelPreview:
    """One level. Time in quiet hours is not counted, so all levels are late by them."""
    at = since + level.after
    named = (Address(channel, one) for channel in level.channels for one in ways.recipients.get(channel, ()))
    addresses, called = tuple(dict.fromkeys(named)), call(level.on_call, ways.schedules, at)
    if level.names_anybody and not addresses and not called.addresses:
        addresses = instead(policy, ways.recipients, ways.commands)
    return LevelPreview(
        number=number,
        level=level,
        at=at if severity >= level.severity else None,
        addresses=addresses,
        called=called,
    )


def quiet_until(calendars: Sequence[Calendar], at: datetime) -> datetime | None:
    """When the quiet hours that a moment lies in are over; None when it lies in none."""
    if not any_covers(calendars, at):
        return None
    end = at
    for _ in range(_MOST_ENDS):
        ends = [until for one in calendars if one.covers(end) and (until := one.until(end)) is not None]
        if not ends:
            return end + timedelta(days=4 * 365)  # it is never over: further than any calendar looks
        end = min(ends)
        if not any_covers(calendars, end):
            return end
    return end
