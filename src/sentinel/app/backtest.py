"""Running the rules of a configuration over recorded results. Nothing is written, and nobody is told."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sentinel.base.clock import SystemClock
from sentinel.core.backtest import Episode, Recorded, Replay, compare, happened
from sentinel.core.deployment.check import name_of
from sentinel.core.excuses import Excuses
from sentinel.core.history import History
from sentinel.core.plan import Plan
from sentinel.core.result import Result
from sentinel.core.rule import Against, Baseline, Rule
from sentinel.core.slo import span_start
from sentinel.core.window import Windows
from sentinel.engine.refill import LONGEST, refill
from sentinel.reports.backtest import BacktestDocument, Tested, build
from sentinel.store.database import Store, Transaction

#: Results that are read at once: some 20 MB of memory.
PAGE = 20_000

#: Rules that need single results are given so much of what was before, if it is recorded.
WARM_UP = timedelta(days=1)

#: Incidents that are compared at most, the latest.
MOST_INCIDENTS = 10_000

#: Is told now and then how far it has come, 0 to 1.
Progress = Callable[[float], None]


async def backtest(plan: Plan, length: timedelta, progress: Progress = lambda _share: None) -> BacktestDocument:
    """What the rules of a plan would have made of the results of its store, beside what happened.

    1. Fill what rules over long windows remember from roll-ups, as a restart does.
    2. Judge recorded results page by page, the oldest first. Those before the time that was asked for only fill memories.
    3. Put the incidents that would have opened beside those that did.

    Args:
        plan: the configuration that is tried; its store is read, also beside a running daemon.
        length: of the time before now.
        progress: is told how far it has come.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    now = SystemClock().now()
    store = await Store.open_readonly(plan.store)
    try:
        return await _run(store, plan, now - length, now, progress)
    finally:
        await store.close()


async def _run(store: Store, plan: Plan, since: datetime, now: datetime, progress: Progress) -> BacktestDocument:
    histories = {check.name: History(check, plan.policies[check.policy]) for check in plan.checks}
    begin = await _first(store, span_start(since - _warm_up(histories.values())))
    held = await store.read(lambda tx: tx.windows.between(begin - LONGEST, now))
    await refill(store, histories.values(), Excuses(held), begin, begin)
    replay = Replay(histories, Recorded(held, Windows(plan.windows)), since)
    first = await _replay(store, replay, begin, since, now, progress)
    unjudged = tuple(map(name_of, plan.deployments))
    was = await _happened(store, since if first is None else max(since, first), now, unjudged)
    return build(
        Tested(
            since=since,
            until=now,
            covered_from=first,
            keep=plan.store.keep_results,
            results=replay.results,
            pairs=compare(was, replay.episodes()),
            unjudged=replay.unjudged,
            untested=_untested(plan),
        ),
        plan.checks,
    )


async def _first(store: Store, begin: datetime) -> datetime:
    """Where recorded results begin, if that is later: what was before is filled from roll-ups, which are kept for longer."""
    found = await store.read(lambda tx: tx.results.since(begin, limit=1))
    return max(begin, span_start(found[0][0].scheduled_at)) if found else begin


def _warm_up(histories: Iterable[History]) -> timedelta:
    wanted = [memory.raw for history in histories for memory in history.memories.values()]
    return min(WARM_UP, max(wanted, default=timedelta(0)))


def _untested(plan: Plan) -> list[str]:
    """Checks with rules that compare with past weeks: those are read while a daemon runs, and would have had other weeks."""
    return [check.name for check in plan.checks if any(_looks_at_weeks(rule) for rule in check.rules)]


def _looks_at_weeks(rule: Rule) -> bool:
    return isinstance(rule, Baseline) and rule.against is Against.WEEKS


async def _replay(
    store: Store, replay: Replay, begin: datetime, since: datetime, now: datetime, progress: Progress
) -> datetime | None:
    """Answers when the first result was due that belongs to the time that was asked for."""
    first: datetime | None = None
    after: Result | None = None
    while True:

        def page(tx: Transaction, after: Result | None = after) -> list[Result]:
            return [result for result, _ in tx.results.since(begin, limit=PAGE, after=after)]

        results = await store.read(page)
        await asyncio.to_thread(_take, replay, results)
        if first is None:
            first = next((result.scheduled_at for result in results if result.scheduled_at >= since), None)
        if len(results) < PAGE:
            progress(1.0)
            return first
        after = results[-1]
        progress(max(0.0, min(1.0, (after.scheduled_at - begin) / (now - begin))))


def _take(replay: Replay, results: Sequence[Result]) -> None:
    for result in results:
        replay.take(result)


async def _happened(store: Store, since: datetime, now: datetime, unjudged: Sequence[str]) -> list[Episode]:
    return happened(await store.read(lambda tx: tx.incidents.between(since, now, MOST_INCIDENTS)), unjudged)
