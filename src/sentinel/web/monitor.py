"""What the web side asks of the application, and nothing more."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sentinel.app.clicks import Heard
from sentinel.app.deploying.asking import Deployments
from sentinel.app.rosters import StandIn
from sentinel.app.silences import SilenceVerbs
from sentinel.app.windows import WindowVerbs
from sentinel.core.access import Principal, Role, Via
from sentinel.core.history import History
from sentinel.core.incident import Event, Incident, Refusal
from sentinel.core.journal import Break, Deed, Entry, Link
from sentinel.core.notification import Notification, State
from sentinel.core.oncall import Override
from sentinel.core.plan import Plan
from sentinel.probes.heartbeat import Report
from sentinel.reports.channels import ChannelLine
from sentinel.reports.check import CheckDocument, Stretch
from sentinel.reports.documents import HealthDocument, LeftLine, OwnHealth, RunLine, StatusDocument
from sentinel.reports.explanation import ExplanationDocument
from sentinel.reports.figures import Figures
from sentinel.reports.incident import IncidentDocument
from sentinel.reports.on_call import OnCallDocument
from sentinel.reports.overview import Filter, OverviewDocument
from sentinel.reports.own import OwnDocument
from sentinel.reports.quiet import Quiet
from sentinel.web.posts import Posting
from sentinel.web.public.shelf import Public


class OnCallDesk(Protocol):
    """Who is on call, and who stands in."""

    def document(self) -> OnCallDocument:
        """Who is on call now and next; answered from memory, at once."""
        ...

    async def arrange(self, asked: StandIn) -> Override:
        """Have somebody stand in; raises NotArranged."""
        ...

    async def end(self, number: int, by: str) -> Override:
        """End what was arranged; raises NotArranged."""
        ...


class Channels(Protocol):
    """What can be asked about the channels of a running Sentinel."""

    def all(self) -> Sequence[ChannelLine]:
        """How each does; answered from memory, at once."""
        ...

    async def test(self, name: str, by: str) -> int:
        """Send a message that is marked as a test to everybody whom a channel reaches; how many. Raises NoTest."""
        ...

    async def veto(self, number: int, by: str, why: str) -> int | Refusal:
        """Stop the commands that were ordered for an incident; how many there were, after the commit."""
        ...


class Faces(Protocol):
    """What pages show. Everything comes from memory and roll-ups; a slow store makes an answer poorer, never late."""

    @property
    def version(self) -> int:
        """Grows when something changed that people should see at once: a verdict, an incident, a silence, a window, the plan."""
        ...

    async def changed(self, version: int, within: float) -> int:
        """Wait until the version is another than this one, or for so many seconds; answers the version then."""
        ...

    async def overview(self, asked: Filter) -> OverviewDocument:
        """What is wrong, and how everything does."""
        ...

    async def check(self, name: str, stretch: Stretch) -> CheckDocument | None:
        """One check over a time; None when there is no such check."""
        ...

    async def figures(self, system: str, length: timedelta) -> Figures:
        """A system's figures of the last so long, beside those of the same time before; empty: all systems."""
        ...

    async def own(self) -> OwnDocument:
        """Sentinel itself."""
        ...


class Pen(Protocol):
    """Writes in the journal about one deed while it is done."""

    def withdraw(self) -> None:
        """It was refused, and changed nothing."""
        ...

    def say(self, *, subject: str = "", detail: str = "") -> None:
        """What it was done to, or one line about it, once that is known."""
        ...


class Journal(Protocol):
    """What people and programs had this Sentinel do."""

    async def note(self, deed: Deed) -> None:
        """Write down what has happened; answers after the commit. Raises StoreError."""
        ...

    def doing(self, deed: Deed) -> AbstractAsyncContextManager[Pen]:
        """Write down what is done within; raises StoreError before it is done where it cannot be written down."""
        ...

    async def between(self, since: datetime, until: datetime, by: str = "") -> Sequence[Entry]:
        """The entries of [since, until), the newest first; bounded."""
        ...

    async def verify(self) -> Break | Link:
        """The first entry that is not as it was written, or the end of the chain."""
        ...


class Sessions(Protocol):
    """Who is signed in."""

    async def open(self, name: str, role: Role, via: Via, stamp: str) -> str:
        """Let somebody in; answers what their browser shows from now on, which is a secret."""
        ...

    def find(self, shown: str) -> Principal | None:
        """Who shows this; None when the session has ended, or never was. Answered from memory."""
        ...

    async def close(self, shown: str) -> None:
        """Somebody signs out."""
        ...


class Monitor(Protocol):
    """A running Sentinel, as pages and the interface for programs see it."""

    @property
    def plan(self) -> Plan:
        """The configuration in force."""
        ...

    @property
    def journal(self) -> Journal:
        """What people and programs had it do."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        ...

    @property
    def faces(self) -> Faces:
        """What pages show."""
        ...

    @property
    def public(self) -> Public:
        """The public status page."""
        ...

    @property
    def posts(self) -> Posting:
        """What can be asked about its posts."""
        ...

    @property
    def on_call(self) -> OnCallDesk: ...

    @property
    def silences(self) -> SilenceVerbs:
        """What can be asked about silences."""
        ...

    @property
    def windows(self) -> WindowVerbs:
        """What can be asked about windows."""
        ...

    @property
    def channels(self) -> Channels:
        """What can be asked about channels."""
        ...

    @property
    def deployments(self) -> Deployments:
        """What can be asked about deployments."""
        ...

    def quiet(self) -> Quiet:
        """What keeps people from being told now; answered from memory, at once."""
        ...

    async def status(self) -> StatusDocument:
        """How everything is now."""
        ...

    def health(self) -> HealthDocument:
        """Whether the work makes progress; answered from memory, at once."""
        ...

    def own_health(self) -> OwnHealth:
        """Sentinel's own figures; answered from memory, at once."""
        ...

    def snapshot(self) -> Sequence[History]:
        """What is remembered of each check; read, never changed."""
        ...

    async def incidents(self, *, since: datetime | None = None) -> Sequence[Incident]:
        """Open incidents, and with `since` also those that were open after that."""
        ...

    async def outbox(self, states: tuple[State, ...]) -> Sequence[Notification]:
        """Rows of the outbox in one of these states, bounded."""
        ...

    async def incident(self, number: int) -> IncidentDocument | None:
        """Everything that is known of one incident; None when there is none of that number."""
        ...

    async def explain(self, what: str) -> ExplanationDocument | None:
        """Everything that decides about a check or an incident; None when there is no such thing."""
        ...

    async def meet(self, number: int, event: Event) -> Incident | Refusal:
        """Let an incident meet what a person does; the refusal says why it changed nothing."""
        ...

    async def report(self, token: str, report: Report) -> bool:
        """Take in what a job reports; answer whether a check waits for it."""
        ...

    def slack_request(self, body: bytes, timestamp: str, signature: str) -> Heard:
        """Take in a request that says it is Slack's, and has these two headers; never waits."""
        ...

    async def redrive(self, ids: tuple[int, ...] | None) -> int:
        """Send dead notifications again, all of them when None; answer how many."""
        ...

    async def drop(self, ids: tuple[int, ...] | None) -> int:
        """Put dead notifications away that nobody will send, all of them when None; answer how many."""
        ...

    async def run_check(self, name: str) -> RunLine | None:
        """Run a check now, or wait for its run that is under way; None when there is no such check."""
        ...

    async def left_behind(self) -> Sequence[LeftLine]:
        """What scenarios made and have not taken away yet."""
        ...

    async def clean_up(self) -> Sequence[LeftLine]:
        """Take that away now; answer what is left then, with why."""
        ...

    async def drop_left(self, marks: tuple[str, ...]) -> int:
        """Forget these, since a person has seen to them; answer how many."""
        ...

    async def reload(self) -> str:
        """Read the configuration again; answer why the old one stays in force, or nothing when the new one is."""
        ...

    async def write_down(self) -> None:
        """Commit everything that is known, figures of the last minutes included."""
        ...
