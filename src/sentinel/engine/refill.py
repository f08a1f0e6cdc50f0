"""Memories of rules are filled again after a restart: long windows from roll-ups, courses from a few results of each part."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from sentinel.core.excuses import Excuses
from sentinel.core.history import History
from sentinel.core.memories.growth import GrowthMemory
from sentinel.core.slo import SPAN, Rollup, span_start
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Checks whose roll-ups are read at once.
TOGETHER = 50

#: Roll-ups that are read back at most: some 5 seconds of work. Beyond, long windows begin with less.
MOST_ROLLUPS = 400_000

HOUR = timedelta(hours=1)

#: How far back windows that were held are looked for: as far as any rule looks.
LONGEST = timedelta(days=366)

#: How far back sums are as fine as roll-ups are, and how far back in pieces of an hour; before, they are of six hours.
FINE, COARSE = 12 * HOUR, 72 * HOUR

#: A point of a course is looked for among so many intervals of its check.
INTERVALS = 4


async def refill(store: Store, histories: Iterable[History], excuses: Excuses, until: datetime, now: datetime) -> None:
    """Fill memories with what lies before `until`; from there on, single results are taken in.

    Args:
        store: has the roll-ups.
        histories: to be filled.
        excuses: windows that were held: a piece that one of them touches is left out.
        until: a multiple of 5 minutes.
        now: aware.
    """
    needy = sorted((h for h in histories if now - _reach(h) < until), key=_reach)
    room = MOST_ROLLUPS
    for group in _groups(needy, TOGETHER):
        if room <= 0:
            log.warning("engine.memories_cut", checks=len(needy))
            break
        room -= await _fill(store, group, excuses, until, now)
        await asyncio.sleep(0)
    for history in histories:
        for memory in history.memories.values():
            if isinstance(memory, GrowthMemory):
                await _plant(store, history, memory, until, now)


async def _fill(store: Store, group: Sequence[History], excuses: Excuses, until: datetime, now: datetime) -> int:
    """Answers how many roll-ups were read."""
    by_name = {history.check.name: history for history in group}
    pieces: list[tuple[Rollup, bool]] = []
    for distribution in (False, True):
        reach = max(_reach(history, distribution=distribution) for history in group)
        for since, end, step in _bands(now - reach, until, now):

            def read(
                tx: Transaction,
                since: datetime = since,
                end: datetime = end,
                step: timedelta = step,
                distribution: bool = distribution,
            ) -> list[Rollup]:
                return tx.rollups.pieces(list(by_name), since, end, step, distribution=distribution)

            pieces += ((piece, distribution) for piece in await store.read(read))
    for piece, distribution in sorted(pieces, key=lambda pair: pair[0].start):
        history = by_name[piece.check]
        if not excuses.during(history.check, piece.start, piece.start + piece.span):
            history.seed(piece, distribution=distribution)
    return len(pieces)


def _bands(since: datetime, until: datetime, now: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Stretches of time with the length of the pieces that each is read in; the oldest first."""
    begin = span_start(since, SPAN)
    for latest, step in (
        (span_start(now - COARSE, HOUR), 6 * HOUR),
        (span_start(now - FINE, HOUR), HOUR),
        (until, SPAN),
    ):
        end = min(latest, until)
        if begin < end:
            yield begin, end, step
            begin = end


async def _plant(store: Store, history: History, memory: GrowthMemory, until: datetime, now: datetime) -> None:
    moments = [moment for moment in memory.moments(now) if moment < until]
    within = min(memory.raw, history.check.interval * INTERVALS)
    name = history.check.name
    for result in await store.read(lambda tx: tx.results.sampled(name, moments, within)):
        reading = result.reading(memory.rule.reading)
        if reading is not None and result.scheduled_at < until:
            memory.plant(result.finished_at.timestamp(), reading.value)


def _reach(history: History, *, distribution: bool | None = None) -> timedelta:
    """How far back its memories want roll-ups."""
    wanted = (m for m in history.memories.values() if distribution is None or m.distribution is distribution)
    return max((memory.rolled for memory in wanted), default=timedelta(0))


def _groups(items: Sequence[History], size: int) -> Iterator[Sequence[History]]:
    return (items[start : start + size] for start in range(0, len(items), size))
