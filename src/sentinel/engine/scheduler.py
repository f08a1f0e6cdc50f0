"""Hands out checks when they are due.

One APScheduler job per shard: all checks with the same interval and phase. Ten thousand jobs of their own would cost three
times as much, and one job for all would start everything in one moment.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from sentinel.base.clock import Clock
from sentinel.core.cadence import next_slot, offset, slot
from sentinel.core.check import Check
from sentinel.engine.progress import Pulse

#: Checks that are rarer than this have a first look soon after the start, spread over this time.
FIRST_LOOK_WITHIN = timedelta(seconds=10)

#: Takes the checks that are due and the slot they are due for.
Submit = Callable[[Sequence[Check], datetime], None]

#: Interval and phase.
Shard = tuple[timedelta, timedelta]


class Scheduler:
    """Keeps the grid of slots. The wall clock decides which slot it is; APScheduler only wakes us up."""

    def __init__(self, clock: Clock, submit: Submit) -> None:
        self._clock = clock
        self._submit = submit
        self._shards: dict[Shard, list[Check]] = {}
        # Handing out is quick, so it is done on the spot ("debug" is only the library's name for that): the usual executor
        # makes a task of it, and a stop that came upon one logged an error for its cancellation.
        self._timers = AsyncIOScheduler(timezone=UTC, executors={"default": DebugExecutor()})
        self.pulse = Pulse("scheduler", clock, patience=60.0)

    def start(self) -> None:
        """Begin to hand out checks. Needs the running loop."""
        self._timers.start()

    def stop(self) -> None:
        """Hand out nothing more. What is running goes on."""
        if self._timers.running:
            self._timers.shutdown(wait=False)

    def plan(self, checks: Iterable[Check]) -> None:
        """Watch these checks from now on. A shard that stays keeps its slots; a check that is new is looked at soon."""
        before = {check.name for shard in self._shards.values() for check in shard}
        shards = divide(checks)
        for gone in self._shards.keys() - shards.keys():
            self._timers.remove_job(_job(gone))
        for shard in shards.keys() - self._shards.keys():
            self._add(shard)
        self._shards = shards
        for shard, members in shards.items():
            self._first_look(shard, [check for check in members if check.name not in before])
        self.pulse.patience = _patience(shards)
        self.pulse.beat()

    def realign(self, step: float) -> None:
        """Compute every next slot anew: the wall clock has stepped by so many seconds.

        A slot that was stepped over, such as while this host was suspended, is not waited for a whole interval: its checks
        are looked at once, soon.
        """
        now = self._clock.now()
        before = now - timedelta(seconds=step)
        for shard, members in self._shards.items():
            self._timers.modify_job(_job(shard), next_run_time=next_slot(now, *shard))
            if slot(now, *shard) > before:
                self._first_look(shard, members)

    def _add(self, shard: Shard) -> None:
        interval, moved = shard
        start = next_slot(self._clock.now(), interval, moved)
        self._timers.add_job(
            self._fire,
            IntervalTrigger(seconds=interval.total_seconds(), start_date=start, timezone=UTC),
            args=[shard],
            id=_job(shard),
            # Late is better than never: by default a job that is a second late would be dropped without a word.
            misfire_grace_time=None,
            coalesce=True,
            next_run_time=start,
        )

    def _first_look(self, shard: Shard, newcomers: list[Check]) -> None:
        interval, moved = shard
        now = self._clock.now()
        if not newcomers or next_slot(now, interval, moved) - now <= FIRST_LOOK_WITHIN:
            return
        spread = FIRST_LOOK_WITHIN * (moved / interval)
        self._timers.add_job(
            self._look, DateTrigger(now + spread, timezone=UTC), args=[newcomers], misfire_grace_time=None
        )

    def _look(self, checks: list[Check]) -> None:
        """Off the grid, so due when it is done."""
        self._submit(checks, self._clock.now())

    def _fire(self, shard: Shard) -> None:
        self.pulse.beat()
        if members := self._shards.get(shard):
            self._submit(members, slot(self._clock.now(), *shard))


def divide(checks: Iterable[Check]) -> dict[Shard, list[Check]]:
    """The checks by interval and phase."""
    shards: dict[Shard, list[Check]] = {}
    for check in checks:
        shards.setdefault((check.interval, offset(check)), []).append(check)
    return shards


def _job(shard: Shard) -> str:
    interval, moved = shard
    return f"{interval.total_seconds()}+{moved.total_seconds()}"


def _patience(shards: Iterable[Shard]) -> float:
    """After how many seconds without any due check the scheduler must be stuck."""
    shortest = min((interval.total_seconds() for interval, _ in shards), default=float("inf"))
    return max(30.0, shortest * 2.5)
