"""How attempts ended, written down: all that ended meanwhile in one transaction, again and again until it succeeds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.incident import Phase
from sentinel.core.notification import (
    STOPPED_BY_ACKNOWLEDGEMENT,
    STOPPED_BY_END,
    Kind,
    Notification,
    State,
    why_copied,
)
from sentinel.engine.commands import close_order
from sentinel.engine.line import Line
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Waits between tries while the store fails, in seconds.
FIRST_WAIT, LONGEST_WAIT = 0.25, 5.0

#: Rows that are copied to another channel in one transaction.
COPIED_AT_ONCE = 500

_STOPPABLE = frozenset({*STOPPED_BY_ACKNOWLEDGEMENT, *STOPPED_BY_END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt that ended."""

    line: Line
    row: Notification  # what it has become
    at: datetime
    revived: bool = False  # the channel works again after it had failed


class Settling:
    """Writes down how attempts ended."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._pending: list[tuple[Ended, asyncio.Future[Notification]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def settle(self, ended: Ended) -> Notification:
        """Write it down; answers the row as it is then. Who stops waiting does not stop the writing."""
        written: asyncio.Future[Notification] = asyncio.get_running_loop().create_future()
        self._pending.append((ended, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="settling")
        return await asyncio.shield(written)

    async def close(self) -> None:
        """Write nothing more: what is not written counts as ambiguous at the next start."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        for _, written in self._pending:
            written.cancel()

    async def _write_all(self) -> None:
        wait = FIRST_WAIT
        while self._pending:
            batch = list(self._pending)
            try:
                rows = await self._store.write(partial(_settle_all, batch=[ended for ended, _ in batch]))
            except StoreError:
                # If Sentinel dies before this succeeds the rows count as ambiguous, and the receivers see their keys again.
                for ended, _ in batch:
                    ended.line.pulse.beat()
                await self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            except Exception as error:
                log.exception("outbox.not_settled", rows=len(batch))
                self._answer(batch, error)
                continue
            wait = FIRST_WAIT
            self._answer(batch, rows)

    def _answer(
        self, batch: Sequence[tuple[Ended, "asyncio.Future[Notification]"]], answer: list[Notification] | Exception
    ) -> None:
        del self._pending[: len(batch)]
        for number, (_, written) in enumerate(batch):
            if written.done():
                continue
            if isinstance(answer, Exception):
                written.set_exception(answer)
                written.exception()  # read here: whoever waited may be gone, and asyncio would log it once more
            else:
                written.set_result(answer[number])


def _settle_all(tx: Transaction, batch: Sequence[Ended]) -> list[Notification]:
    for channel in {ended.line.name: ended.at for ended in batch if ended.revived}.items():
        tx.outbox.hasten(*channel)
    return [_settle(tx, ended) for ended in batch]


def _settle(tx: Transaction, ended: Ended) -> Notification:
    """Write a row after its attempt, with those that it carries; answers it as it is now.

    1. What was on its way when its incident was acknowledged or ended, and did not arrive, is not tried again.
    2. What is given up is told through the channel that stands in.
    3. How a command ended is told.
    """
    row = ended.row
    again = row.state is State.QUEUED and not row.ambiguous
    back = tx.outbox.told_by(row.id, _STOPPABLE) if again else []
    given_up = tx.outbox.carried(row.id) if row.state is State.DEAD and ended.line.route.stand_ins else ()
    if not tx.outbox.settle(row, ended.at):
        return row
    if stopped := [told.id for told in back if told.message.kind in _stopped_now(tx, told)]:
        tx.outbox.withhold(stopped)
    if given_up:
        note = why_copied(ended.line.name, None, row.reason)
        tx.outbox.copy(given_up, ended.line.name, ended.line.route.stand_ins, note, ended.at, len(given_up))
    close_order(tx, row, ended.at)
    return replace(row, state=State.CANCELLED, due_at=None) if row.id in stopped else row


def _stopped_now(tx: Transaction, row: Notification) -> tuple[Kind, ...]:
    """What is pointless about the incident that a row tells of."""
    about = row.message.incident
    incident = tx.incidents.get(about.id) if about is not None else None
    if incident is None:
        return ()
    if incident.phase is Phase.RESOLVED:
        return STOPPED_BY_END
    return STOPPED_BY_ACKNOWLEDGEMENT if incident.phase is Phase.ACKNOWLEDGED else ()
