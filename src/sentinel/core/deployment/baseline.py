"""With which stretch of time a watch is compared."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment, Ending
from sentinel.core.deployment.plan import Baseline, WatchPlan
from sentinel.core.deployment.samples import Samples
from sentinel.core.deployment.standing import stands

#: A baseline reaches no further back than this from its end, or around its middle.
FURTHEST = timedelta(days=1)

#: A baseline is long enough for times when a check has so many times the samples that a judgement needs at least: a 95th
#: percentile of 20 results is hardly more than their largest, of 100 it rests on five.
ENOUGH_TIMES = 5

#: It is long enough for failures when a check has so many times the looks of the watch. Failures are rare: that there were none
#: before says the more, the longer that was. Times are not asked for so long, because they change with the hour.
ENOUGH_FAILURES = 4

WEEK = timedelta(days=7)


class Stretch(NamedTuple):
    """[since, until), UTC."""

    since: datetime
    until: datetime


def stretches(
    plan: WatchPlan, started_at: datetime, began_at: datetime, lasts: timedelta, zone: tzinfo = UTC
) -> Iterator[Stretch]:
    """Where to look for a baseline: as long as the watch first, then up to twice as long each time, at most a day.

    Args:
        plan: how it is judged.
        started_at: when the deployment began: what is later is not the old release.
        began_at: when the watch began: a week before that a baseline of `week` begins.
        lasts: how long the watch lasts.
        zone: by whose clocks it is the same time of a week before.
    """
    # To subtract from local time, and not from UTC, is what keeps the hour when the clocks were changed in between.
    week_ago = (began_at.astimezone(zone) - WEEK).astimezone(UTC)
    span = min(lasts, FURTHEST)
    while True:
        if plan.baseline is Baseline.BEFORE:
            yield Stretch(started_at - span, started_at)
        else:
            around = (span - lasts) / 2
            yield Stretch(week_ago - around, week_ago + lasts + around)
        if span >= FURTHEST:
            return
        span = min(span * 2, FURTHEST)


def not_standing(past: Sequence[Deployment], until: datetime) -> list[Stretch]:
    """When a release ran that did not stand: what it did is no measure for another one.

    One that was undone ran until it was, one that failed until the next one began. While a release is undone by hand and long
    after its end, it counts from its start to that, too.

    Args:
        past: deployments of the system that began before, the newest first.
        until: when the deployment that is judged began.
    """
    found: list[Stretch] = []
    follows = until
    for one in past:
        ended = one.ended_at or follows
        if not stands(one):
            found.append(Stretch(one.started_at, ended if one.ending is Ending.ROLLED_BACK else follows))
        follows = one.started_at
    return found


def times_needed(plan: WatchPlan) -> int:
    """How many results of a check there should be to compare times with."""
    return plan.samples * ENOUGH_TIMES


def looks_needed(plan: WatchPlan, check: Check, lasts: timedelta) -> int:
    """How many results of a check there should be to compare failures with.

    Args:
        plan: how it is judged.
        check: that is looked at.
        lasts: how long the watch lasts.
    """
    return max(times_needed(plan), math.ceil(lasts / min(check.interval, plan.interval)) * ENOUGH_FAILURES)


def joined(near: Samples, far: Samples) -> Samples:
    """One baseline of two that end together: its failures are those of the longer, its times and matches those of the shorter."""
    if not near.looks:
        return far
    first, last = near.looks[0].at, near.looks[-1].at
    looks = (one if first <= one.at <= last else one._replace(time=None) for one in far.looks)
    return Samples(check=far.check, looks=tuple(looks), found=near.found, least=far.least)
