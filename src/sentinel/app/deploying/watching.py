"""Judges a watch at one of its points: reads what the checks found before and since, and compares."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.deployment.baseline import Stretch, joined, looks_needed, stretches, times_needed
from sentinel.core.deployment.deployment import Breach, Deployment, Judgement, Watch
from sentinel.core.deployment.judging import judge
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.samples import Samples, samples
from sentinel.core.excuses import Excuses
from sentinel.core.holding import Held
from sentinel.core.result import Result
from sentinel.store.database import Store
from sentinel.store.transaction import Transaction

#: A watch compares no more checks than this, and reads no more results at once; of a baseline that has more, the latest.
MOST_CHECKS, MOST_RESULTS = 200, 50_000

#: Seconds that one read may take: a day of a busy store holds some million results of other checks.
_READ_WITHIN = 30.0


async def judged(
    store: Store,
    deployment: Deployment,
    plan: WatchPlan,
    checks: Sequence[Check],
    now: datetime,
    breaches: Sequence[Breach] = (),
    *,
    final: bool | None = None,
) -> Judgement:
    """What is known of a deployment that is watched, at `now`.

    Results that Sentinel asked for between two slots count where they keep the pace of the watch, so the faster looks need no
    mark; a recheck that follows a failure sooner does not. Nothing that was found in a window counts.

    Args:
        store: with the results of the last days.
        deployment: with its watch (`deployment.watch`).
        plan: how it is judged.
        checks: those of its system, without the check of its deployments; of more than 200 the first.
        now: the moment, UTC; results that were due before it count.
        breaches: criteria that are met; with one the judgement is a fail.
        final: whether the watch ends with it; None: when its time is over.

    Raises:
        StoreUnavailable: the results cannot be read now; ask again.
    """
    watch = deployment.watch
    assert watch is not None, "only a watch can be judged"
    asked = _Asked(store, plan, checks[:MOST_CHECKS])
    before = await asked.baseline(deployment.started_at, watch)
    after = await asked.since(watch.began_at, now)
    return await asyncio.to_thread(
        judge,
        plan,
        before,
        after,
        after_for=now - watch.began_at,
        now=now,
        final=now >= watch.ends_at if final is None else final,
        points=len(watch.points),
        breaches=breaches,
    )


class _Read(NamedTuple):
    """Samples by check."""

    samples: Mapping[str, Samples]
    is_whole: (
        bool  # whether nothing was left out: where there is more than is read, looking further back finds nothing new
    )


class _Asked:
    """Reads the results of some checks."""

    def __init__(self, store: Store, plan: WatchPlan, checks: Sequence[Check]) -> None:
        self._store = store
        self._plan = plan
        self._checks = checks

    async def baseline(self, started_at: datetime, watch: Watch) -> Mapping[str, Samples]:
        """As long as the watch, and longer for checks that have too little of it."""
        near: dict[str, Samples] = {}  # the shortest that has enough times
        far: dict[str, Samples] = {}  # the shortest that has enough for failures, too
        lacking = self._checks
        for stretch in stretches(self._plan, started_at, watch.began_at, watch.lasts):
            found, is_whole = await self.samples(stretch, lacking, since=False)
            few = [one for one in found.values() if _is_few(near.get(one.check), times_needed(self._plan))]
            near |= {one.check: one for one in few}
            far |= found
            lacking = [one for one in lacking if far[one.name].results < looks_needed(self._plan, one, watch.lasts)]
            if not lacking or not is_whole:
                break
        return {name: joined(near[name], one) for name, one in far.items()}

    async def since(self, began_at: datetime, now: datetime) -> Mapping[str, Samples]:
        """Since the watch began."""
        return (await self.samples(Stretch(began_at, now), self._checks, since=True)).samples

    async def samples(self, stretch: Stretch, checks: Sequence[Check], *, since: bool) -> _Read:
        """What some checks found; `since` the watch began, or before it."""

        def read(tx: Transaction) -> tuple[Sequence[Result], Sequence[Held]]:
            names = [one.name for one in checks]
            return (
                tx.results.between(stretch.since, stretch.until, names, MOST_RESULTS),
                tx.windows.between(stretch.since, stretch.until),
            )

        results, held = await self._store.read(read, within=_READ_WITHIN)
        paces = {one.name: min(one.interval, self._plan.interval) if since else one.interval for one in checks}
        sums = await asyncio.to_thread(_sums, checks, results, Excuses(held), paces)
        return _Read(sums, len(results) < MOST_RESULTS)


def _is_few(known: Samples | None, needed: int) -> bool:
    return known is None or known.results < needed


def _sums(
    checks: Sequence[Check], results: Sequence[Result], excuses: Excuses, paces: Mapping[str, timedelta]
) -> Mapping[str, Samples]:
    by_check: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        by_check[one.check].append(one)
    return {
        one.name: samples(
            one,
            [result for result in by_check[one.name] if not excuses.at(one, result.scheduled_at)],
            paces[one.name],
        )
        for one in checks
    }
