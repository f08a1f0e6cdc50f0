"""After a restart: what the store remembers becomes the memory of the engine again, so that a restart forgets nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.incident import Incident, Policy
from sentinel.core.judge import standing
from sentinel.core.rule import ErrorRate, Quantile
from sentinel.store.database import Store

log = structlog.get_logger()

#: Results that are read back at most to fill windows; the newest are the ones that count.
MOST_RESULTS = 500_000


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
    for result in await store.read(lambda tx: tx.results.since(now - longest, limit=MOST_RESULTS)):
        if history := histories.get(result.check):
            history.recall(result)


async def _resume_tallies(store: Store, histories: Mapping[str, History]) -> None:
    """Time goes on from the last result: what lies between it and the next one is accounted for."""
    for name, (result, _severity) in (await store.read(lambda tx: tx.results.last())).items():
        if history := histories.get(name):
            history.last = result
            history.tally.resume(result.scheduled_at, standing(result, history.verdict))
