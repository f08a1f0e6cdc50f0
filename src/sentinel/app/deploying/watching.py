"""Judges a watch at one of its points: reads what the checks found before and since, and compares."""

from collections.abc import Sequence
from datetime import datetime

from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Breach, Deployment, Judged, Judgement
from sentinel.core.deployment.plan import WatchPlan
from sentinel.store.database import Store


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
    mark; a recheck that follows a failure sooner does not.

    Args:
        store: with the results of the last days.
        deployment: with its watch (`deployment.watch`).
        plan: how it is judged.
        checks: those of its system, without the check of its deployments.
        now: the moment, UTC; results that were due before it count.
        breaches: criteria that are met; with one the judgement is a fail.
        final: whether the watch ends with it; None: when its time is over.

    Raises:
        StoreUnavailable: the results cannot be read now; ask again.
    """
    watch = deployment.watch
    assert watch is not None, "only a watch can be judged"
    last = now >= watch.ends_at if final is None else final
    verdict = Judged.FAIL if breaches else Judged.INCONCLUSIVE
    return Judgement(at=now, after=now - watch.began_at, judged=verdict, breaches=tuple(breaches), final=last)
