"""From results to committed state: everything that arrived meanwhile goes into one transaction.

Judging happens at once, in memory, and never waits for the store. What it decides is collected in a `Batch`; a batch that
holds news (an incident moved, a counter changed) is committed at once, one that holds only results after `LINGER`. While the
store fails the batch is kept and tried again as a whole: results may be dropped for want of room, state and messages never.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError, StoreFull
from sentinel.core.check import Check
from sentinel.core.histogram import Histogram
from sentinel.core.history import CheckState, History, Turn
from sentinel.core.incident import (
    Acknowledge,
    EffectKind,
    Event,
    Incident,
    Policy,
    Refusal,
    Ticked,
    Withdraw,
    next_tick,
)
from sentinel.core.notification import STOPPED_BY_ACKNOWLEDGEMENT, STOPPED_BY_END, Kind, Notification
from sentinel.core.result import Note, Outcome, Result
from sentinel.core.routing import Sender, tell
from sentinel.core.rule import Severity
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.engine.progress import Pulse
from sentinel.engine.recovery import Recalled
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Results without news wait so many seconds for company: one commit for many costs the disk little.
LINGER = 2.0

#: A batch of so many results is committed without lingering.
FULL = 1_000

#: Results that are kept while the store fails; beyond, the oldest are dropped.
MOST_RESULTS = 20_000

#: Bytes of JSON that a probe may note.
LONGEST_NOTE = 64 * 1024

#: Waits between tries while the store fails, in seconds.
FIRST_WAIT, LONGEST_WAIT = 0.25, 5.0

#: A stop tries no longer than this, in seconds: what could not be committed by then is lost, and the log says how much.
LAST_TRIES = 5.0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Rows of an incident that are not to be sent any more, as far as no attempt has begun."""

    incident: int
    kinds: tuple[Kind, ...]


#: What an effect makes pointless.
CANCELS = {
    EffectKind.ACKNOWLEDGED: STOPPED_BY_ACKNOWLEDGEMENT,
    EffectKind.RESOLVED: STOPPED_BY_END,
    EffectKind.WITHDRAWN: STOPPED_BY_END,
}


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    results: list[tuple[Result, Severity]] = field(default_factory=list)
    states: dict[str, CheckState | None] = field(default_factory=dict)  # None: forget
    notes: dict[str, Note | None] = field(default_factory=dict)  # likewise
    incidents: dict[int, Incident] = field(default_factory=dict)
    entries: list[TimelineEntry] = field(default_factory=list)
    outbox: list[Notification | Cancel] = field(default_factory=list)  # in the order in which they came about
    rollups: list[Rollup] = field(default_factory=list)
    waiters: list["asyncio.Future[None]"] = field(default_factory=list)  # who wants to know of the commit

    def __bool__(self) -> bool:
        return bool(self.results or self.states or self.notes or self.rollups or self.outbox or self.waiters)

    def joined(self, later: "Batch") -> "Batch":
        """Both as one. A new one: a thread that gave up on this one may still be reading it."""
        return Batch(
            results=(self.results + later.results)[-MOST_RESULTS:],
            states=self.states | later.states,
            notes=self.notes | later.notes,
            incidents=self.incidents | later.incidents,
            entries=self.entries + later.entries,
            outbox=self.outbox + later.outbox,
            rollups=self.rollups + later.rollups,
            waiters=self.waiters + later.waiters,
        )

    def without_history(self) -> "Batch":
        """What people must be told and what must not be forgotten, without the results and sums behind it."""
        return replace(self, results=[], rollups=[])

    def write(self, tx: Transaction) -> None:
        """Put everything into the store; called inside a transaction, and again from the start if that fails."""
        tx.results.add(self.results)
        tx.rollups.add(self.rollups)
        for check, state in self.states.items():
            if state is None:
                tx.states.forget(check)
        tx.states.save([state for state in self.states.values() if state is not None])
        for check, note in self.notes.items():
            if note is None:
                tx.notes.forget(check)
        tx.notes.save({check: note for check, note in self.notes.items() if note is not None})
        for incident in self.incidents.values():
            tx.incidents.save(incident)
        tx.incidents.note(self.entries)
        for item in self.outbox:
            if isinstance(item, Cancel):
                tx.outbox.cancel(item.incident, item.kinds)
            else:
                tx.outbox.enqueue([item])

    @property
    def channels(self) -> set[str]:
        """The channels that have something to send."""
        return {item.address.channel for item in self.outbox if isinstance(item, Notification)}


class Pipeline:
    """Owns the histories: nothing else changes them."""

    def __init__(self, clock: Clock, store: Store, told: Callable[[Iterable[str]], None]) -> None:
        self._clock = clock
        self._store = store
        self._told = told  # is given the names of the channels that have something to send, after the commit
        self._sender = Sender(source="", instance=store.instance, recipients={})
        self._next_incident = 1
        self._batch = Batch()
        self._trying = Batch()  # the batch that is being committed
        self._news = asyncio.Event()
        self._stop_by: float | None = None  # by the monotonic clock; None until it is to stop
        self.histories: dict[str, History] = {}
        self.notes: dict[str, Note] = {}  # what the probe of each check noted last
        self.pulse = Pulse("pipeline", clock, patience=30.0)
        self.dropped_results = 0
        self.commits = 0
        self.commit_times = Histogram()  # seconds from taking a batch up to its commit
        self.outcomes: Counter[Outcome] = Counter()
        self.failing_since: datetime | None = None  # since when the store does not take everything that we write
        self.failing_why = ""
        self._keeps_history = True  # not on a full disk: what room there is belongs to state and messages

    # --- Set up -----------------------------------------------------------------------------------------------------

    def resume(self, recalled: Recalled, last_incident: int) -> None:
        """Go on from what the store knew."""
        self.histories = dict(recalled.histories)
        self.notes = dict(recalled.notes)
        self._batch.rollups += recalled.rollups
        self._next_incident = last_incident + 1

    def replan(self, checks: Iterable[Check], policies: Mapping[str, Policy], sender: Sender) -> None:
        """Judge by this plan from now on.

        Args:
            checks: the checks, Sentinel's own included.
            policies: by name.
            sender: who messages come from and go to.
        """
        self._sender = sender
        planned = {check.name: check for check in checks}
        for name in self.histories.keys() - planned.keys():
            self._withdraw(self.histories.pop(name))
        for name, check in planned.items():
            policy = policies[check.policy]
            if name in self.histories:
                self.histories[name].replan(check, policy)
            else:
                self.histories[name] = History(check, policy)

    # --- Events -----------------------------------------------------------------------------------------------------

    def accept(self, result: Result) -> None:
        """Judge a result. Never waits."""
        history = self.histories.get(result.check)
        if history is None:
            return  # the check was removed while its probe ran
        turn = history.take(result)
        if result.measurement.note is not None:
            self.keep_note(result.check, result.measurement.note)
        self.outcomes[result.outcome] += 1
        self._batch.results.append((result, turn.verdict.severity))
        self._include(history, turn)
        if len(self._batch.results) >= FULL:
            self._news.set()

    def tick(self) -> None:
        """Let time do its part: escalations, reminders, acknowledgements that expire."""
        now = self._clock.now()
        for history in self.open_histories():
            assert history.incident is not None
            due = next_tick(history.incident)
            if due is not None and due <= now:
                self._include(history, history.meet(Ticked(), now))

    async def acknowledge(self, incident: int, by: str, why: str, hold: timedelta | None) -> Refusal | Incident:
        """Stop an incident's escalation; answers once that is committed, or why it was refused."""
        for history in self.open_histories():
            if history.incident is not None and history.incident.id == incident:
                return await self._meet(history, Acknowledge(by=by, why=why, hold=hold))
        return Refusal.NO_INCIDENT

    def keep_note(self, check: str, note: Note) -> None:
        """What the probe of a check has to know when it is built again; `flush` waits for the commit."""
        if self.notes.get(check) == note:
            return
        if len(orjson.dumps(note)) > LONGEST_NOTE:
            log.error("probe.note_too_long", check=check, most=LONGEST_NOTE)
            return
        self.notes[check] = note
        self._batch.notes[check] = note

    def open_histories(self) -> list[History]:
        """The checks with an open incident."""
        return [h for h in self.histories.values() if h.incident is not None and h.incident.is_open]

    @property
    def waiting_messages(self) -> int:
        """Messages that are not committed yet."""
        return len(self._batch.outbox) + len(self._trying.outbox)

    @property
    def backlog(self) -> int:
        """Results that are not committed yet."""
        return len(self._batch.results) + len(self._trying.results)

    # --- The loop ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Commit until stopped, and then what is left."""
        while not self._stopping:
            await self._clock.wait(self._news, LINGER)
            self._news.clear()
            self.pulse.beat()
            await self._commit()
        self._take_rollups()
        await self._commit()

    def stop(self) -> None:
        """End `run` after a last commit."""
        self._stop_by = self._clock.monotonic() + LAST_TRIES
        self._news.set()

    async def write_down(self) -> None:
        """Commit everything that is known, the spans that are not over included; for whoever is about to read the store."""
        self._take_rollups()
        await self.flush()

    def keep_history(self) -> None:
        """There is room (again) for results and sums of time."""
        self._keeps_history = True

    async def flush(self) -> None:
        """Wait until everything that was accepted before is committed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._batch.waiters.append(waiter)
        self._news.set()
        await waiter

    def _take_rollups(self) -> None:
        for history in self.histories.values():
            self._batch.rollups += history.tally.take()

    async def _commit(self) -> None:
        if not (self._batch or self._trying) or self._out_of_time():
            return
        self._take_in()
        wait, began = FIRST_WAIT, self._clock.monotonic()
        while not await self._try(self._trying):
            if self._out_of_time():
                log.error("pipeline.gave_up", results=self.backlog, messages=self.waiting_messages)
                return
            await self._clock.sleep(wait)
            self.pulse.beat()
            wait = min(LONGEST_WAIT, wait * 2)
            self._take_in()
        committed, self._trying = self._trying, Batch()
        self.commit_times.add(self._clock.monotonic() - began)
        self._committed(committed)

    @property
    def _stopping(self) -> bool:
        return self._stop_by is not None

    def _out_of_time(self) -> bool:
        return self._stop_by is not None and self._clock.monotonic() >= self._stop_by

    async def _try(self, batch: Batch) -> bool:
        try:
            await self._store.write(batch.write)
        except StoreFull:
            # History gives way first: what people must be told still fits into what the ballast held.
            self._keeps_history = False
            self._give_history_up()
            self._failing("no room on the disk")
            return False
        except StoreError as error:
            self._failing(str(error))
            return False
        return True

    def _take_in(self) -> None:
        """Join what came meanwhile to what is being tried."""
        whole = self.backlog
        self._trying, self._batch = self._trying.joined(self._batch), Batch()
        self.dropped_results += whole - self.backlog
        if not self._keeps_history:
            self._give_history_up()

    def _give_history_up(self) -> None:
        self.dropped_results += len(self._trying.results)
        self._trying = self._trying.without_history()

    def _failing(self, why: str) -> None:
        if self.failing_since is None:
            self.failing_since = self._clock.now()
            log.error("store.down", why=why)
        self.failing_why = why

    def _committed(self, batch: Batch) -> None:
        self.commits += 1
        if self.failing_since is not None and self._keeps_history:
            log.info("store.up", down_s=(self._clock.now() - self.failing_since).total_seconds())
            self.failing_since, self.failing_why = None, ""
        for waiter in batch.waiters:
            if not waiter.done():
                waiter.set_result(None)
        if channels := batch.channels:
            self._told(channels)
        for line in batch.entries:
            event, check = f"incident.{line.kind}", batch.incidents[line.incident].check
            by = {"by": line.by} if line.by else {}
            log.info(event, incident=line.incident, check=check, **by, text=line.text)

    # --- Into the batch ---------------------------------------------------------------------------------------------

    async def _meet(self, history: History, event: Event) -> Refusal | Incident:
        turn = history.meet(event, self._clock.now())
        if turn.refusal is not None:
            return turn.refusal
        incident = self._include(history, turn)
        assert incident is not None, "an event that an open incident follows leaves it there"
        await self.flush()
        return incident

    def _withdraw(self, history: History) -> None:
        turn = history.meet(Withdraw(), self._clock.now())
        self._include(history, turn)
        self._batch.rollups += history.tally.take()
        self._batch.states[history.check.name] = None
        if self.notes.pop(history.check.name, None) is not None:
            self._batch.notes[history.check.name] = None

    def _include(self, history: History, turn: Turn) -> Incident | None:
        """Put what a turn asks for into the batch."""
        batch = self._batch
        batch.rollups += turn.rollups
        incident = turn.incident
        if turn.effects and incident is not None:
            incident = self._tell(history, incident, turn)
        elif incident is not None and incident.is_open and turn.changed:
            batch.incidents[incident.id] = incident
        if turn.changed or turn.effects:
            batch.states[history.check.name] = history.state
            self._news.set()
        return incident

    def _tell(self, history: History, incident: Incident, turn: Turn) -> Incident:
        batch = self._batch
        if not incident.id:
            incident = history.number(incident, self._next_incident)
            self._next_incident += 1
        telling = tell(history.check, incident, turn.effects, self._sender, self._clock.now())
        history.keep(telling.incident)
        batch.incidents[incident.id] = telling.incident
        batch.entries += telling.entries
        batch.outbox += (Cancel(incident.id, CANCELS[e.kind]) for e in turn.effects if e.kind in CANCELS)
        batch.outbox += telling.notifications
        return telling.incident
