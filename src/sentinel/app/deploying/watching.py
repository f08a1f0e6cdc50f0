"""Judges a watch at one of its points: reads what the checks found before and since, and compares."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.deployment.baseline import (
    FURTHEST,
    WEEK,
    Stretch,
    joined,
    looks_needed,
    not_standing,
    stretches,
    times_needed,
)
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

#: Releases before the one that is watched whose times are asked for.
MOST_RELEASES = 50

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
    opened: Sequence[str] = (),
    final: bool | None = None,
    zone: tzinfo = UTC,
) -> Judgement:
    """What is known of a deployment that is watched, at `now`.

    Results that were due by the clock count, by the schedule or by the pace of the watch; a recheck that follows a failure does
    not. Nothing that was found in a window counts, and nothing of an earlier release that did not stand.

    Args:
        store: with the results of the last days.
        deployment: with its watch (`deployment.watch`).
        plan: how it is judged.
        checks: those of its system, without the check of its deployments; of more than 200 the first.
        now: the moment, UTC; results that were due before it count.
        breaches: criteria that are met; with one the judgement is a fail.
        opened: the checks of which an incident has opened since the watch began, and is open.
        final: whether the watch ends with it; None: when its time is over.
        zone: by whose clocks a baseline is the same time a week before.

    Raises:
        StoreUnavailable: the results cannot be read now; ask again.
    """
    watch = deployment.watch
    assert watch is not None, "only a watch can be judged"
    asked = _Asked(store, plan, checks[:MOST_CHECKS])
    before = await asked.baseline(deployment, watch, zone)
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
        opened=opened,
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

    async def baseline(self, deployment: Deployment, watch: Watch, zone: tzinfo) -> Mapping[str, Samples]:
        """As long as the watch, and longer for checks that have too little of it."""
        near: dict[str, Samples] = {}  # the shortest that has enough times
        far: dict[str, Samples] = {}  # the shortest that has enough for failures, too
        lacking, started_at = self._checks, deployment.started_at
        past = await self._store.read(
            lambda tx: tx.deployments.between(
                started_at - WEEK - FURTHEST, started_at, deployment.system, MOST_RELEASES
            )
        )
        bad = not_standing([one for one in past if one.id < deployment.id], started_at)
        for stretch in stretches(self._plan, started_at, watch.began_at, watch.lasts, zone):
            found, is_whole = await self.samples(stretch, lacking, bad)
            few = [one for one in found.values() if _is_few(near.get(one.check), times_needed(self._plan))]
            near |= {one.check: one for one in few}
            far |= found
            lacking = [one for one in lacking if far[one.name].results < looks_needed(self._plan, one, watch.lasts)]
            if not lacking or not is_whole:
                break
        return {name: joined(near[name], one) for name, one in far.items()}

    async def since(self, began_at: datetime, now: datetime) -> Mapping[str, Samples]:
        """Since the watch began."""
        return (await self.samples(Stretch(began_at, now), self._checks)).samples

    async def samples(self, stretch: Stretch, checks: Sequence[Check], without: Sequence[Stretch] = ()) -> _Read:
        """What some checks found, without what they found in some stretches of it."""

        def read(tx: Transaction) -> tuple[Sequence[Result], Sequence[Held]]:
            names = [one.name for one in checks]
            return (
                tx.results.between(stretch.since, stretch.until, names, MOST_RESULTS),
                tx.windows.between(stretch.since, stretch.until),
            )

        results, held = await self._store.read(read, within=_READ_WITHIN)
        kept = [one for one in results if not any(bad.since <= one.scheduled_at < bad.until for bad in without)]
        sums = await asyncio.to_thread(_sums, checks, kept, Excuses(held))
        return _Read(sums, len(results) < MOST_RESULTS)


def _is_few(known: Samples | None, needed: int) -> bool:
    return known is None or known.results < needed


def _sums(checks: Sequence[Check], results: Sequence[Result], excuses: Excuses) -> Mapping[str, Samples]:
    by_check: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        by_check[one.check].append(one)
    return {
        one.name: samples(
            one,
            [result for result in by_check[one.name] if not excuses.at(one, result.scheduled_at)],
        )
        for one in checks
    }
