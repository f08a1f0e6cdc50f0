"""With which stretch of time a watch is compared."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sentinel.core.deployment.plan import Baseline, WatchPlan
from sentinel.core.deployment.samples import Samples

#: A baseline reaches no further back than this from its end, or around its middle.
FURTHEST = timedelta(days=1)

#: There is enough of it when each check has so many times the samples that a judgement needs at least: a 95th percentile of 20
#: results is hardly more than their largest, of 100 it rests on five.
ENOUGH = 5

WEEK = timedelta(days=7)


class Stretch(NamedTuple):
    """[since, until), UTC."""

    since: datetime
    until: datetime


def stretches(plan: WatchPlan, started_at: datetime, began_at: datetime, lasts: timedelta) -> Iterator[Stretch]:
    """Where to look for a baseline: as long as the watch first, then twice as long each time, up to a day.

    Args:
        plan: how it is judged.
        started_at: when the deployment began: what is later is not the old release.
        began_at: when the watch began: a week before that a baseline of `week` begins.
        lasts: how long the watch lasts.
    """
    span = min(lasts, FURTHEST)
    while True:
        if plan.baseline is Baseline.BEFORE:
            yield Stretch(started_at - span, started_at)
        else:
            around = (span - lasts) / 2
            yield Stretch(began_at - WEEK - around, began_at - WEEK + lasts + around)
        if span >= FURTHEST:
            return
        span = min(span * 2, FURTHEST)


def is_enough(plan: WatchPlan, before: Samples) -> bool:
    """Whether the baseline of a check need not be any longer."""
    return before.results >= plan.samples * ENOUGH
