"""What people can ask of a running Sentinel: its status, its incidents, its outbox, and to take an incident."""

import asyncio
import resource
from datetime import datetime, timedelta
from pathlib import Path

from sentinel import __version__
from sentinel.app import explaining, incidents, leftovers
from sentinel.app.clicks import Heard
from sentinel.app.deploying.desk import DeploymentDesk
from sentinel.app.faces import Faces
from sentinel.app.keeper import RunningKeeper
from sentinel.app.lately import Lately
from sentinel.app.parts import Parts
from sentinel.app.posting import PostVerbs
from sentinel.app.public import PublicPage
from sentinel.app.silences import SilenceVerbs
from sentinel.app.telling import ChannelVerbs
from sentinel.app.windows import WindowVerbs
from sentinel.base.errors import SentinelError, StoreUnavailable
from sentinel.core.history import History
from sentinel.core.incident import Event, Incident, Refusal
from sentinel.core.notification import Notification, State
from sentinel.core.plan import Plan
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity
from sentinel.probes.heartbeat import Report
from sentinel.reports import status
from sentinel.reports.documents import HealthDocument, LeftLine, OwnHealth, RunLine, StatusDocument
from sentinel.reports.explanation import ExplanationDocument
from sentinel.reports.incident import IncidentDocument
from sentinel.reports.quiet import Quiet
from sentinel.store.database import Room

#: Seconds that an acknowledgement, or the report of a job, waits for its commit.
COMMIT_WITHIN = 8.0

#: Seconds beside its own that a run that is asked for may wait for room.
ROOM_WITHIN = 10.0

#: Rows that one answer holds at most.
MOST_ROWS = 1_000


class RunUnfinished(SentinelError):
    """A check that was to be run at once has no result yet."""

    hint = "this Sentinel has more runs to do than it may do at once: see `sentinel --status`"


class Verbs:
    """The questions to one running Sentinel and their answers. What the page shows, the command prints too."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.on_call = parts.rosters
        self.journal = parts.journal
        self.sessions = parts.sessions
        self._lately = Lately(parts)
        keeper = RunningKeeper(parts)
        self.silences = SilenceVerbs(keeper, parts.clock)
        self.windows = WindowVerbs(keeper, parts.clock)
        self.deployments = DeploymentDesk(parts, parts.book, parts.verifier)
        self.channels = ChannelVerbs(parts)
        self.faces = Faces(parts, self, self._lately)
        self.public = PublicPage(parts)
        self.posts = PostVerbs(parts.store, parts.clock, lambda: parts.plan, self.public.forget)

    @property
    def plan(self) -> Plan:
        """The configuration in force."""
        return self._parts.plan

    # --- Status -----------------------------------------------------------------------------------------------------

    async def status(self) -> StatusDocument:
        """Everything that is watched, as it stands."""
        parts, now = self._parts, self._parts.clock.now()
        lately = self._lately
        (day, problem), (outbox, outbox_problem) = await asyncio.gather(lately.day(now), lately.outbox(now))
        known = [status.facts(history, day.get(history.check.name)) for history in self.snapshot()]
        # The quantiles of thousands of checks take a while: not on the loop that starts probes.
        return await asyncio.to_thread(
            status.build,
            parts.plan,
            known,
            now=now,
            started_at=parts.started_at,
            outbox=outbox,
            own=self.own_health(),
            quiet=self.quiet(),
            store_problem=problem or outbox_problem or lately.failing(now),
            deployments=self.deployments.current(),
        )

    def quiet(self) -> Quiet:
        """What keeps people from being told now."""
        scene = self._parts.pipeline.desk.scene
        return Quiet(silences=scene.silences, windows=scene.windows, held=self._parts.held)

    def snapshot(self) -> list[History]:
        """What is remembered of every check now, Sentinel's own included. Not to be changed."""
        return list(self._parts.pipeline.histories.values())

    def health(self) -> HealthDocument:
        """Whether probing, judging and sending make progress."""
        parts = self._parts
        stuck = parts.watchdog.stuck
        pulses = (parts.scheduler.pulse, parts.pipeline.pulse, parts.dispatcher.pulse)
        return HealthDocument(
            healthy=not stuck,
            version=__version__,
            probing="scheduler" not in stuck,
            progress={pulse.name: round(pulse.age, 3) for pulse in pulses},
            problem=f"stuck: {', '.join(stuck)}" if stuck else self._lately.failing(parts.clock.now()),
        )

    def own_health(self) -> OwnHealth:
        """How this Sentinel does, in figures."""
        parts = self._parts
        runner, pipeline, dispatcher = parts.runner, parts.pipeline, parts.dispatcher
        audit, beats = parts.auditor.last, parts.deadman.beats
        return OwnHealth(
            memory=_resident(),
            loop_lag=parts.eyes.stillness.lag,
            queues={"probes": runner.waiting, "results": pipeline.backlog, "messages": pipeline.waiting_messages},
            running=runner.running,
            runs={outcome.value: pipeline.outcomes[outcome] for outcome in Outcome},
            skipped=dict(runner.skipped + parts.rechecks.skipped),
            lateness_p50=runner.lateness.quantile(0.5),
            lateness_p99=runner.lateness.quantile(0.99),
            deliveries={name: dict(line.outcomes) for name, line in dispatcher.lines.items()},
            failing={name: line.failed_for(parts.clock.now()) for name, line in dispatcher.lines.items()},
            budgets={
                name: left
                for name, line in dispatcher.lines.items()
                if (left := line.budget_left(parts.clock.now())) is not None
            },
            commits=pipeline.commits,
            commit_p99=pipeline.commit_times.quantile(0.99),
            notifications={state.value: n for state, n in parts.outbox.items() if state is not State.SENT},
            store_size=_size(parts.room),
            store_free=parts.room.free if parts.room else None,
            reload_problem=parts.reload_problem,
            audited_at=audit.at if audit else None,
            flaws=len(audit.flaws) if audit else 0,
            heartbeat_sent_at=beats.sent_at,
            heartbeat_problem=beats.withheld or beats.problem,
        )

    # --- Incidents --------------------------------------------------------------------------------------------------

    async def incidents(self, *, since: datetime | None = None) -> list[Incident]:
        """The open incidents, and with `since` also those that were open after that."""
        if since is None:
            return [h.incident for h in self._parts.pipeline.open_histories() if h.incident is not None]
        until = self._parts.clock.now()
        return await self._parts.store.read(lambda tx: tx.incidents.between(since, until, MOST_ROWS))

    async def incident(self, number: int) -> IncidentDocument | None:
        """Everything that is known of one incident."""
        return await incidents.look_at(self._parts, number)

    async def explain(self, what: str) -> ExplanationDocument | None:
        """Why a check, or the check of an incident, is as it is; None when there is no such check or incident."""
        return await explaining.explain(self._parts, what)

    async def meet(self, number: int, event: Event) -> Incident | Refusal:
        """Let an incident meet what a person does. Answers after the commit."""
        return await incidents.meet(self._parts, number, event)

    # --- Checks by hand ---------------------------------------------------------------------------------------------

    async def run_check(self, name: str) -> RunLine | None:
        """Run a check now, or wait for its run that is under way; None when there is no such check.

        The run counts as any other: it is stored, and may open or resolve an incident.
        """
        parts = self._parts
        check = next((check for check in parts.plan.checks if check.name == name), None)
        if check is None:
            return None
        try:
            async with asyncio.timeout(check.timeout.total_seconds() * 2 + ROOM_WITHIN):
                result = await parts.runner.run_now(check)
        except TimeoutError:
            raise RunUnfinished(f"the run of {name} did not begin and end in time") from None
        history = parts.pipeline.histories.get(name)
        if result is None or history is None:
            return None
        return status.run_line(check, result, history.verdict)

    async def left_behind(self) -> list[LeftLine]:
        """What runs of scenarios made and have not taken away yet."""
        return await leftovers.left_behind(self._parts.store)

    async def clean_up(self) -> list[LeftLine]:
        """Take that away now; answers what is left then, with why."""
        return await leftovers.take_away(self._parts.store, self._parts.runner.probe)

    async def drop_left(self, marks: tuple[str, ...]) -> int:
        """Take these out of the ledger, since a person has seen to them; answers how many."""
        return await leftovers.drop(self._parts.store, marks)

    # --- Jobs -------------------------------------------------------------------------------------------------------

    async def report(self, token: str, report: Report) -> bool:
        """Take a job's report in; answers after the commit, and whether any check has that token.

        A check whose verdict may change by it is run at once.
        """
        parts, now = self._parts, self._parts.clock.now()
        waiting = parts.heartbeats.find(token)
        turned = []
        for check, probe in waiting:
            note, turns = probe.report(report, now)
            parts.pipeline.keep_note(check.name, note)
            turned += [check] if turns else []
        parts.runner.submit(turned, now)
        if waiting:
            await self._committed("the report is taken, but the store has not confirmed it yet")
        return bool(waiting)

    async def _committed(self, otherwise: str) -> None:
        try:
            async with asyncio.timeout(COMMIT_WITHIN):
                await self._parts.pipeline.flush()
        except TimeoutError:
            raise StoreUnavailable(otherwise) from None

    # --- Slack ------------------------------------------------------------------------------------------------------

    def slack_request(self, body: bytes, timestamp: str, signature: str) -> Heard:
        """Take in a request that says it is Slack's; a click is acted upon afterwards."""
        clicks = self._parts.clicks
        return Heard.NOT_SLACKS if clicks is None else clicks.request(body, timestamp, signature)

    def silenced_until(self, check: str) -> datetime | None:
        """Until when nobody is told of a check, however bad it is, since somebody silenced it; None when nobody has."""
        pipeline, now = self._parts.pipeline, self._parts.clock.now()
        known = pipeline.histories.get(check)
        silence = known and pipeline.desk.scene.silences.covering(known.check, Severity.CRITICAL, now)
        return silence.ends_at if silence else None

    async def silence_check(self, check: str, hold: timedelta, by: str, why: str) -> None:
        """Tell nobody of a check for a while. Answers after the commit."""
        await self.silences.add_for_check(check, by, why, hold)

    # --- Outbox -----------------------------------------------------------------------------------------------------

    async def outbox(self, states: tuple[State, ...]) -> list[Notification]:
        """Rows of the outbox in these states, the newest first."""
        return await self._parts.store.read(lambda tx: tx.outbox.list(states, MOST_ROWS))

    async def redrive(self, ids: tuple[int, ...] | None) -> int:
        """Send dead rows again, all of them when None; answers how many."""
        now = self._parts.clock.now()
        count = await self._parts.store.write(lambda tx: tx.outbox.redrive(ids, now))
        self._parts.dispatcher.wake(self._parts.dispatcher.lines)
        return count

    async def drop(self, ids: tuple[int, ...] | None) -> int:
        """Put dead rows away that nobody will send, all of them when None; answers how many."""
        return await self._parts.store.write(lambda tx: tx.outbox.drop(ids))

    async def write_down(self) -> None:
        """Commit everything that is known, the spans that are not over included."""
        await self._parts.pipeline.write_down()

    async def reload(self) -> str:
        """Read the configuration again; answers why the old one stays in force, or nothing when the new one is."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parts.reload_waiters.append(done)
        self._parts.reload_asked.set()
        await done
        return self._parts.reload_problem


def _size(room: Room | None) -> int | None:
    """Bytes of the store with its log; None where a server keeps it."""
    return None if room is None or room.database is None else room.database + (room.wal or 0)


def _resident() -> int:
    """Bytes of memory that this process has now (proc(5), statm: the second number, in pages)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
