"""Looks after windows while they come, are open and end: announcements, what was seen meanwhile, a fresh look at the end."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from sentinel.base.clock import Clock
from sentinel.core.announcement import NOT_LOOKED_AT, compose
from sentinel.core.holding import Advance, Held, advance, begin, coming, covered, next_look, seen, stopped
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Message, Notification
from sentinel.core.plan import Plan
from sentinel.core.progress import health
from sentinel.core.result import Result
from sentinel.core.routing import key
from sentinel.core.rule import Severity
from sentinel.core.window import Window, Windows
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.runner import Runner
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()


class Around(Protocol):
    """The parts of a running Sentinel that windows have to do with."""

    plan: Plan
    clock: Clock
    store: Store
    pipeline: Pipeline
    runner: Runner
    dispatcher: Dispatcher
    held: Mapping[str, Held]  # by window: its occurrence that is open or announced, and what came of it so far


class WindowKeeper:
    """What a running Sentinel does about windows from time to time."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._recalled = False
        self._seen: Windows | None = None  # those that were last asked when something is to be done
        self._idle_from = parts.clock.now()  # from when until when nothing is
        self._idle_until: datetime | None = None  # None: for ever

    async def look(self) -> None:
        """Follow the time.

        1. Recall once what the store knows of occurrences that are not finished.
        2. Decide what has come of each of them, and of those that begin now.
        3. Commit that together with the messages; killed in between, the same is decided again.
        4. Ask for a fresh look at every check of a window that ended: what is still bad opens at once.

        Raises:
            StoreError: nothing came of it; the next look does it all again.
        """
        await self._recall()
        now, windows = self._parts.clock.now(), self._parts.pipeline.desk.scene.windows
        if self._nothing_to_do(windows, now):
            return
        known, due = dict(self._parts.held), {cover.window.id for cover in windows.active(now)}
        after: list[Advance] = []
        for window in windows:
            if window.id in known or window.id in due or window.before:
                after += self._course_of(window, known.pop(window.id, None), now)
        after += (advance(held, None, now) for held in known.values())
        await self._keep(after)

    def _nothing_to_do(self, windows: Windows, now: datetime) -> bool:
        """Whether all windows are far away: asking each of them every second would cost more than all the rest."""
        if self._parts.held:
            return False
        if self._seen is not windows or not self._idle_from <= now:
            self._seen, self._idle_from, self._idle_until = windows, now, next_look(windows, now)
        elif self._idle_until is not None and now >= self._idle_until:
            self._seen = None  # something begins now, and afterwards it is asked anew
            return False
        return self._idle_until is None or now < self._idle_until

    def _course_of(self, window: Window, held: Held | None, now: datetime) -> Iterator[Advance]:
        """What has come of the occurrence that was looked after, and the beginning of another one."""
        if held is not None:
            known = advance(seen(held, self._results(held)), window, now)
            yield known
            if not known.held.finished:
                return
        occurrence = coming(window, now)
        if occurrence is not None and (held is None or occurrence.starts_at != held.starts_at):
            yield advance(begin(window, occurrence), window, now)

    async def _recall(self) -> None:
        if not self._recalled:
            unfinished = await self._parts.store.read(lambda tx: tx.windows.unfinished())
            self._parts.held = {held.window: held for held in unfinished}
            self._recalled = True

    def _results(self, held: Held) -> Iterable[Result]:
        if not held.expects_down:
            return ()
        histories = self._parts.pipeline.histories
        checks = stopped(held, (history.check for history in histories.values()))
        return [last for check in checks if (last := histories[check.name].last) is not None]

    async def _keep(self, after: list[Advance]) -> None:
        parts = self._parts
        changed = [one.held for one in after if parts.held.get(one.held.window) != one.held]
        if not changed:
            return
        rows = [row for one in after for kind in one.kinds for row in self._messages(one.held, kind)]
        outdated = [identity for one in after for identity in self._outdated(one)]

        def write(tx: Transaction) -> None:
            tx.windows.hold(changed)
            tx.outbox.outdate(outdated)
            tx.outbox.enqueue(rows)

        await parts.store.write(write)
        parts.held = {one.held.window: one.held for one in after if not one.held.finished}
        parts.dispatcher.wake({row.address.channel for row in rows})
        parts.pipeline.edition.outdate()
        for one in after:
            for kind in one.kinds:
                log.info(kind.value.replace("_", "."), window=one.held.window, until=one.held.ends_at.isoformat())
        self._look_again([one.held for one in after if one.held.finished])

    def _messages(self, held: Held, kind: Kind) -> list[Notification]:
        parts, now = self._parts, self._parts.clock.now()
        found = health(self._verdicts(held)) if kind is Kind.WINDOW_PROGRESS else NOT_LOOKED_AT
        message = compose(held, kind, parts.plan.name, now, parts.plan.link, found)
        return [self._row(self._key(held, kind, address), address, message) for address in self._addresses(held)]

    def _key(self, held: Held, kind: Kind, address: Address) -> str:
        step = f"/{held.step}" if kind is Kind.WINDOW_PROGRESS else ""
        occurrence = f"{self._parts.store.instance}/window/{held.window}/{held.starts_at.isoformat()}"
        return key(f"{occurrence}/{kind.value}{step}", 0, 0, address)

    def _outdated(self, one: Advance) -> list[str]:
        """Keys of what was told last of how a window goes, where something newer is told now."""
        before = self._parts.held.get(one.held.window)
        if before is None or not before.step or not one.kinds:
            return []
        return [self._key(before, Kind.WINDOW_PROGRESS, address) for address in self._addresses(before)]

    def _verdicts(self, held: Held) -> Iterator[tuple[str, Severity]]:
        """How bad each covered check is, as far as that is known since the last start."""
        histories = self._parts.pipeline.histories
        for check in covered(held, (history.check for history in histories.values())):
            history = histories[check.name]
            yield check.name, history.verdict.severity if history.last is not None else Severity.UNKNOWN

    def _addresses(self, held: Held) -> tuple[Address, ...]:
        return self._parts.plan.addresses(held.channels)

    def _row(self, identity: str, address: Address, message: Message) -> Notification:
        now = self._parts.clock.now()
        return Notification(key=identity, address=address, message=message, created_at=now, due_at=now)

    def _look_again(self, ended: list[Held]) -> None:
        """At every check that was covered by a window which has just ended."""
        parts = self._parts
        for held in ended:
            if not held.is_called_off:
                parts.runner.submit(covered(held, parts.plan.checks), parts.clock.now())
