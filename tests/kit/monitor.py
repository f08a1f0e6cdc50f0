"""A monitor that stands still: it knows what a test gave it, and remembers what it was asked to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.app.clicks import Heard
from sentinel.app.rosters import NotArranged, StandIn
from sentinel.app.silences import SilenceVerbs
from sentinel.app.telling import NoTest, NothingToStop
from sentinel.app.windows import WindowVerbs
from sentinel.core.incident import CALM, Event, Incident, Phase, Refusal
from sentinel.core.life import step
from sentinel.core.notification import State
from sentinel.reports import explanation, status
from sentinel.reports.documents import HealthDocument, LeftLine, OwnHealth, RunLine, StatusDocument
from sentinel.reports.incident import IncidentDocument, Record, build
from sentinel.reports.on_call import OnCallDocument
from sentinel.reports.quiet import Quiet
from tests.kit.accounts import StillJournal, StillSessions
from tests.kit.clock import FakeClock
from tests.kit.deployments import StillDeployments
from tests.kit.faces import StillFaces
from tests.kit.public import StillPage, StillPosts
from tests.kit.quiet import StillKeeper
from tests.kit.scene import NOW

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime

    from sentinel.core.history import History
    from sentinel.core.notification import Notification
    from sentinel.core.oncall import Override
    from sentinel.core.plan import Plan
    from sentinel.core.timeline import TimelineEntry
    from sentinel.probes.heartbeat import Report
    from sentinel.reports.channels import ChannelLine
    from sentinel.reports.explanation import ExplanationDocument
    from sentinel.web.posts import Posting

TOKEN = "a-token-of-a-job-0123456789"  # the only one that it knows


class StillRosters:
    """Fits `sentinel.web.monitor.OnCallDesk`: there are no schedules."""

    def document(self) -> OnCallDocument:
        return OnCallDocument(at=NOW, schedules=())

    async def arrange(self, asked: StandIn) -> Override:
        raise NotArranged(f"no schedule is called {asked.schedule!r}")

    async def end(self, number: int, by: str) -> Override:
        raise NotArranged(f"there is no override {number} that lasts")


class StillChannels:
    """Fits `sentinel.web.monitor.Channels`."""

    def __init__(self) -> None:
        self.lines: list[ChannelLine] = []
        self.waiting: dict[int, int] = {}  # commands that can be stopped, by incident
        self.vetoes: list[tuple[int, str, str]] = []
        self.tests: list[tuple[str, str]] = []  # channels that were tried, by whom

    def all(self) -> list[ChannelLine]:
        return self.lines

    async def test(self, name: str, by: str) -> int:
        if name not in {line.name for line in self.lines}:
            raise NoTest(f"there is no channel {name} that tells people")
        self.tests.append((name, by))
        return 1

    async def veto(self, number: int, by: str, why: str) -> int | Refusal:
        if number not in self.waiting:
            return Refusal.NO_INCIDENT
        stopped = self.waiting.pop(number)
        if not stopped:
            raise NothingToStop(f"no command of incident {number} waits to be run")
        self.vetoes.append((number, by, why))
        return stopped


class StillMonitor:
    """Fits `sentinel.web.monitor.Monitor`."""

    on_call = StillRosters()

    def __init__(self, plan: Plan, histories: list[History], rows: list[Notification] | None = None) -> None:
        self.plan = plan
        self.histories = histories
        self.written_down = 0
        self.rows = rows or []
        self.past: list[Incident] = []
        self.timeline: list[TimelineEntry] = []
        self.figures = OwnHealth()
        self.problem = ""  # what stands still
        self.failure: Exception | None = None  # raised by `status`
        self.gate: asyncio.Event | None = None  # `status` answers when it is set
        self.asked = 0  # how often `status` was made
        self.reloads = 0
        self.reports: list[tuple[str, Report]] = []  # what jobs reported, with the token
        self.clicks: list[tuple[bytes, str, str]] = []  # requests that said that they were Slack's
        self.heard = Heard.TAKEN  # what becomes of them
        self.reload_problem = ""
        self.left: list[LeftLine] = []  # what scenarios have not taken away
        self.keeper = StillKeeper(histories, plan.tellers)
        self.channels = StillChannels()
        self.deployments = StillDeployments(*plan.deployments)
        self.faces = StillFaces(self)
        self.public = StillPage(plan.status_page)
        self.posts: Posting = StillPosts()
        self.journal = StillJournal()
        self.sessions = StillSessions()
        self.silences = SilenceVerbs(self.keeper, FakeClock(NOW))
        self.windows = WindowVerbs(self.keeper, FakeClock(NOW))

    def quiet(self) -> Quiet:
        return Quiet(silences=self.keeper.silences, windows=self.keeper.windows, held=self.keeper.held)

    async def status(self) -> StatusDocument:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return status.build(
            self.plan,
            [status.facts(history, None) for history in self.histories],
            now=NOW,
            started_at=NOW - timedelta(hours=1),
            outbox=status.outbox_line({State.DEAD: sum(r.state is State.DEAD for r in self.rows)}, None, {}, NOW),
            own=self.figures,
            quiet=self.quiet(),
            deployments=self.deployments.current(),
        )

    def health(self) -> HealthDocument:
        progress = {"scheduler": 0.1}
        return HealthDocument(
            healthy=not self.problem, version="1", probing=True, progress=progress, problem=self.problem
        )

    def own_health(self) -> OwnHealth:
        return self.figures

    def snapshot(self) -> list[History]:
        return self.histories

    async def incidents(self, *, since: datetime | None = None) -> list[Incident]:
        found = [history.incident for history in self.histories if history.incident and history.incident.is_open]
        return found + (self.past if since else [])

    async def outbox(self, states: tuple[State, ...]) -> list[Notification]:
        return [row for row in self.rows if row.state in states]

    async def incident(self, number: int) -> IncidentDocument | None:
        for history in self.histories:
            if history.incident is not None and history.incident.id == number:
                record = Record(
                    incident=history.incident,
                    timeline=[entry for entry in self.timeline if entry.incident == number],
                    rows=[row for row in self.rows if row.incident == number],
                    suspect=self.deployments.known.get(history.incident.suspect),
                )
                return build(record, status.facts(history, None), NOW)
        return None

    async def explain(self, what: str) -> ExplanationDocument | None:
        for history in self.histories:
            if what in (history.check.name, str(history.incident.id) if history.incident else ""):
                number = history.incident.id if history.incident else 0
                return explanation.build(history, CALM, await self.incident(number), history.check.name, NOW)
        return None

    async def meet(self, number: int, event: Event) -> Incident | Refusal:
        for history in self.histories:
            incident = history.incident
            if incident is not None and incident.id == number:
                after, _, refusal = step(incident, event, NOW)
                history.incident = after
                return refusal or after or Refusal.NO_INCIDENT
        return Refusal.NO_INCIDENT

    async def report(self, token: str, report: Report) -> bool:
        self.reports.append((token, report))
        if self.failure is not None:
            raise self.failure
        return token == TOKEN

    def slack_request(self, body: bytes, timestamp: str, signature: str) -> Heard:
        self.clicks.append((body, timestamp, signature))
        return self.heard

    async def redrive(self, ids: tuple[int, ...] | None) -> int:
        return self._turn_dead_ones(ids, State.QUEUED)

    async def drop(self, ids: tuple[int, ...] | None) -> int:
        return self._turn_dead_ones(ids, State.DROPPED)

    def _turn_dead_ones(self, ids: tuple[int, ...] | None, state: State) -> int:
        wanted = [row for row in self.rows if row.state is State.DEAD and (ids is None or row.id in ids)]
        self.rows = [replace(row, state=state) if row in wanted else row for row in self.rows]
        return len(wanted)

    async def run_check(self, name: str) -> RunLine | None:
        past = next((past for past in self.histories if past.check.name == name), None)
        if past is None or past.last is None:
            return None
        return status.run_line(past.check, past.last, past.verdict)

    async def left_behind(self) -> list[LeftLine]:
        return self.left

    async def clean_up(self) -> list[LeftLine]:
        self.left = [line for line in self.left if line.problem]
        return self.left

    async def drop_left(self, marks: tuple[str, ...]) -> int:
        before = len(self.left)
        self.left = [line for line in self.left if line.id not in marks]
        return before - len(self.left)

    async def reload(self) -> str:
        self.reloads += 1
        return self.reload_problem

    async def write_down(self) -> None:
        self.written_down += 1


def resolved(incident: Incident, at: datetime = NOW) -> Incident:
    return replace(incident, phase=Phase.RESOLVED, resolved_at=at)
