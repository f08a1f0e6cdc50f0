"""What pages ask of the store. Everything here runs on a thread of the store, within one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sentinel.app import counting
from sentinel.app.charts import results_of
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.planned import Stretch as Period
from sentinel.core.planned import pieces
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.core.slo import Rollup, span_start
from sentinel.reports.check import MOST_INCIDENTS, MOST_RESULTS, Past, Stretch, wants_raw
from sentinel.reports.figures import active_users
from sentinel.reports.overview import LastDay
from sentinel.reports.strips import STEP, STEPS, first_step
from sentinel.store.database import Transaction

DAY: Final = timedelta(days=1)

#: Occurrences of windows that one page draws, the latest.
MOST_DRAWN: Final = 200

#: Deployments of one system that one page marks, the latest.
MOST_DEPLOYED: Final = 50


def last_day(checks: Sequence[Check], now: datetime, tx: Transaction) -> Mapping[str, LastDay]:
    """What the checks of a page did in the last day, by name; of one that did nothing there is nothing."""
    names = [check.name for check in checks]
    wholes = counting.last_day(tx, checks, now)
    parts: dict[str, list[Rollup]] = defaultdict(list)
    for piece in tx.rollups.pieces(names, first_step(now, STEP, STEPS), counting.span_end(now), STEP):
        parts[piece.check].append(piece)
    return {name: LastDay(whole=whole, pieces=parts.get(name, ())) for name, whole in wholes.items()}


def look_at(check: Check, systems: Sequence[str], stretch: Stretch, now: datetime, tx: Transaction) -> Past:
    """What is known of one check over a stretch, without the time before it.

    Args:
        check: which.
        systems: that it belongs to, whose deployments are marked.
        stretch: up to now.
        now: aware.
        tx: of the store.
    """
    since, until = stretch.since(now), counting.span_end(now)
    begun = _begun(tx, since, until)
    held = tx.windows.between(since, until, counting.MOST_HELD)
    planned = pieces(held, [check], Period(since, until))
    return Past(
        day=counting.last_day(tx, [check], now).get(check.name),
        pieces=tx.rollups.pieces([check.name], begun, until, stretch.step, readings=True),
        whole=tx.rollups.pieces([check.name], begun, until, DAY, distribution=True),
        results=_last(check, now, tx),
        raw=_raw(check, since, now, tx) if wants_raw(check, stretch) else (),
        incidents=tx.incidents.between(since, now, MOST_INCIDENTS, check.name),
        held=held[:MOST_DRAWN],
        deployments=deployed(systems, since, now, tx),
        planned=planned,
        taken=tx.aggregates.taken(planned).get(check.name),
    )


def deployed(systems: Iterable[str], since: datetime, until: datetime, tx: Transaction) -> Sequence[Deployment]:
    """The deployments of some systems that went on in a time, the latest of each."""
    return [one for system in systems for one in tx.deployments.between(since, until, system, MOST_DEPLOYED)]


def before_of(check: Check, stretch: Stretch, now: datetime, tx: Transaction) -> Sequence[Rollup]:
    """How the main reading was distributed over the same length of time before a stretch; one roll-up, or none."""
    since = stretch.since(now)
    begun = _begun(tx, since - stretch.length, since)
    return list(counting.counted(tx, [check], begun, since).values())


def people_of(
    readings: Mapping[str, str], since: datetime, until: datetime, tx: Transaction
) -> tuple[float | None, float | None]:
    """How many people were there on the mean from one moment to another, and in the same length of time before.

    Args:
        readings: by check, the one that counts people.
        since: when it begins.
        until: when it ends.
    """
    if not readings:
        return None, None
    first, middle, last = span_start(since - (until - since)), span_start(since), counting.span_end(until)
    spans = ((middle, last), (first, middle))
    now, before = (tx.rollups.pieces(list(readings), *span, DAY, readings=True) for span in spans)
    return active_users(now, readings), active_users(before, readings)


def _last(check: Check, now: datetime, tx: Transaction) -> Sequence[tuple[Result, Severity]]:
    """The last results, and a few more."""
    return results_of(check, now - check.interval * MOST_RESULTS, now, tx)


def _raw(check: Check, since: datetime, now: datetime, tx: Transaction) -> Sequence[Result]:
    return tuple(result for result, _ in results_of(check, since, now, tx))


def _begun(tx: Transaction, since: datetime, until: datetime) -> datetime:
    """When a stretch of time begins, of which nothing is kept before: days that nobody summed are looked for piece by piece."""
    first = tx.rollups.earliest()
    return until if first is None else min(max(since, first), until)
