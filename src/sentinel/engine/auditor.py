"""The auditor: reads what was committed, finds what is overdue, mends what can be mended, and lets Sentinel's own check tell.

It has a loop of its own and shares nothing with the loops that it looks after: when one of them hangs, the auditor goes on, and
when the auditor hangs, they do; then the heartbeat to the outside ends (`engine.deadman`).
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.auditor import (
    PATIENCE,
    TOLD_ELSEWHERE,
    TOLD_FOR,
    Audit,
    Books,
    Expected,
    Flaw,
    Lapse,
    audit,
    confirmed,
    is_stalled,
    overdue_checks,
    suspected,
)
from sentinel.core.incident import Effect, EffectKind, Incident
from sentinel.core.notification import Notification, about, compose
from sentinel.core.plan import Plan
from sentinel.core.routing import key
from sentinel.engine.commands import recover
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Seconds between two rounds, unless a heartbeat asks for more.
EVERY = 30.0

#: Seconds that a round may take.
WITHIN = 20.0

#: A round that comes so much later than it should means that everything stood still, such as a host that was suspended.
STOOD_STILL = timedelta(minutes=2)

#: Flaws that one round names, and that it mends; the next round goes on.
MOST_NOTED, MOST_MENDED = 20, 200

#: Under this name the store keeps when the last round was; to write it proves that the store takes what we write.
AUDITED_AT = "audited_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Who is audited."""

    plan: Callable[[], Plan]  # in force
    pipeline: Pipeline
    dispatcher: Dispatcher
    stuck: Callable[[], tuple[str, ...]]  # names of the loops that get nowhere


class Auditor:
    """Looks after the loops of one running Sentinel."""

    def __init__(self, clock: Clock, store: Store, audited: Audited) -> None:
        self._clock = clock
        self._store = store
        self._of = audited
        self._since = self._looked_at = clock.now()
        self._books = Books()  # as they were last read
        self._seen: dict[tuple[str, timedelta], datetime] = {}  # since when the plan has a check with that interval
        self._old_copies: set[int] = set()  # incidents that the store had as they were before, in the last round
        self._suspected: frozenset[tuple[Lapse, int]] = frozenset()
        self._found: dict[str, datetime] = {}  # what was found, and when last
        self.last: Audit | None = None

    @property
    def every(self) -> float:
        """Seconds between two rounds."""
        heartbeat = self._of.plan().heartbeat
        return EVERY if heartbeat is None else min(EVERY, heartbeat.every.total_seconds())

    @property
    def patience(self) -> timedelta:
        """How old an audit may be that still says something."""
        return timedelta(seconds=2 * self.every + WITHIN)

    def found(self, now: datetime) -> tuple[str, ...]:
        """What was found in the last `TOLD_FOR`, mended or not, for Sentinel's own check to tell."""
        return tuple(what for what, at in self._found.items() if now - at < TOLD_FOR)

    async def run(self) -> None:
        """Audit until cancelled."""
        while True:
            await self.round()
            await self._clock.sleep(self.every)

    async def round(self) -> Audit:
        """Look once, and mend what can be mended."""
        now = self._clock.now()
        if now - self._looked_at > timedelta(seconds=self.every) + STOOD_STILL:
            self._since = now
        self._looked_at = now
        flaws = await self._look(now)
        for flaw in flaws[:MOST_NOTED]:
            self._note(flaw, now)
        if len(flaws) > MOST_NOTED:
            log.error("audit.more_flaws_found", count=len(flaws))
        self._found = {what: at for what, at in self._found.items() if now - at < TOLD_FOR}
        self.last = Audit(at=self._clock.now(), flaws=flaws)
        return self.last

    async def _look(self, now: datetime) -> tuple[Flaw, ...]:
        try:
            async with asyncio.timeout(WITHIN):
                flaws = await self._audit(now)
                await self._mend(flaws, now)
        except (StoreError, TimeoutError) as error:
            return (Flaw(lapse=Lapse.STORE, what=f"the store does not work: {str(error) or 'it takes too long'}"),)
        except Exception as error:
            log.exception("audit.failed")
            return (Flaw(lapse=Lapse.STANDING, what=f"the audit itself failed ({type(error).__name__})"),)
        return flaws

    async def _audit(self, now: datetime) -> tuple[Flaw, ...]:
        pipeline, checks = self._of.pipeline, self._expected(now)
        await self._store.write(lambda tx: tx.facts.put(AUDITED_AT, now.isoformat()))
        # What the loops know is in the store then: an incident that is over and not written yet must not be followed again.
        await pipeline.flush()
        followed = {h.incident.id for h in pipeline.open_histories() if h.incident is not None and h.incident.id}

        def look(tx: Transaction) -> tuple[Books, tuple[Flaw, ...]]:
            # On the thread that reads: thousands of open incidents take a tenth of a second.
            books = tx.auditing.books(now, PATIENCE)
            return books, audit(books, followed, checks, self._since, now)

        self._books, found = await self._store.read(look, within=WITHIN)
        flaws = confirmed(found, self._suspected)
        self._suspected = suspected(found)
        return (*self._really(flaws, now), *self._in_memory(checks, now))

    def _expected(self, now: datetime) -> tuple[Expected, ...]:
        """The checks of the plan. One that was added or runs more often than before owes nothing for the time before."""
        checks = self._of.plan().checks
        self._seen = {(one.name, one.interval): self._seen.get((one.name, one.interval), now) for one in checks}
        return tuple(Expected(one, max(self._seen[one.name, one.interval], self._since)) for one in checks)

    def _really(self, flaws: tuple[Flaw, ...], now: datetime) -> Iterator[Flaw]:
        """The flaws without those of incidents that go on as they should and stand in the store as they were: such a copy is
        written anew, and is a flaw only if it is old again in the next round."""
        followed = {h.incident.id: h.incident for h in self._of.pipeline.open_histories() if h.incident is not None}
        before, self._old_copies = self._old_copies, set()
        for flaw in flaws:
            incident = followed.get(flaw.incident)
            if flaw.lapse is Lapse.STALLED and incident is not None and not is_stalled(incident, self._since, now):
                self._old_copies.add(flaw.incident)
                self._of.pipeline.file_again(flaw.incident)
                if flaw.incident not in before:
                    continue
            yield flaw

    def _in_memory(self, checks: Sequence[Expected], now: datetime) -> tuple[Flaw, ...]:
        """What only the loops know: that they stand, that checks are not run, that the store does not take all of it."""
        flaws = []
        if stuck := self._of.stuck():
            flaws.append(Flaw(lapse=Lapse.STANDING, what=f"these get nowhere: {', '.join(stuck)}"))
        histories = self._of.pipeline.histories.values()
        flaws += overdue_checks(
            {h.check.name: h.last.scheduled_at for h in histories if h.last is not None}, checks, now
        )
        if self._of.pipeline.failing_since is not None:
            flaws.append(Flaw(lapse=Lapse.STORE, what="the store does not take everything"))
        return tuple(flaws)

    def _note(self, flaw: Flaw, now: datetime) -> None:
        if flaw.lapse in TOLD_ELSEWHERE:
            return
        if flaw.what not in self._found:
            log.error("audit.flaw_found", lapse=flaw.lapse.value, what=flaw.what, incident=flaw.incident or None)
        self._found[flaw.what] = now

    # --- Mending ----------------------------------------------------------------------------------------------------

    async def _mend(self, flaws: tuple[Flaw, ...], now: datetime) -> None:
        pipeline, dispatcher = self._of.pipeline, self._of.dispatcher
        books = {incident.id: incident for incident in self._books.incidents}
        for flaw in flaws[:MOST_MENDED]:
            match flaw.lapse:
                case Lapse.FORGOTTEN:
                    pipeline.adopt(books[flaw.incident])
                case Lapse.UNFILED:
                    pipeline.file_again(flaw.incident)
                case Lapse.UNTOLD:
                    await self._tell_again(books[flaw.incident], flaw, now)
                case Lapse.STUCK:
                    await self._store.write(lambda tx: recover(tx, now))
                case _:
                    pass
        if any(flaw.lapse in (Lapse.STALLED, Lapse.FORGOTTEN) for flaw in flaws):
            pipeline.tick()
        if any(flaw.lapse in (Lapse.STUCK, Lapse.UNTOLD) for flaw in flaws):
            dispatcher.wake(dispatcher.lines)

    async def _tell_again(self, incident: Incident, flaw: Flaw, now: datetime) -> None:
        """Tell whoever should have been told how it stands; their message is lost."""
        history, plan = self._of.pipeline.histories.get(incident.check), self._of.plan()
        if history is None or flaw.address is None:
            return
        message = compose(plan.name, about(history.check), incident, Effect(kind=EffectKind.REMINDED), now, plan.link)
        row = Notification(
            key=key(f"{self._store.instance}/audit", incident.id, incident.sequence, flaw.address),
            address=flaw.address,
            message=message,
            created_at=now,
            due_at=now,
            incident=incident.conversation,
        )
        await self._store.write(lambda tx: tx.outbox.enqueue([row]))
