"""After a restart: what the store remembers becomes the memory of the engine again, so that a restart forgets nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog

from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.incident import Incident, Policy
from sentinel.core.judge import standing
from sentinel.core.result import Result
from sentinel.core.rule import ErrorRate, Quantile
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Results that are read back at most to fill windows.
MOST_RESULTS = 2_000_000

#: So many of them at once: a read has to end within seconds, and each takes about a kilobyte of memory.
PAGE = 20_000


async def recall(
    store: Store, checks: Iterable[Check], policies: Mapping[str, Policy], mains: Mapping[str, str], now: datetime
) -> dict[str, History]:
    """Histories as they were when the last commit was made.

    A check of the store that is not among `checks` any more is brought back only while its incident is open, so that
    whoever was told of it can be told that it is over.
    """
    histories = {check.name: History(check, policies[check.policy], mains.get(check.kind, "")) for check in checks}
    states = await store.read(lambda tx: tx.states.all())
    for name, state in states.items():
        incident = state.incident
        if name not in histories and incident is not None and incident.is_open:
            histories[name] = History(_removed(incident), incident.policy, "")
        if name in histories:
            histories[name].restore(state)
    await _fill_windows(store, histories, now)
    await _resume_tallies(store, histories)
    log.info("engine.recalled", checks=len(states), open=sum(h.incident is not None for h in histories.values()))
    return histories


def _removed(incident: Incident) -> Check:
    """What is left of a check that the plan does not have any more."""
    return Check(name=incident.check, kind="removed", interval=timedelta(minutes=1), timeout=timedelta(seconds=10))


async def _fill_windows(store: Store, histories: Mapping[str, History], now: datetime) -> None:
    longest = max(
        (
            rule.window
            for history in histories.values()
            for rule in history.check.rules
            if isinstance(rule, ErrorRate | Quantile)
        ),
        default=None,
    )
    if longest is None:
        return
    last: Result | None = None
    for _ in range(MOST_RESULTS // PAGE):
        page = await store.read(partial(_page, since=now - longest, after=last))
        for result in page:
            if history := histories.get(result.check):
                history.recall(result)
        if len(page) < PAGE:
            return
        last = page[-1]


def _page(tx: Transaction, since: datetime, after: Result | None) -> list[Result]:
    return tx.results.since(since, limit=PAGE, after=after)


async def _resume_tallies(store: Store, histories: Mapping[str, History]) -> None:
    """Time goes on from the last result: what lies between it and the next one is accounted for."""
    for name, (result, _severity) in (await store.read(lambda tx: tx.results.last())).items():
        if history := histories.get(name):
            history.last = result
            history.tally.resume(result.scheduled_at, standing(result, history.verdict))
