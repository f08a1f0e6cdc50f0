"""The operations part of a report, made from what a store knows."""

from sentinel.core.check import Check
from sentinel.core.plan import Plan
from sentinel.core.planned import Stretch
from sentinel.reports import alerts, targets
from sentinel.reports.operations import Operations
from sentinel.reports.past import Account, Past, accounts

_NOTHING = Past(rollups={}, incidents=(), timelines={})


def build(plan: Plan, checks: list[Check], past: Past, now: list[Account], period: Stretch, zone: str) -> Operations:
    """Everything that those who run the systems want to know of a period.

    Args:
        plan: names the channels.
        checks: that the report is about.
        past: what happened; `past.before` is compared with.
        now: the accounts of these checks, in their order.
        period: what it is about.
        zone: IANA name; of the night.
    """
    earlier = Stretch(period.since - period.length, period.since)
    past_before = past.before or _NOTHING
    before = {one.check.name: one for one in accounts(checks, past_before, earlier)}
    distributions = targets.quantiles(now, before)
    times, times_before = alerts.times(past, period), alerts.times(past_before, earlier)
    return Operations(
        since_before=earlier.since,
        whole=targets.uptime_of_all(now, before),
        systems=tuple(sorted(targets.uptime_of_systems(now, before), key=targets.worst_first)),
        checks=tuple(sorted(targets.uptime_of_checks(now, before), key=targets.worst_first)),
        budgets=tuple(targets.budgets(now, before)),
        quantiles=tuple(distributions),
        slowest=tuple(targets.slowest(distributions)),
        flakiest=tuple(targets.flakiest(now, past, period)),
        incidents=tuple(times),
        times=alerts.figures(times, times_before),
        quality=alerts.quality(checks, past, period, zone, times, times_before),
        channels=alerts.channels(plan, past),
    )
