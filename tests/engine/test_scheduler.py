"""The scheduler: shards by interval and phase, a first look soon, and a plan that changes under it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sentinel.base.clock import SystemClock
from sentinel.core.check import Check
from sentinel.engine.scheduler import Scheduler, divide
from tests.kit.eventually import eventually
from tests.kit.scene import check


class Desk:
    """A scheduler on the real clock, with everything that it handed out."""

    def __init__(self) -> None:
        self.handed: list[tuple[str, datetime]] = []
        self.scheduler = Scheduler(SystemClock(), self._take)

    def _take(self, checks: Sequence[Check], scheduled_at: datetime) -> None:
        self.handed += ((one.name, scheduled_at) for one in checks)

    def times(self, name: str) -> list[datetime]:
        return [at for handed, at in self.handed if handed == name]


def often(name: str, seconds: float = 0.3) -> Check:
    return check(name, interval=timedelta(seconds=seconds), timeout=timedelta(seconds=seconds))


def test_checks_with_the_same_interval_are_spread_over_phases_and_none_is_lost() -> None:
    checks = [check(f"c{n}") for n in range(500)]
    shards = divide(checks)
    assert sum(len(members) for members in shards.values()) == 500
    assert len(shards) > 200
    assert all(timedelta(0) <= offset < interval for interval, offset in shards)


def test_checks_that_share_what_they_ask_are_due_together() -> None:
    sharing = [check(f"c{n}", shares="health document") for n in range(9)]
    [members] = divide(sharing).values()
    assert members == sharing


def test_adding_a_check_moves_no_other() -> None:
    before = divide([check(f"c{n}") for n in range(50)])
    after = divide([check(f"c{n}") for n in range(51)])
    where = {member.name: shard for shard, members in after.items() for member in members}
    assert all(where[member.name] == shard for shard, members in before.items() for member in members)


async def test_a_check_is_handed_out_once_per_slot_on_its_grid() -> None:
    desk = Desk()
    desk.scheduler.start()
    desk.scheduler.plan([often("api")])
    await eventually(lambda: len(desk.times("api")) >= 3, within=5)
    desk.scheduler.stop()
    times = desk.times("api")
    assert len(set(times)) == len(times)
    assert all(later - earlier == timedelta(seconds=0.3) for earlier, later in pairwise(times))


async def test_a_rare_check_has_a_first_look_long_before_its_interval_is_over() -> None:
    desk = Desk()
    rare = check("backup", interval=timedelta(days=1))
    desk.scheduler.start()
    desk.scheduler.plan([rare])
    await eventually(lambda: bool(desk.times("backup")), within=15)
    desk.scheduler.stop()
    assert len(desk.times("backup")) == 1


async def test_a_new_plan_stops_what_is_gone_and_starts_what_is_new() -> None:
    desk = Desk()
    desk.scheduler.start()
    desk.scheduler.plan([often("old"), often("kept", 0.2)])
    await eventually(lambda: bool(desk.times("old")), within=5)
    desk.scheduler.plan([often("new"), often("kept", 0.2)])
    desk.handed.clear()
    await eventually(lambda: len(desk.times("new")) >= 2 and len(desk.times("kept")) >= 2, within=5)
    desk.scheduler.stop()
    assert desk.times("old") == []


async def test_after_a_stop_nothing_is_handed_out() -> None:
    desk = Desk()
    desk.scheduler.start()
    desk.scheduler.plan([often("api", 0.1)])
    await eventually(lambda: bool(desk.handed), within=5)
    desk.scheduler.stop()
    count = len(desk.handed)
    await asyncio.sleep(0.3)
    assert len(desk.handed) == count
