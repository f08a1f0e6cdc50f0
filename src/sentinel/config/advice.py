"""What a configuration may say, though it is hardly what anybody means."""

import math
from collections.abc import Iterator
from datetime import timedelta

from sentinel.base.units import Unit, format_value, write_duration
from sentinel.core.check import Check
from sentinel.core.plan import Plan
from sentinel.core.rule import ErrorRate
from sentinel.core.samples import PARTS


def advice(plan: Plan) -> Iterator[str]:
    """One line for each, for people; nothing where there is nothing to say."""
    for channel in plan.channels:
        if channel.lacks:
            cannot = "tell anybody" if channel.veto is None else "run its command"
            yield f"channel {channel.name!r} cannot {cannot} yet: {channel.lacks}"
    for check in plan.checks:
        if check.lacks:
            yield f"check {check.name!r} cannot be judged yet: {check.lacks}"
        if check.kind == "heartbeat" and plan.web.port is None:
            yield f"check {check.name!r} cannot be reported to: `web.port` is not set, so jobs have no address to call"
        yield from _hasty_error_rates(check)


def _hasty_error_rates(check: Check) -> Iterator[str]:
    """Rules that a single failure breaks. They open an incident at once, so a hiccup would wake somebody."""
    for rule in check.rules:
        # A bound of 0 means just that: no failure at all.
        if isinstance(rule, ErrorRate) and 0 < _target(rule) < 1 / rule.min_samples:
            yield f"check {check.name!r}: {_hasty(rule, check.interval)}"


def _hasty(rule: ErrorRate, interval: timedelta) -> str:
    share, target = format_value(1 / rule.min_samples, Unit.RATIO), format_value(_target(rule), Unit.RATIO)
    needed = math.ceil(1 / _target(rule) - 1e-9)  # 1 / 0.01 may come out a little above 100
    window = write_duration(timedelta(seconds=math.ceil(needed * interval.total_seconds() * PARTS / (PARTS - 1))))
    return (
        f"one failure among {rule.min_samples} results is an error rate of {share}, above the bound of {target}: "
        f"a single failure opens an incident at once; with min_samples {needed}, in a window of {window} or longer, it does not"
    )


def _target(rule: ErrorRate) -> float:
    return (rule.bounds.critical or 0.0) if rule.bounds.warning is None else rule.bounds.warning
