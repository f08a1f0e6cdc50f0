"""The Plan: a compiled configuration. A value; a reload makes a new one and swaps it in whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sentinel.base.redact import Secret
from sentinel.core.access import Access
from sentinel.core.budget import Budget
from sentinel.core.check import Check
from sentinel.core.component import StatusPagePlan
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.form import Form
from sentinel.core.hours import Calendar
from sentinel.core.incident import Address, Policy
from sentinel.core.oncall import OnCall, Person
from sentinel.core.proof import Canary
from sentinel.core.routes import Route
from sentinel.core.selection import EVERYTHING, Selection
from sentinel.core.sight import Connectivity
from sentinel.core.tls import TlsFiles
from sentinel.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """One configured channel."""

    name: str
    kind: str  # such as `email`
    options: object  # only the channel of this kind looks inside
    recipients: tuple[str, ...] = ("",)  # one empty name where the channel itself is the address
    veto: timedelta | None = (
        None  # of a channel that runs a command: how long anybody may stop it; None: it tells people
    )
    budget: Budget | None = None  # of messages to each recipient; None: as many as there are
    fallback: str = ""  # the channel that stands in when this one takes nothing; empty: none
    canary: Canary | None = None  # proves now and then that it works
    lacks: str = ""  # what has to be installed before it can tell anybody, and how; empty: nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlan:
    """Where Sentinel keeps what it must not forget, and for how long."""

    url: Secret  # `sqlite:///…` or `postgresql://…`; a secret because it may hold a password
    keep_results: timedelta = timedelta(days=7)
    keep_rollups: timedelta = timedelta(days=90)  # of 5 minutes
    keep_hours: timedelta = timedelta(days=730)  # roll-ups of an hour
    keep_days: timedelta = timedelta(days=730)  # roll-ups of a day
    keep_incidents: timedelta = timedelta(days=7 * 365)  # with their timeline, from their end on
    keep_deliveries: timedelta = timedelta(days=7 * 365)  # messages and what became of them
    keep_journal: timedelta = timedelta(days=7 * 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPlan:
    """Where Sentinel answers, and who may come in."""

    socket: Path  # the local interface that `sentinel --status` and `sentinel ack` use
    host: str = "127.0.0.1"
    port: int | None = None  # over TCP; None: none
    dashboard: bool = False  # whether the port has pages for people
    tls: TlsFiles | None = None  # of the port; None: plain HTTP
    access: Access = Access()


class Content(StrEnum):
    """What a report can be about."""

    OPERATIONS = "operations"
    AUDIT = "audit"
    HIPAA = "hipaa"
    REVIEW = "review"
    DEPLOYMENT = "deployment"
    DEPLOYMENT_REVIEW = "deployment_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """One report on a schedule."""

    name: str
    every: str  # `day`, `week`, `month`, `quarter` or `year`
    contents: tuple[Content, ...] = (Content.OPERATIONS,)  # in this order
    selection: Selection = EVERYTHING  # which checks
    at: str  # local time, `HH:MM`
    zone: str  # IANA name
    channels: tuple[str, ...] = ()  # where it is sent; it is always written
    forms: tuple[Form, ...] = (Form.HTML, Form.PDF, Form.JSON)  # in which it is written
    attach: tuple[Form, ...] = (Form.HTML, Form.PDF)  # which of them a mail brings along


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatPlan:
    """The sign of life to the outside."""

    url: Secret
    every: timedelta = timedelta(seconds=60)
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """How Sentinel itself logs."""

    level: str = "info"
    format: str = "auto"  # `console`, `json`, or `auto`: console on a terminal
    file: Path | None = None  # rotated, beside standard output
    max_bytes: int = 20_000_000
    backups: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the work."""

    concurrency: int = 500  # probes at once
    per_host: int = 50  # probes at once to one host
    rechecks: int = 1000  # checks at once that wait for a look between two slots; zero: there are no such looks
    unknown_after: timedelta = timedelta(minutes=5)  # a check that cannot be judged for so long is told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a running Sentinel goes by."""

    name: str  # of this Sentinel, in every message
    file: Path  # the file it was read from; absolute
    fingerprint: str  # of the whole configuration, secrets left out
    checks: tuple[Check, ...]
    channels: tuple[ChannelPlan, ...]
    policies: Mapping[str, Policy]
    store: StorePlan
    web: WebPlan
    reports: tuple[ReportPlan, ...]
    reports_folder: Path
    hipaa: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # line of the checklist -> checks that prove it; lines that are not in it go by kinds and tags
    reviews: tuple[timedelta, ...] = ()  # how long after its end a critical incident is reviewed
    logs: LogPlan = LogPlan()
    limits: Limits = Limits()
    connectivity: Connectivity = Connectivity()
    journal_key: Path | None = None  # file of the key that chains the journal; None: beside the socket
    link: str = ""  # address of this Sentinel's page, for messages
    templates: Mapping[str, str] = field(default_factory=dict)  # texts of the user's, by the names of their files
    heartbeat: HeartbeatPlan | None = None  # to the outside
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    on_call: Mapping[str, OnCall] = field(default_factory=dict)  # as the configuration has it: without later overrides
    routes: tuple[Route, ...] = ()
    windows: tuple[Window, ...] = ()  # that are configured
    status_page: StatusPagePlan | None = None  # None: there is none
    deployments: Mapping[str, DeploymentPlan] = field(default_factory=dict)  # by system
    secrets: tuple[Secret, ...] = field(default=(), repr=False)  # every secret of the file, to keep them out of texts

    @property
    def recipients(self) -> dict[str, tuple[str, ...]]:
        """The recipients of each channel, by its name."""
        return {channel.name: channel.recipients for channel in self.channels}

    @property
    def commands(self) -> dict[str, timedelta]:
        """The channels that run commands instead of telling people, each with how long anybody may stop it."""
        return {channel.name: channel.veto for channel in self.channels if channel.veto is not None}

    @property
    def undoers(self) -> dict[str, tuple[DeploymentPlan, ...]]:
        """The channels that roll systems back, each with the deployments of these."""
        undone = [(one.rollback.channel, one) for one in self.deployments.values() if one.rollback is not None]
        return {name: tuple(one for channel, one in undone if channel == name) for name, _ in undone}

    @property
    def tellers(self) -> tuple[str, ...]:
        """The names of the channels that tell people."""
        return tuple(channel.name for channel in self.channels if channel.veto is None)

    @property
    def own_policy(self) -> str:
        """The policy that Sentinel's own troubles go by."""
        return "default" if "default" in self.policies else next(iter(self.policies))

    def addresses(self, channels: Iterable[str]) -> tuple[Address, ...]:
        """Everybody whom these channels reach; one that the plan does not have, or that runs a command, reaches nobody."""
        reached = {channel.name: channel.recipients for channel in self.channels if channel.veto is None}
        return tuple(Address(channel, name) for channel in channels for name in reached.get(channel, ()))
