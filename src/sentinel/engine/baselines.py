"""What past weeks were like, for rules that compare with them: read from roll-ups every few minutes, never while judging."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sentinel.base.clock import Clock
from sentinel.core.excuses import Excuses
from sentinel.core.memories.baseline import BaselineMemory
from sentinel.core.rule import PAST_WEEKS, Against
from sentinel.core.slo import SPAN, Rollup, span_start
from sentinel.engine.pipeline import Pipeline
from sentinel.store.database import Store
from sentinel.store.rollups import HOUR

#: How often the past weeks of a rule are read again.
EVERY = timedelta(minutes=5)

#: Checks whose roll-ups are read at once.
TOGETHER = 100

#: Windows from this length on are compared by hours: pieces of 5 minutes would be many, and say no more.
LONG = timedelta(hours=6)

WEEK = timedelta(days=7)


class Baselines:
    """Keeps rules that compare with past weeks supplied."""

    def __init__(self, clock: Clock, store: Store, pipeline: Pipeline) -> None:
        self._clock = clock
        self._store = store
        self._pipeline = pipeline

    async def refresh(self) -> None:
        """Read what is due, a bounded part at a time."""
        now = self._clock.now()
        due: dict[timedelta, list[tuple[str, BaselineMemory]]] = defaultdict(list)
        for history in self._pipeline.histories.values():
            for memory in history.memories.values():
                if isinstance(memory, BaselineMemory) and _is_due(memory, now):
                    due[memory.rule.window].append((history.check.name, memory))
        for window, wanting in due.items():
            for start in range(0, len(wanting), TOGETHER):
                await self._refer(window, wanting[start : start + TOGETHER], now)

    async def _refer(self, window: timedelta, wanting: Sequence[tuple[str, BaselineMemory]], now: datetime) -> None:
        names = list({name for name, _ in wanting})
        past: dict[str, list[Rollup]] = defaultdict(list)
        excuses = await self._excuses(now)
        step = HOUR if window >= LONG else SPAN
        for week in range(PAST_WEEKS, 0, -1):
            until = span_start(now - WEEK * week)
            since = span_start(until - window)
            found = await self._store.read(
                lambda tx, since=since, until=until: tx.rollups.pieces(names, since, until, step, distribution=True)  # type: ignore[misc]  # as in housekeeping
            )
            for piece in found:
                history = self._pipeline.histories.get(piece.check)
                if history and not excuses.during(history.check, piece.start, piece.start + piece.span):
                    past[piece.check].append(piece)
        for name, memory in wanting:
            memory.refer(past[name], now + EVERY)

    async def _excuses(self, now: datetime) -> Excuses:
        """What was found in a window that was held is no measure."""
        since = now - WEEK * (PAST_WEEKS + 1)
        return Excuses(await self._store.read(lambda tx: tx.windows.between(since, now)))


def _is_due(memory: BaselineMemory, now: datetime) -> bool:
    return memory.rule.against is Against.WEEKS and (memory.due_at is None or memory.due_at <= now)
