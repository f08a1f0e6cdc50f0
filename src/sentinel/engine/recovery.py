"""After a restart: what the store remembers becomes the memory of the engine again, so that a restart forgets nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from sentinel.core.check import Check
from sentinel.core.excuses import Excuses
from sentinel.core.history import History
from sentinel.core.incident import Incident, Policy
from sentinel.core.judge import standing_of
from sentinel.core.result import Note, Result
from sentinel.core.rule import Severity
from sentinel.core.silence import Silences
from sentinel.core.slo import SPAN, Rollup, span_start
from sentinel.core.window import Windows
from sentinel.engine.refill import LONGEST, refill
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Results that are read back at most, the newest ones: some 5 seconds of work. Beyond, rules go by roll-ups
#: alone, and those that need single results begin with fewer.
MOST_RESULTS = 300_000

#: Results that are read at once.
PAGE = 20_000

#: Spans of roll-ups that are made again from results: the one that was open when Sentinel stopped, and the one before, which
#: a check had not closed yet if its next result was still to come.
SPANS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a restart begins with."""

    histories: dict[str, History]
    rollups: tuple[Rollup, ...]  # complete spans that were made again and belong into the store
    notes: dict[str, Note]  # of probes, by check
    silences: Silences = field(default_factory=Silences)
    windows: Windows = field(default_factory=Windows)
    over: tuple[tuple[History, Incident], ...] = ()  # incidents that are over, of bundles in which others are not


async def recall(store: Store, checks: Iterable[Check], policies: Mapping[str, Policy], now: datetime) -> Recalled:
    """Histories as they were when the last commit was made.

    1. States: verdicts, counters, incidents. A check that is not among `checks` any more is brought back only while its
       incident is open, so that whoever was told of it can be told that it is over.
    2. The last result of each check, from which time goes on.
    3. Roll-ups and, from the last hour or as far back as a rule needs them, results into the memories of rules; results of the
       last spans into roll-ups.
    """
    histories = {check.name: History(check, policies[check.policy]) for check in checks}
    states = await store.read(lambda tx: tx.states.all())
    for name, state in states.items():
        incident = state.incident
        if name not in histories and incident is not None and incident.is_open:
            histories[name] = History(_removed(incident), incident.policy)
        if name in histories:
            histories[name].restore(state)
    notes = await store.read(lambda tx: tx.notes.all())
    await _forget_others(store, (states.keys() | notes.keys()) - histories.keys())
    last = await store.read(lambda tx: tx.results.last())
    again = _remake_from(last.values())
    if again is not None:
        often = [name for name, history in histories.items() if _runs_often(history)]
        await store.write(lambda tx: tx.rollups.forget(again, often))
    rollups = await _replay(store, histories, again, now)
    await _go_on(store, histories, last, again)
    log.info("engine.recalled", checks=len(states), open=sum(h.incident is not None for h in histories.values()))
    return Recalled(
        histories=histories,
        rollups=tuple(rollups),
        notes={name: note for name, note in notes.items() if name in histories},
        silences=Silences(await store.read(lambda tx: tx.silences.current(now))),
        windows=Windows(await store.read(lambda tx: tx.windows.current(now))),
        over=await _over(store, histories, now),
    )


async def _go_on(
    store: Store,
    histories: Mapping[str, History],
    last: Mapping[str, tuple[Result, Severity]],
    again: datetime | None,
) -> None:
    """Let time go on from the last result of each check. What is stored of a span that goes on is not counted again."""
    opened: dict[str, datetime] = {}
    for name, (result, severity) in last.items():
        if (history := histories.get(name)) is None:
            continue
        history.last = history.last or result
        if history.tally.current() is None:
            history.tally.resume(result.scheduled_at, standing_of(result, severity))
        start = span_start(result.scheduled_at)
        if again is not None and (start < again or not _runs_often(history)):
            opened[name] = start
    parts = await store.read(lambda tx: tx.rollups.at(set(opened.values()), SPAN, list(opened)))
    stored = {(part.check, part.start) for part in parts if part.samples}
    for name, start in opened.items():
        if (name, start) in stored:
            histories[name].tally.take()
        elif not _runs_often(histories[name]):
            histories[name].recount(*last[name])


def _runs_often(history: History) -> bool:
    """Whether the roll-ups that are made again can be made from the results of so short a time."""
    return history.check.interval <= SPAN


async def _over(store: Store, histories: Mapping[str, History], now: datetime) -> tuple[tuple[History, Incident], ...]:
    """What was over already in bundles that are not, and of which people may not have heard yet."""
    news = [h.incident.news_at for h in histories.values() if h.incident is not None and h.incident.news_at]
    if not news:
        return ()
    since = min(news)
    over = await store.read(lambda tx: tx.incidents.between(since, now))
    return tuple((histories[one.check], one) for one in over if one.resolved_at is not None and one.check in histories)


async def _forget_others(store: Store, names: Collection[str]) -> None:
    """Drop the states and notes of checks that are gone: one that comes back later begins anew, not with counts of long ago."""

    def forget(tx: Transaction) -> None:
        for name in names:
            tx.states.forget(name)
            tx.notes.forget(name)

    if names:
        await store.write(forget)


def _removed(incident: Incident) -> Check:
    """What is left of a check that the plan does not have any more."""
    return Check(name=incident.check, kind="removed", interval=timedelta(minutes=1), timeout=timedelta(seconds=10))


def _remake_from(last: Iterable[tuple[Result, Severity]]) -> datetime | None:
    """The start of the first span that is made again; None when there are no results."""
    newest = max((result.scheduled_at for result, _ in last), default=None)
    if newest is None:
        return None
    return span_start(newest) - SPAN * (SPANS - 1)


async def _replay(
    store: Store, histories: Mapping[str, History], again: datetime | None, now: datetime
) -> list[Rollup]:
    """Feed results to windows and tallies; answers the spans that were completed by them."""
    rollups: list[Rollup] = []
    excuses = Excuses(await store.read(lambda tx: tx.windows.between(now - LONGEST, now)))
    if again is None:
        await refill(store, histories.values(), excuses, span_start(now), now)
        return rollups
    # One span more than is made again: the result before a span speaks for its beginning.
    tallied_from = again - SPAN
    since = span_start(min(tallied_from, now - _raw(histories.values())))
    await refill(store, histories.values(), excuses, since, now)
    async for result, severity in _results(store, since):
        history = histories.get(result.check)
        if history is None:
            continue
        history.recall(result, excused=bool(excuses.at(history.check, result.finished_at)))
        if _runs_often(history) and result.scheduled_at >= tallied_from:
            rollups += history.recount(result, severity)
    return [rollup for rollup in rollups if rollup.start >= again]


def _raw(histories: Iterable[History]) -> timedelta:
    """From how far back rules want single results, cut where that would be more than `MOST_RESULTS`."""
    windows, rate = [timedelta(0)], 0.0
    for history in histories:
        rate += 1 / history.check.interval.total_seconds()
        windows += (memory.raw for memory in history.memories.values())
    return min(max(windows), timedelta(seconds=MOST_RESULTS / rate)) if rate else timedelta(0)


async def _results(store: Store, since: datetime) -> AsyncIterator[tuple[Result, Severity]]:
    """All results since a moment, the oldest first, page by page."""
    after: Result | None = None
    while True:

        def page(tx: Transaction, after: Result | None = after) -> list[tuple[Result, Severity]]:
            return tx.results.since(since, limit=PAGE, after=after)

        found = await store.read(page)
        for pair in found:
            yield pair
        if len(found) < PAGE:
            return
        after = found[-1][0]
        await asyncio.sleep(0)
