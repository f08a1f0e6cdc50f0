"""Faster looks during a watch: spread, bounded, never two of one check, and not at what should be left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.app.deploying.looking import AT_ONCE, FasterLooks
from sentinel.core.plan import Limits
from tests.kit.calm import Calm
from tests.kit.probes import HeldProbe, QuickProbe
from tests.kit.scene import MINUTE, check, plan, well

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sentinel.core.check import Check
    from sentinel.core.result import Measurement
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

TEN = timedelta(seconds=10)


class Counted:
    """Looks faster at these checks, and counts their runs by the second."""

    def __init__(self, folder: Path, store: Store, clock: FakeClock, checks: Sequence[Check]) -> None:
        self.calm = Calm(plan(*checks, folder=folder), store, clock)
        self.runs: list[str] = []
        self.clock = clock
        self.checks = checks
        self.faster = FasterLooks(self.calm)
        self.calm.runner.equip({one.name: QuickProbe(self._noting(one.name)) for one in checks}, Limits())

    async def go(self, seconds: int) -> list[int]:
        """How many runs each second began."""
        counts = []
        for _ in range(seconds):
            before = len(self.runs)
            self.faster.look([(self.checks, TEN)])
            await self.clock.advance(seconds=1)
            counts.append(len(self.runs) - before)
        return counts

    def _noting(self, name: str) -> Callable[[], Measurement]:
        def answer() -> Measurement:
            self.runs.append(name)
            return well()

        return answer


async def test_looks_are_spread_over_the_interval(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    counted = Counted(tmp_path, store, clock, [check(f"c{n}") for n in range(20)])
    counts = await counted.go(30)
    assert max(counts) <= 3
    assert 55 <= sum(counts) <= 60


async def test_no_more_than_a_bound_begin_at_once(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    counted = Counted(tmp_path, store, clock, [check(f"c{n}") for n in range(AT_ONCE * 12)])
    assert max(await counted.go(12)) == AT_ONCE


async def test_what_signs_in_writes_or_looks_seldom_is_left_to_its_rhythm(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    left = [check("login", kind="auth"), check("order", kind="scenario"), check("copy", interval=60 * MINUTE)]
    fast = check("fast", interval=TEN / 2)
    counted = Counted(tmp_path, store, clock, [*left, fast])
    assert sum(await counted.go(30)) == 0


async def test_a_run_that_takes_long_is_not_begun_twice(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    counted = Counted(tmp_path, store, clock, [check("slow", timeout=MINUTE)])
    await counted.go(1)
    held = HeldProbe()
    counted.calm.runner.equip({"slow": held}, Limits())
    await counted.go(40)
    assert held.begun == 1
    assert counted.calm.runner.skipped.total() == 0
    held.let_go()
    await clock.settle()
