"""From results to committed state: everything that arrived meanwhile goes into one transaction.

Judging happens at once, in memory, and never waits for the store. What it decides is collected as `Changes`; what
holds news (an incident moved, a counter changed) is committed at once, one that holds only results after `LINGER`. While the
store fails the batch is kept and tried again as a whole: results may be dropped for want of room, state and messages never.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import orjson
import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError, StoreFull
from sentinel.core.changes import Cancel, Changes
from sentinel.core.check import Check
from sentinel.core.desk import Desk, LookAgain
from sentinel.core.histogram import Histogram
from sentinel.core.history import History
from sentinel.core.incident import Event, Incident, Policy, Refusal
from sentinel.core.notification import Notification
from sentinel.core.result import Note, Outcome, Result
from sentinel.core.routes import Route
from sentinel.core.routing import Sender
from sentinel.core.silence import Silence
from sentinel.core.window import Window
from sentinel.engine.commands import give_up
from sentinel.engine.edition import Edition
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


def write(changes: Changes, tx: Transaction) -> None:
    """Put everything into the store; called inside a transaction, and again from the start if that fails."""
    tx.results.add(changes.results)
    tx.rollups.add(changes.rollups)
    for check, state in changes.states.items():
        if state is None:
            tx.states.forget(check)
    tx.states.save([state for state in changes.states.values() if state is not None])
    for check, note in changes.notes.items():
        if note is None:
            tx.notes.forget(check)
    tx.notes.save({check: note for check, note in changes.notes.items() if note is not None})
    tx.incidents.save(*changes.incidents.values())
    tx.incidents.note(changes.entries)
    tx.silences.save(changes.silences.values())
    tx.windows.save(changes.windows.values())
    _tell(changes.outbox, tx)


def _tell(items: Iterable[Notification | Cancel], tx: Transaction) -> None:
    """Put messages into the outbox and take back what is pointless, many in one statement: in a storm there are thousands.

    What belongs to one conversation keeps its order; conversations have nothing to do with each other.
    """
    pointless: list[Cancel] = []
    together: list[Notification] = []
    spoken: set[int | None] = set()  # conversations that have messages in `together`
    for item in items:
        if isinstance(item, Notification):
            together.append(item)
            spoken.add(item.incident)
            continue
        if item.conversation in spoken:
            give_up(tx, pointless)
            tx.outbox.enqueue(together)
            pointless, together, spoken = [], [], set()
        pointless.append(item)
    give_up(tx, pointless)
    tx.outbox.enqueue(together)


class Pipeline:
    """Feeds the desk and writes down what comes of it."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        told: Callable[[Iterable[str]], None],
        look_again: LookAgain = lambda _check, _after: None,
    ) -> None:
        """
        Args:
            told: is given the names of the channels that have something to send, after the commit.
            look_again: is given a check that is to be looked at before its next slot, and in how many seconds; None: as the
                check says.
        """
        self._clock = clock
        self._store = store
        self._told = told
        self._trying = Changes()  # what is being committed
        self._waiters: list[asyncio.Future[None]] = []  # who wants to know of the next commit
        self._news = asyncio.Event()
        self._stop_by: float | None = None  # by the monotonic clock; None until it is to stop
        self.desk = Desk(look_again)
        self.notes: dict[str, Note] = {}  # what the probe of each check noted last
        self.edition = Edition(clock)  # of what pages show
        self.pulse = Pulse("pipeline", clock, patience=30.0)
        self.dropped_results = 0
        self.commits = 0
        self.commit_times = Histogram()  # seconds from taking a batch up to its commit
        self.outcomes: Counter[Outcome] = Counter()
        self.failing_since: datetime | None = None  # since when the store does not take everything that we write
        self.failing_why = ""
        self._keeps_history = True  # not on a full disk: what room there is belongs to state and messages

    # --- Set up -----------------------------------------------------------------------------------------------------

    @property
    def histories(self) -> Mapping[str, History]:
        """What is remembered of each check. Not to be changed."""
        return self.desk.histories

    def resume(self, recalled: Recalled, last_incident: int) -> None:
        """Go on from what the store knew."""
        desk = self.desk
        desk.histories.update(recalled.histories)
        desk.scene.silences, desk.scene.windows = recalled.silences, recalled.windows
        desk.scene.bundles.recall(recalled.histories.values(), recalled.over)
        desk.changes.rollups += recalled.rollups
        desk.last_incident = last_incident
        self.notes = dict(recalled.notes)

    def replan(
        self,
        checks: Iterable[Check],
        policies: Mapping[str, Policy],
        sender: Sender,
        *,
        routes: Sequence[Route] = (),
        windows: Iterable[Window] = (),
    ) -> None:
        """Judge by this plan from now on; see `Desk.replan`."""
        self.desk.replan(checks, policies, sender, self._clock.now(), routes=routes, windows=windows)
        for gone in self.notes.keys() - self.histories.keys():
            del self.notes[gone]
            self.desk.changes.notes[gone] = None
        self.edition.outdate(at_once=True)
        self._news.set()

    # --- Events -----------------------------------------------------------------------------------------------------

    def accept(self, result: Result) -> None:
        """Judge a result. Never waits."""
        turn = self.desk.judge(result)
        if turn is None:
            return  # the check was removed while its probe ran
        if result.measurement.note is not None:
            self.keep_note(result.check, result.measurement.note)
        self.outcomes[result.outcome] += 1
        if turn.changed or turn.effects or len(self.desk.changes.results) >= FULL:
            self._news.set()

    def tick(self) -> None:
        """Let time do its part: escalations, reminders, acknowledgements and mutes that end."""
        self.desk.tick(self._clock.now())
        if self.desk.changes.has_news:
            self._news.set()

    async def meet(self, incident: int, event: Event) -> Refusal | Incident:
        """Let an open incident meet what a person does; answers once that is committed, or why it was refused."""
        turn = self.desk.meet(incident, event, self._clock.now())
        if turn is None:
            return Refusal.NO_INCIDENT
        if turn.refusal is not None:
            return turn.refusal
        await self.flush()
        assert turn.incident is not None, "an event that an open incident follows leaves it there"
        return turn.incident

    def adopt(self, incident: Incident) -> None:
        """Follow an open incident that the store has and that is lost here."""
        self.desk.adopt(incident)
        self._news.set()

    def file_again(self, number: int) -> None:
        """Write an open incident down that the store has lost."""
        self.desk.file_again(number)
        self._news.set()

    async def heed_silence(self, silence: Silence) -> None:
        """Go by a silence, a new one or one that is another than before; answers once that is committed."""
        self.desk.heed_silence(silence, self._clock.now())
        await self.flush()

    async def heed_window(self, window: Window) -> None:
        """Go by a window, a new one or one that is another than before; answers once that is committed."""
        self.desk.heed_window(window, self._clock.now())
        await self.flush()

    def keep_note(self, check: str, note: Note) -> None:
        """What the probe of a check has to know when it is built again; `flush` waits for the commit."""
        if self.notes.get(check) == note:
            return
        if len(orjson.dumps(note)) > LONGEST_NOTE:
            log.error("probe.note_too_long", check=check, most=LONGEST_NOTE)
            return
        self.notes[check] = note
        self.desk.changes.notes[check] = note

    def open_histories(self) -> list[History]:
        """The checks with an open incident."""
        return self.desk.open_histories()

    @property
    def waiting_messages(self) -> int:
        """Messages that are not committed yet."""
        return len(self.desk.changes.outbox) + len(self._trying.outbox)

    @property
    def backlog(self) -> int:
        """Results that are not committed yet."""
        return len(self.desk.changes.results) + len(self._trying.results)

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
        self._waiters.append(waiter)
        self._news.set()
        await waiter

    def _take_rollups(self) -> None:
        for history in self.histories.values():
            self.desk.changes.rollups += history.tally.take()

    async def _commit(self) -> None:
        if not (self.desk.changes or self._trying or self._waiters) or self._out_of_time():
            return
        waiters = self._take_in()
        wait, began = FIRST_WAIT, self._clock.monotonic()
        while not await self._try(self._trying):
            if self._out_of_time():
                log.error("pipeline.gave_up", results=self.backlog, messages=self.waiting_messages)
                return
            await self._clock.sleep(wait)
            self.pulse.beat()
            wait = min(LONGEST_WAIT, wait * 2)
            waiters += self._take_in()
        committed, self._trying = self._trying, Changes()
        self.commit_times.add(self._clock.monotonic() - began)
        self._committed(committed)
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    @property
    def _stopping(self) -> bool:
        return self._stop_by is not None

    def _out_of_time(self) -> bool:
        return self._stop_by is not None and self._clock.monotonic() >= self._stop_by

    async def _try(self, changes: Changes) -> bool:
        try:
            await self._store.write(partial(write, changes))
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

    def _take_in(self) -> "list[asyncio.Future[None]]":
        """Join what came meanwhile to what is being tried; answers who waits for that."""
        whole = self.backlog
        self._trying = self._trying.joined(self.desk.take_changes(), MOST_RESULTS)
        self.dropped_results += whole - self.backlog
        if not self._keeps_history:
            self._give_history_up()
        waiters, self._waiters = self._waiters, []
        return waiters

    def _give_history_up(self) -> None:
        self.dropped_results += len(self._trying.results)
        self._trying = self._trying.without_history()

    def _failing(self, why: str) -> None:
        if self.failing_since is None:
            self.failing_since = self._clock.now()
            log.error("store.down", why=why)
        self.failing_why = why

    def _committed(self, changes: Changes) -> None:
        self.commits += 1
        if self.failing_since is not None and self._keeps_history:
            log.info("store.up", down_s=(self._clock.now() - self.failing_since).total_seconds())
            self.failing_since, self.failing_why = None, ""
        if channels := changes.channels:
            self._told(channels)
        if changes.shows:
            self.edition.outdate(at_once=changes.by_people)
        for line in changes.entries:
            event, check = f"incident.{line.kind}", changes.incidents[line.incident].check
            by = {"by": line.by} if line.by else {}
            # What a person writes may be about people: it stands on the timeline and nowhere else.
            said = {} if line.by else {"text": line.text}
            log.info(event, incident=line.incident, check=check, **by, **said)
