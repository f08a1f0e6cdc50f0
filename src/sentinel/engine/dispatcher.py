"""Sends what the outbox holds: one worker per channel, so that a channel that hangs delays no other.

A row is claimed under a lease (committed before the call), sent, and settled (committed after it). Whoever dies in between
leaves a row whose lease runs out, and it is sent again with its old key. All waiting and trying again happens here; channels
try once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple, Protocol

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.incident import Address, Phase
from sentinel.core.notification import (
    AT_MOST_ONCE,
    MOST_PATIENCE,
    STOPPED_BY_ACKNOWLEDGEMENT,
    Ambiguous,
    Cause,
    Failed,
    Message,
    Notification,
    Outcome,
    Receipt,
    Sent,
    State,
    after_attempt,
)
from sentinel.engine.commands import close_order, recover
from sentinel.engine.progress import Pulse, Pulses
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Rows that one channel sends at the same time. Those of one incident and address follow each other.
AT_ONCE = 4

#: How long a worker waits, in seconds, when nothing is due and nobody wakes it: a wake-up that was lost costs no more.
POLL = 5.0

#: A lease outlives the attempt's deadline by this.
LEASE_MARGIN = timedelta(seconds=30)

#: How long a stop waits for sends that are under way, in seconds.
STOP_GRACE = 10.0

#: How long a send that was cut off may take to write down that it was, in seconds.
LAST_WORD = 3.0


class Sender(Protocol):
    """What the dispatcher needs of a channel."""

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome: ...

    async def close(self) -> None: ...


class Route(NamedTuple):
    """A channel and what sending through it takes."""

    channel: Sender
    timeout: float  # seconds for one attempt
    gap: float = 0.0  # seconds that the receiver wants between two messages


@dataclass(slots=True, eq=False)
class Line:
    """One channel with its worker."""

    name: str
    channel: Sender
    timeout: float  # seconds for one attempt
    gap: float  # seconds between two messages; 0: several at once
    pulse: Pulse
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    paused_until: datetime | None = None  # the receiver asked for patience
    last_failure: str = ""  # why the last attempt failed; empty after a success
    outcomes: Counter[str] = field(default_factory=Counter)  # attempts by how they ended
    task: "asyncio.Task[None] | None" = None
    leaving: bool = False  # claims nothing more
    unreadable: bool = False  # the store did not answer when it was last asked for rows


class Dispatcher:
    """Owns the sending of all channels."""

    def __init__(self, clock: Clock, store: Store, rng: Random) -> None:
        self._clock = clock
        self._store = store
        self._rng = rng
        self._lines: dict[str, Line] = {}
        self._started = False
        self.pulse = Pulses(
            "dispatcher", lambda: [line.pulse for line in self._lines.values() if line.task is not None]
        )

    @property
    def lines(self) -> Mapping[str, Line]:
        """The channels and how they do."""
        return self._lines

    async def start(self) -> None:
        """Begin to send. Rows that were being sent when Sentinel last died are sent again."""
        # This process alone owns the store, so nobody else can hold a lease: none has to be waited for.
        now = self._clock.now()
        recovered = await self._store.write(lambda tx: recover(tx, now, leases_too=True))
        for row in recovered:
            log.warning("notification.interrupted", key=row.key, channel=row.address.channel, incident=row.incident)
        self._started = True
        for line in self._lines.values():
            self._staff(line)

    async def equip(self, channels: Mapping[str, Route]) -> None:
        """Use these channels from now on. One that stays the same goes on undisturbed; one that leaves ends what it sends."""
        leaving = [
            line
            for name, line in self._lines.items()
            if name not in channels or channels[name].channel is not line.channel
        ]
        await asyncio.gather(*(self._dismiss(line) for line in leaving))
        kept = {name: line for name, line in self._lines.items() if line not in leaving}
        self._lines = {name: kept.get(name) or self._line(name, route) for name, route in channels.items()}
        for line in self._lines.values():
            self._staff(line)

    def wake(self, channels: Iterable[str]) -> None:
        """Something new is in the outbox for these channels."""
        for name in channels:
            if line := self._lines.get(name):
                line.wake.set()

    async def stop(self) -> None:
        """Claim nothing more, let what is under way end within `STOP_GRACE`, and close the channels."""
        await asyncio.gather(*(self._dismiss(line) for line in self._lines.values()))

    async def bury_orphans(self) -> int:
        """Mark rows of channels that the plan no longer has as dead; answers how many there were."""
        gone = await self._store.read(lambda tx: tx.outbox.channels()) - self._lines.keys()
        count = 0
        for name in gone:
            count += await self._store.write(lambda tx, name=name: tx.outbox.bury(name, Cause.CHANNEL_REMOVED))  # type: ignore[misc]
        return count

    async def tell_now(self, message: Message, addresses: Iterable[Address], key: str) -> None:
        """Send without the outbox, once: only for the one message that says that the outbox cannot be written."""
        now = self._clock.now()
        rows = (Notification(key=key, address=to, message=message, created_at=now, attempts=1) for to in addresses)
        # At the same time: one that hangs must not keep the others from hearing of it.
        await asyncio.gather(*(self._tell(line, row) for row in rows if (line := self._lines.get(row.address.channel))))

    async def _tell(self, line: Line, row: Notification) -> None:
        self._log(row, await self._attempt(line, row, None))

    # --- One worker -------------------------------------------------------------------------------------------------

    def _line(self, name: str, route: Route) -> Line:
        # An attempt takes its time, and a receiver may want a pause: only beyond that it must be stuck.
        pulse = Pulse(f"channel {name}", self._clock, patience=2 * route.timeout + 60.0)
        return Line(name, route.channel, route.timeout, route.gap, pulse)

    def _staff(self, line: Line) -> None:
        if self._started and line.task is None:
            line.task = asyncio.create_task(self._work(line), name=f"channel {line.name}")

    async def _dismiss(self, line: Line) -> None:
        """Let a line claim nothing more, and cut off what it still sends after `STOP_GRACE`."""
        line.leaving = True
        line.wake.set()
        if line.task is not None:
            await asyncio.wait([line.task], timeout=STOP_GRACE)
            line.task.cancel()
            await asyncio.gather(line.task, return_exceptions=True)
        await line.channel.close()

    async def _work(self, line: Line) -> None:
        while not line.leaving:
            line.wake.clear()
            try:
                pause = await self._round(line)
                line.unreadable = False
            except StoreError as error:
                if not line.unreadable:
                    log.warning("outbox.unreadable", channel=line.name, why=str(error))
                line.unreadable = True
                pause = POLL
            except Exception:
                # A worker that ended here would leave its channel silent for good.
                log.exception("channel.worker_failed", channel=line.name)
                pause = POLL
            if pause:
                await self._clock.wait(line.wake, pause)
            line.pulse.beat()

    async def _round(self, line: Line) -> float:
        """Send what is due; answers for how many seconds nothing else will be."""
        rows = await self._claim(line)
        if not rows:
            return await self._until_due(line)
        await asyncio.gather(*(self._deliver(line, row) for row in rows))
        if line.gap:
            await self._clock.sleep(line.gap)
        return 0.0

    async def _claim(self, line: Line) -> list[Notification]:
        now = self._clock.now()
        if line.paused_until is not None and now < line.paused_until:
            return []
        lease = timedelta(seconds=line.timeout) + LEASE_MARGIN
        return await self._store.write(lambda tx: tx.outbox.claim(line.name, now, lease, 1 if line.gap else AT_ONCE))

    async def _until_due(self, line: Line) -> float:
        """Seconds until something may be due, at most `POLL`."""
        due = await self._store.read(lambda tx: tx.outbox.next_due(line.name))
        moments = [at for at in (due, line.paused_until) if at is not None]
        if line.paused_until is not None and due is not None:
            moments = [max(due, line.paused_until)]
        wait = min(((at - self._clock.now()).total_seconds() for at in moments), default=POLL)
        return min(POLL, max(0.01, wait))

    async def _deliver(self, line: Line, row: Notification) -> None:
        try:
            first = await self._first_receipt(row)
            outcome = await self._attempt(line, row, first)
        except asyncio.CancelledError:
            # If the store is down this is lost; the next start finds the row as it was claimed, and that means the same.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD):
                    await self._settle(line, row, Ambiguous(cause=Cause.INTERRUPTED))
            raise
        await asyncio.shield(self._settle(line, row, outcome))

    async def _first_receipt(self, row: Notification) -> Receipt | None:
        number = row.incident
        if number is None or row.message.sequence <= 1:
            return None
        try:
            return await self._store.read(lambda tx: tx.outbox.first_receipt(number, row.address))
        except Exception as error:
            # The news matters more than its place in a thread.
            log.warning("receipt.unreadable", channel=row.address.channel, key=row.key, why=type(error).__name__)
            return None

    async def _attempt(self, line: Line, row: Notification, first: Receipt | None) -> Outcome:
        deadline = asyncio.get_running_loop().time() + line.timeout
        try:
            async with asyncio.timeout_at(deadline + 1.0):
                return await line.channel.send(row, first, deadline)
        except TimeoutError:
            return Ambiguous(cause=Cause.TIMEOUT, detail="the attempt did not end by its deadline")
        except Exception as error:
            # Nobody knows how far it came; it stays in the outbox either way.
            log.exception("channel.crashed", channel=line.name, key=row.key)
            return Ambiguous(cause=Cause.RENDERING_FAILED, detail=type(error).__name__)

    async def _settle(self, line: Line, row: Notification, outcome: Outcome) -> None:
        now = self._clock.now()
        settled = after_attempt(row, outcome, now, self._rng)
        self._note(line, outcome, now)
        wait = 0.25
        while True:
            try:
                settled = await self._store.write(partial(_settle, row=settled, now=now))
                break
            except StoreError:
                # If Sentinel dies before this succeeds the row counts as ambiguous, and the receiver sees its key again.
                line.pulse.beat()
                await self._clock.sleep(wait)
                wait = min(wait * 2, 5.0)
        if settled.message.kind in AT_MOST_ONCE:
            self.wake(self._lines)  # how it ended is to be told
        self._log(settled, outcome)

    def _note(self, line: Line, outcome: Outcome, now: datetime) -> None:
        match outcome:
            case Sent():
                line.outcomes["sent"] += 1
                line.last_failure = ""
            case Failed(cause=Cause.RATE_LIMITED as cause, retry_after=timedelta() as wait):
                line.outcomes["failed"] += 1
                line.last_failure = cause.value
                line.paused_until = now + min(wait, MOST_PATIENCE)
            case Failed(cause=cause):
                line.outcomes["failed"] += 1
                line.last_failure = cause.value
            case Ambiguous(cause=cause):
                line.outcomes["ambiguous"] += 1
                line.last_failure = cause.value

    def _log(self, row: Notification, outcome: Outcome) -> None:
        about = {
            "channel": row.address.channel,
            "kind": row.message.kind.value,
            "incident": row.incident,
            "attempt": row.attempts,
            "key": row.key,
        }
        match outcome:
            case Sent():
                log.info("notification.sent", **about)
            case Failed(cause=cause, detail=detail) | Ambiguous(cause=cause, detail=detail):
                # A channel that is down for a day is told of by its first failure and by the end, not every minute.
                tell = log.warning if row.attempts == 1 or row.state is State.DEAD else log.debug
                event = "notification.dead" if row.state is State.DEAD else "notification.retry_scheduled"
                ambiguous = isinstance(outcome, Ambiguous)
                tell(event, **about, reason=cause.value, detail=detail, ambiguous=ambiguous, due_at=_iso(row.due_at))


def _settle(tx: Transaction, row: Notification, now: datetime) -> Notification:
    """Write a row after its attempt; answers it as it is now.

    What was on its way when the incident was acknowledged, and did not arrive, is not tried again.
    """
    again = row.state is State.QUEUED and not row.ambiguous and row.message.kind in STOPPED_BY_ACKNOWLEDGEMENT
    if again and row.incident is not None:
        incident = tx.incidents.get(row.incident)
        if incident is not None and incident.phase is Phase.ACKNOWLEDGED:
            row = replace(row, state=State.CANCELLED, due_at=None)
    if tx.outbox.settle(row):
        close_order(tx, row, now)
    return row


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
