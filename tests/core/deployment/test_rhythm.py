"""What recurs at moments at which nobody looked before is not the release's doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sentinel.core.deployment.comparing import Event
from sentinel.core.deployment.deployment import Judged
from sentinel.core.deployment.judging import judge
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.rhythm import at_the_same_moments, recurs
from sentinel.core.deployment.samples import Look, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
BEGAN = 36_000.0  # seconds: when the watch began
CHECKS = [f"check-{n}" for n in range(6)]  # at the seconds 25, 28 ... of each minute


def _looks(name: str, slots: Iterable[float], job: float, slower: float) -> Samples:
    """Three times as slow while a job runs, in the first seconds of each minute."""
    random = Random(name)
    return Samples(
        check=name,
        looks=tuple(
            Look(at, failed=False, time=0.1 * random.lognormvariate(0, 0.2) * (3 if at % 60 < job else slower))
            for at in slots
        ),
    )


def judged(job: float = 0.0, slower: float = 1.0) -> Judged:
    moments = {name: 25.0 + 3 * n for n, name in enumerate(CHECKS)}
    before = {n: _looks(n, [BEGAN - 60 * k + at for k in range(120, 0, -1)], job, 1.0) for n, at in moments.items()}
    after = {n: _looks(n, [BEGAN + 10 * k + at % 10 for k in range(90)], job, slower) for n, at in moments.items()}
    quarter = timedelta(minutes=15)
    return judge(WatchPlan(), before, after, after_for=quarter, now=NOW, final=True, points=3).judged


def test_a_job_of_each_minute_that_nobody_saw_before_is_not_the_release_s_doing() -> None:
    assert judged(job=10) is Judged.PASS


def test_beside_such_a_job_a_slow_release_is_seen_nevertheless() -> None:
    assert judged(job=10, slower=1.7) is Judged.FAIL


def test_what_happens_at_any_moment_does_not_recur() -> None:
    random = Random(1)
    anywhere = [Event("a", at * 10.0, random.random() < 0.2) for at in range(90)]
    assert not recurs(anywhere, [60.0], 10.0)
    assert recurs([Event("a", at * 10.0, at % 6 == 0) for at in range(90)], [60.0], 10.0)
    assert not recurs([], [60.0], 10.0)


def test_looks_of_the_schedule_are_at_the_moments_of_the_baseline() -> None:
    before = Samples(check="a", looks=tuple(Look(60.0 * n + 7, failed=False) for n in range(20)))
    after = Samples(check="a", looks=tuple(Look(1200 + 10.0 * n + 7, failed=False) for n in range(30)))
    assert [one.at % 60 for one in at_the_same_moments(before, after).looks] == [7.0] * 5
    assert at_the_same_moments(after, after) == after
