"""The full form of a configuration: what each key means, its type, its default. The reference is generated from here.

The options of a check or a channel are not here: they belong to its kind.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from sentinel.base.fields import Options
from sentinel.config.schema.calendars import CalendarEntry
from sentinel.config.schema.checks import CheckEntry, Defaults
from sentinel.config.schema.connectivity import ConnectivityEntry
from sentinel.config.schema.deployments import DeploymentEntry
from sentinel.config.schema.fields import Line, Name, web_link
from sentinel.config.schema.heartbeat import HeartbeatEntry
from sentinel.config.schema.own import LimitsEntry, LogsEntry, StoreEntry
from sentinel.config.schema.people import PersonEntry, RouteEntry, ScheduleFile, ScheduleRotation
from sentinel.config.schema.reports import ReportsEntry
from sentinel.config.schema.status_page import StatusPageEntry
from sentinel.config.schema.telling import ChannelEntry, PolicyEntry
from sentinel.config.schema.templates import TemplatesEntry
from sentinel.config.schema.web import WebEntry
from sentinel.config.schema.windows import WindowEntry


class Configuration(Options):
    """The full form. Every key may be left out, only `checks` (or `api_url`) may not."""

    schema_: str | None = Field(default=None, alias="$schema")
    """Where the JSON Schema of this file is, so that editors complete and explain. Sentinel ignores it."""
    name: Line = "sentinel"
    """Name of this Sentinel, shown in every message."""
    link: Annotated[str, AfterValidator(web_link)] = ""
    """Address under which people reach this Sentinel, for messages."""
    defaults: Defaults = Defaults()
    """What checks do that say nothing else."""
    checks: tuple[CheckEntry, ...] = ()
    """The checks."""
    channels: Mapping[Name, ChannelEntry] = {}
    """The ways to tell people, by name."""
    policies: Mapping[Name, PolicyEntry] = {}
    """Who is told when, by name. When there is none named `default`, it is made: all channels at once, and for critical
    incidents again after 15 and after 30 minutes."""
    calendars: Mapping[Name, CalendarEntry] = {}
    """Hours and days that rules, routes, quiet hours and rotations go by, by name."""
    people: Mapping[Name, PersonEntry] = {}
    """Who can be on call, by name."""
    on_call: Mapping[Name, ScheduleRotation | ScheduleFile] = {}
    """Schedules of who is on call, by name: people who take turns, or a calendar file."""
    routes: tuple[RouteEntry, ...] = ()
    """Which policy an incident goes by: the first that matches counts, when it opens and when it gets worse. Without one it
    is the `policy` of its check."""
    windows: Mapping[Name, WindowEntry] = {}
    """Times in which trouble is expected, by name: checks go on, and nothing opens."""
    deployments: Mapping[Name, DeploymentEntry] = {}
    """Deployments, by the name of the system that is deployed."""
    store: StoreEntry = StoreEntry()
    """Where Sentinel keeps what it must not forget."""
    web: WebEntry = WebEntry()
    """Where Sentinel answers."""
    status_page: StatusPageEntry | None = None
    """A public status page on an address of its own; none when not given."""
    reports: ReportsEntry = ReportsEntry()
    """Reports on a schedule."""
    logs: LogsEntry = LogsEntry()
    """How Sentinel itself logs."""
    limits: LimitsEntry = LimitsEntry()
    """What bounds the work."""
    connectivity: ConnectivityEntry = ConnectivityEntry()
    """How Sentinel finds out whether its own network works."""
    heartbeat: HeartbeatEntry | None = None
    """A sign of life to the outside that ends when Sentinel does not do its work; none when not given."""
    templates: TemplatesEntry | None = None
    """Your own words for messages, in place of Sentinel's; Sentinel's when not given."""
