"""Sends what the outbox holds: one worker per channel, so that a channel that hangs delays no other.

A row is claimed under a lease (committed before the call), sent, and settled (committed after it). Whoever dies in between
leaves a row whose lease runs out, and it is sent again with its old key. All waiting and trying again happens here; channels
try once. What one message stands for is decided by `core.parcel`; when a channel takes nothing, another one stands in.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.channels.base import Rehearses
from sentinel.core.incident import Address
from sentinel.core.notification import (
    AT_MOST_ONCE,
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
    why_copied,
    why_late,
)
from sentinel.core.parcel import MOST_CARRIED
from sentinel.engine.commands import recover
from sentinel.engine.line import Line, Route
from sentinel.engine.progress import Pulse, Pulses
from sentinel.engine.settling import COPIED_AT_ONCE, Ended, Settling
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: How long a worker waits, in seconds, when nothing is due and nobody wakes it: a wake-up that was lost costs no more.
POLL = 5.0

#: While something waits for a budget, the outbox is looked at no more often than this, in seconds: a storm adds rows all the
#: time, and each look counts them.
BREATH = 0.5

#: A lease outlives the attempt's deadline by this.
LEASE_MARGIN = timedelta(seconds=30)

#: How long a stop waits for sends that are under way, in seconds.
STOP_GRACE = 10.0

#: How long a send that was cut off may take to write down that it was, in seconds.
LAST_WORD = 3.0


class Dispatcher:
    """Owns the sending of all channels."""

    def __init__(self, clock: Clock, store: Store, rng: Random) -> None:
        self._clock = clock
        self._store = store
        self._rng = rng
        self._settling = Settling(clock, store)
        self._lines: dict[str, Line] = {}
        self._started = False
        self._standing_in: asyncio.Task[None] | None = None
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
            if row.carried_by is None:
                log.warning("notification.interrupted", key=row.key, channel=row.address.channel, incident=row.incident)
        self._started = True
        for line in self._lines.values():
            self._staff(line)
        self._standing_in = asyncio.create_task(self._stand_in(), name="standing in")

    async def equip(self, channels: Mapping[str, Route]) -> None:
        """Use these channels from now on. One that stays the same goes on undisturbed; one that leaves ends what it sends."""
        leaving = [
            line
            for name, line in self._lines.items()
            if name not in channels or channels[name].channel is not line.route.channel
        ]
        await asyncio.gather(*(self._dismiss(line) for line in leaving))
        kept = {name: line for name, line in self._lines.items() if line not in leaving}
        self._lines = {name: kept.get(name) or self._line(name, route) for name, route in channels.items()}
        for name, line in self._lines.items():
            line.route = channels[name]
            self._staff(line)

    def wake(self, channels: Iterable[str]) -> None:
        """Something new is in the outbox for these channels."""
        for name in channels:
            if line := self._lines.get(name):
                line.wake.set()

    async def stop(self) -> None:
        """Claim nothing more, let what is under way end within `STOP_GRACE`, and close the channels."""
        if self._standing_in is not None:
            self._standing_in.cancel()
            await asyncio.gather(self._standing_in, return_exceptions=True)
        await asyncio.gather(*(self._dismiss(line) for line in self._lines.values()))
        await self._settling.close()

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
        return Line(name, route, pulse)

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
        await line.route.channel.close()

    async def _work(self, line: Line) -> None:
        await self._recall(line)
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

    async def _recall(self, line: Line) -> None:
        """Go on from what was sent, and what could not be, before this line was there."""
        now, budget = self._clock.now(), line.route.budget

        def look(tx: Transaction) -> None:
            line.remember_sent(tx.outbox.sent(line.name, now - (budget.per if budget else timedelta(days=1))), now)
            if found := tx.outbox.trouble(line.name):
                line.recall(*found, now)

        try:
            await self._store.read(look)
        except Exception as error:
            # A full budget to begin with is no reason to send nothing.
            log.warning("outbox.past_unreadable", channel=line.name, why=type(error).__name__)

    async def _round(self, line: Line) -> float:
        """Send what is due; answers for how many seconds nothing else will be."""
        rows = await self._claim(line)
        if not rows:
            return await self._until_due(line)
        await asyncio.gather(*(self._deliver(line, row) for row in rows))
        if line.route.gap:
            await self._clock.sleep(line.route.gap)
        return 0.0

    async def _claim(self, line: Line) -> list[Notification]:
        now = self._clock.now()
        if not line.may_begin(now):
            return []
        lease = timedelta(seconds=line.route.timeout) + LEASE_MARGIN
        packing = line.packing(now)
        claimed = await self._store.write(lambda tx: tx.outbox.claim(line.name, now, lease, packing))
        line.spend(claimed.rows, claimed.held, now)
        return claimed.rows

    async def _until_due(self, line: Line) -> float:
        """Seconds until something may be due, at most `POLL`."""
        if line.held_until is not None:
            await self._clock.sleep(BREATH)
            return self._seconds_until(line.held_until)
        due = await self._store.read(lambda tx: tx.outbox.next_due(line.name))
        if line.paused_until is not None and not line.may_begin(self._clock.now()):
            due = max(due or line.paused_until, line.paused_until)
        return POLL if due is None else self._seconds_until(due)

    def _seconds_until(self, moment: datetime) -> float:
        return min(POLL, max(0.01, (moment - self._clock.now()).total_seconds()))

    async def _deliver(self, line: Line, row: Notification) -> None:
        now = self._clock.now()
        if row.lease_until is not None and now >= row.lease_until:
            # This process stood still, and somebody else may be sending it by now.
            log.warning("notification.lease_missed", channel=line.name, key=row.key)
            return
        line.begin(now)
        try:
            first = await self._first_receipt(row)
            outcome = await self._attempt(line, _as_it_is_told(row, line.route.fallback), first)
        except asyncio.CancelledError:
            # If the store is down this is lost; the next start finds the row as it was claimed, and that means the same.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD):
                    await self._settle(line, row, Ambiguous(cause=Cause.INTERRUPTED))
            raise
        await self._settle(line, row, outcome)

    async def _first_receipt(self, row: Notification) -> Receipt | None:
        about = row.message.incident
        number = (about.thread if about else 0) or row.incident
        begins = about is not None and row.message.sequence <= 1 and number == row.incident
        if number is None or begins:
            return None
        try:
            return await self._store.read(lambda tx: tx.outbox.first_receipt(number, row.address))
        except Exception as error:
            # The news matters more than its place in a thread.
            log.warning("receipt.unreadable", channel=row.address.channel, key=row.key, why=type(error).__name__)
            return None

    async def _attempt(self, line: Line, row: Notification, first: Receipt | None) -> Outcome:
        if row.message.kind in AT_MOST_ONCE and not isinstance(line.route.channel, Rehearses):
            # A reload has made something else of its channel: a message that arrives is no rollback that has run.
            return Failed(cause=Cause.REFUSED, detail="its channel carries out no orders any more", permanent=True)
        deadline = asyncio.get_running_loop().time() + line.route.timeout
        try:
            async with asyncio.timeout_at(deadline + 1.0):
                return await line.route.channel.send(row, first, deadline)
        except TimeoutError:
            return Ambiguous(cause=Cause.TIMEOUT, detail="the attempt did not end by its deadline")
        except Exception as error:
            # Nobody knows how far it came; it stays in the outbox either way.
            log.exception("channel.crashed", channel=line.name, key=row.key)
            return Ambiguous(cause=Cause.RENDERING_FAILED, detail=type(error).__name__)

    async def _settle(self, line: Line, row: Notification, outcome: Outcome) -> None:
        now = self._clock.now()
        revived = line.note(row, outcome, now)
        ended = Ended(line=line, row=after_attempt(row, outcome, now, self._rng), at=now, revived=revived)
        settled = await self._settling.settle(ended)
        if settled.message.kind in AT_MOST_ONCE:
            self.wake(self._lines)  # how it ended is to be told
        elif settled.state is State.DEAD and line.route.fallback:
            self.wake([line.route.fallback])
        self._log(settled, outcome)

    # --- Another channel stands in ----------------------------------------------------------------------------------

    async def _stand_in(self) -> None:
        """Have what a channel has not taken for too long told through its fallback, too."""
        while True:
            for line in list(self._lines.values()):
                try:
                    await self._stand_in_for(line)
                except StoreError as error:
                    log.debug("outbox.unreadable", channel=line.name, why=str(error))
                except Exception:
                    # Whoever ended here would leave every dead channel without another.
                    log.exception("channel.not_stood_in_for", channel=line.name)
            await self._clock.sleep(POLL)

    async def _stand_in_for(self, line: Line) -> None:
        now, route = self._clock.now(), line.route
        if not (route.stand_ins and line.is_deaf(now)):
            return
        note = why_copied(line.name, line.deaf_since, line.last_failure)
        for _ in range(MOST_CARRIED // COPIED_AT_ONCE):
            copied = await self._store.write(
                lambda tx: tx.outbox.copy(None, line.name, route.stand_ins, note, now, COPIED_AT_ONCE)
            )
            if copied:
                log.warning("channel.stood_in_for", channel=line.name, by=route.fallback, messages=len(copied))
                self.wake([route.fallback])
            if len(copied) < COPIED_AT_ONCE:
                return

    def _log(self, row: Notification, outcome: Outcome) -> None:
        about = {
            "channel": row.address.channel,
            "kind": row.message.kind.value,
            **({"deployment": row.deployment} if row.deployment else {"incident": row.incident}),
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
                said = detail.partition("\n")[0]  # what a command wrote is for its timeline alone
                tell(event, **about, reason=cause.value, detail=said, ambiguous=ambiguous, due_at=_iso(row.due_at))


def _as_it_is_told(row: Notification, fallback: str) -> Notification:
    """The row as its channel gets it: if another channel has told it before, it says so."""
    if row.copied_at is None:
        return row
    return replace(row, message=replace(row.message, note=why_late(row, fallback)))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
