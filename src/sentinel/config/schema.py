"""The full form of a configuration: what each key means, its type, its default. The reference is generated from here.

The options of a check or a channel are not here: they belong to its kind.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField, ZoneName

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def checked_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name of letters, digits, '.', '_' and '-', at most 64, that starts with a letter or digit")
    return value


def _line(value: str) -> str:
    if len(value) > 200 or not value.isprintable():
        raise ValueError("one line of at most 200 characters")
    return value


def _bound(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number, or a text such as '500ms' or '2%'")
    if not isinstance(value, str) and not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def _time_of_day(value: str) -> str:
    if not _TIME_OF_DAY.fullmatch(value):
        raise ValueError("a time of day from 00:00 to 23:59, such as '06:00'")
    return value


def _link(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("an address such as 'https://monitor.example.org/'")
    return value


Name = Annotated[str, AfterValidator(checked_name), WithJsonSchema({"type": "string", "pattern": _NAME_PATTERN})]
Line = Annotated[str, AfterValidator(_line), WithJsonSchema({"type": "string", "maxLength": 200})]
Count = Annotated[int, Field(ge=1, le=1000)]

#: A bound in the reading's own unit: `2`, `"500ms"`, `"2%"`, `"512 MiB"`, `"14d"`.
Bound = Annotated[Any, BeforeValidator(_bound), WithJsonSchema({"type": ["number", "string"]})]
HowBad = Literal["warning", "critical"]


class _Judged(Options):
    warning: Bound | None = None
    """Beyond this the target is missed; in the unit of the reading."""
    critical: Bound | None = None
    """Beyond this it is critical; on the same side as the warning bound, or equal to it."""


class ThresholdRule(_Judged):
    """Each result's reading against its bounds."""

    type: Literal["threshold"] = "threshold"
    """The type of the rule; may be left out when there is a `reading` and no `quantile`."""
    reading: str
    """Name of the reading, such as `response_time`; each kind of check lists its own."""
    direction: Literal["above", "below"] | None = None
    """On which side of the bounds the trouble lies. When not given: `below` for readings of which less is worse, such as
    days left or free space (the reference marks them), `above` for all others."""


class ErrorRateRule(_Judged):
    """The share of failed results within a sliding window of time. Unknown results count neither way.

    It opens an incident at once, without `open_after`, and what it opened closes when the share is within its bound again. An
    outage that single results opened closes after `close_after` good results, and its samples are taken out of the window.
    """

    type: Literal["error_rate"]
    """The type of the rule."""
    window: PositiveDuration
    """How far back it looks."""
    min_samples: Count = 20
    """Results needed within the window before it judges."""


class QuantileRule(_Judged):
    """A quantile of a reading within a sliding window of time, such as the 95th percentile.

    It opens and closes incidents as `error_rate` does.
    """

    type: Literal["quantile"] = "quantile"
    """The type of the rule; may be left out when there is a `quantile`."""
    reading: str
    """Name of the reading, such as `response_time`."""
    quantile: Annotated[float, Field(gt=0, lt=1)]
    """Which quantile: 0.95 is the value that 95 % of the results stay below."""
    window: PositiveDuration
    """How far back it looks."""
    min_samples: Count = 20
    """Readings needed within the window before it judges."""
    direction: Literal["above", "below"] | None = None
    """On which side of the bounds the trouble lies. When not given: `below` for readings of which less is worse, such as
    days left or free space (the reference marks them), `above` for all others."""


RuleEntry = ThresholdRule | ErrorRateRule | QuantileRule

#: The rules by their type.
RULES: Mapping[str, type[RuleEntry]] = {
    "threshold": ThresholdRule,
    "error_rate": ErrorRateRule,
    "quantile": QuantileRule,
}


class Defaults(Options):
    """What checks do that say nothing else."""

    interval: PositiveDuration = Field(default="60s", validate_default=True)
    """Time from one run to the next."""
    timeout: PositiveDuration | None = None
    """Deadline of one run; 10 s when not given. Never above a check's interval: there it is the interval."""
    open_after: Count = 3
    """Bad results in a row before an incident opens. A hole in security opens one at once."""
    close_after: Count = 2
    """Good results in a row before an incident resolves."""
    tags: tuple[Name, ...] = ()
    """Tags that every check has beside its own."""
    rules: Mapping[str, tuple[RuleEntry, ...]] = {}
    """Rules by kind of check, for every check of that kind that has no rule of its own for the same reading."""


class CheckEntry(Options):
    """One check: what is watched, how often, by which rules."""

    name: Name
    """Name of the check; each only once. `sentinel` is taken: it stands for Sentinel's own condition."""
    kind: str
    """What kind of check it is; each has a section below."""
    title: Line = ""
    """What people call it; the name when not given."""
    enabled: bool = True
    """Whether it runs."""
    interval: PositiveDuration | None = None
    """Time from one run to the next; else the default."""
    timeout: PositiveDuration | None = None
    """Deadline of one run, at most the interval; else the default."""
    tags: tuple[Name, ...] = ()
    """Words to select checks by."""
    runbook: Line = ""
    """Where to read what to do, shown in every message."""
    policy: Name = "default"
    """The escalation policy of its incidents."""
    severity: HowBad = "critical"
    """How bad it is when a run fails."""
    open_after: Count | None = None
    """Bad results in a row before an incident opens; else the default."""
    close_after: Count | None = None
    """Good results in a row before an incident resolves; else the default."""
    options: Mapping[str, Any] = {}
    """What this kind of check needs to know."""
    rules: tuple[RuleEntry, ...] = ()
    """Bounds of its readings: the warning bound is the target."""
    usual_rules: bool = True
    """Whether the usual rules of its kind hold for readings that it has no rule of its own for."""


class LevelEntry(Options):
    """One level of escalation."""

    after: Duration
    """Time since the incident opened; for a level of critical incidents, since it became critical."""
    channels: tuple[Name, ...] = Field(min_length=1)
    """Names of the channels that are told."""
    severity: HowBad = "warning"
    """The least severity that reaches this level."""


class PerSeverity(Options):
    """A time for each severity."""

    warning: Duration = Field(default="4h", validate_default=True)
    """For a warning."""
    critical: Duration = Field(default="30m", validate_default=True)
    """For a critical incident."""


class Hold(PerSeverity):
    """How long an acknowledgement holds."""

    critical: Duration = Field(default="1h", validate_default=True)
    """For a critical incident."""


class PolicyEntry(Options):
    """Who is told when."""

    levels: tuple[LevelEntry, ...] = Field(min_length=1)
    """The levels, in the order of their times."""
    remind: PerSeverity = PerSeverity()
    """How often everybody who was told is reminded; 0 is never."""
    acknowledge: Hold = Hold()
    """How long an acknowledgement holds unless it says otherwise; then the escalation goes on."""


class KeepEntry(Options):
    """How long things are kept."""

    results: PositiveDuration = Field(default="7d", validate_default=True)
    """Single results."""
    rollups: PositiveDuration = Field(default="90d", validate_default=True)
    """Sums over 5 minutes."""
    hours: PositiveDuration = Field(default="730d", validate_default=True)
    """Sums over an hour."""
    incidents: PositiveDuration = Field(default="2555d", validate_default=True)
    """Incidents with their timeline and deliveries: seven years."""


class StoreEntry(Options):
    """Where Sentinel keeps its results, incidents and messages."""

    url: SecretField | None = None
    """`sqlite:///path` or `postgresql://user@host/database`; a secret, because it may hold a password."""
    path: str | None = None
    """Path of an SQLite file, instead of `url`. Default: `sentinel.db` in the state folder."""
    keep: KeepEntry = KeepEntry()
    """How long things are kept."""


class WebEntry(Options):
    """Where Sentinel answers."""

    socket: str | None = None
    """Path of the Unix socket that `sentinel --status` asks. Default: `sentinel.sock` in the runtime or state folder."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on over TCP; only with `port`."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port of status, health and metrics, read-only; none when not given."""


class ScheduleEntry(Options):
    """One report on a schedule."""

    name: Name
    """Name of the report; its files are named after it."""
    every: Literal["day", "week", "month"]
    """The period that each report covers. A week starts on Monday."""
    at: Annotated[
        str, AfterValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": _TIME_OF_DAY.pattern})
    ] = "06:00"
    """Time of day at which it is made, in the zone of the reports."""
    channels: tuple[Name, ...] | None = None
    """Channels it is sent to. Not given: the email channels of the first level of the policy `default`."""


class ReportsEntry(Options):
    """Reports on a schedule."""

    folder: str | None = None
    """Where reports are written. Default: `reports/` beside this file, or in the state folder of the service."""
    zone: ZoneName = "UTC"
    """Time zone of the schedule and of the periods, by its IANA name."""
    schedule: tuple[ScheduleEntry, ...] = (ScheduleEntry(name="daily", every="day"),)
    """The reports. An empty list: none."""


class LogsEntry(Options):
    """How Sentinel itself logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important events that are logged."""
    format: Literal["auto", "console", "json"] = "auto"
    """`auto` is console on a terminal, else JSON."""
    file: str | None = None
    """A file to log to as well, beside standard output; it is rotated. A relative path starts from `$LOGS_DIRECTORY` where
    systemd sets it, else from the folder of this file."""
    max_bytes: Annotated[int, Field(ge=10_000)] = 20_000_000
    """Size at which the file is rotated."""
    backups: Annotated[int, Field(ge=0, le=100)] = 5
    """How many rotated files are kept."""


class LimitsEntry(Options):
    """What bounds the work."""

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Checks that run at the same time."""
    per_host: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Checks that run at the same time against one host."""
    unknown_after: PositiveDuration = Field(default="5m", validate_default=True)
    """When a check could not be judged for so long, Sentinel tells of it as a trouble of its own: with a warning, or as critical
    when it is more than half of all checks, or one whose failure would be critical for more than an hour."""


class ChannelEntry(Options):
    """A way to tell people. Beside `kind` stand the options of that kind."""

    kind: str
    """What kind of channel it is; each has a section below."""


class GuideThresholds(Options):
    """The bounds of the short form."""

    api_response_time: PositiveDuration = Field(default="5s", validate_default=True)
    """Response time that is critical. The target is 2 s."""
    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Share of failed runs that is critical. The target is 1 %."""
    role_check_time: PositiveDuration = Field(default="1s", validate_default=True)
    """Time of a role check that is critical, for checks of kind `roles`. The target is 0.5 s."""
    consecutive_failures: Count = 3
    """Bad results in a row before an incident opens."""


class GuideEmail(Options):
    """Mail, in the short form."""

    enabled: bool = True
    """Whether mails are sent."""
    smtp_server: Annotated[str, Field(min_length=1)]
    """Host of the mail server, with a port where it is another than the usual one: `mail.example.org:587`."""
    sender: str
    """Address that the mails come from."""
    recipients: tuple[str, ...] = Field(min_length=1)
    """Addresses that the mails go to."""


class GuideSlack(Options):
    """Slack, in the short form."""

    enabled: bool = True
    """Whether Slack is told."""
    webhook_url: SecretField | None = None
    """Address of an incoming webhook."""
    token: SecretField | None = None
    """Token of a bot, with `channel`."""
    channel: str | None = None
    """The Slack channel, with `token`."""


class GuideWebhook(Options):
    """A webhook, in the short form."""

    enabled: bool = True
    """Whether the webhook is called."""
    url: SecretField
    """Address that is called."""
    secret: SecretField | None = None
    """What the calls are signed with."""


class GuideAlerting(Options):
    """Who is told, in the short form."""

    enabled: bool = True
    """Whether anybody is told."""
    email: GuideEmail | None = None
    """Tell by mail."""
    slack: GuideSlack | None = None
    """Tell in Slack."""
    webhook: GuideWebhook | None = None
    """Tell a program."""


class GuideForm(Options):
    """The short form: an HTTP API, its bounds and who is told. It may stand beside the full form."""

    api_url: Annotated[str, AfterValidator(_link)] | None = None
    """Address of an API that answers at `/health` and `/api/v1/auth/status`: two checks, `health` and `auth-status`."""
    monitoring_interval: PositiveDuration | None = None
    """Time from one run of a check to the next; the same as `defaults.interval`."""
    alert_thresholds: GuideThresholds = GuideThresholds()
    """Bounds of these checks."""
    alerting: GuideAlerting = GuideAlerting()
    """Who is told: the channels `email`, `slack` and `webhook`."""


class Configuration(Options):
    """The full form. Every key may be left out, only `checks` (or `api_url`) may not."""

    schema_: str | None = Field(default=None, alias="$schema")
    """Where the JSON Schema of this file is, so that editors complete and explain. Sentinel ignores it."""
    name: Line = "sentinel"
    """Name of this Sentinel, shown in every message."""
    link: Annotated[str, AfterValidator(_link)] = ""
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
    store: StoreEntry = StoreEntry()
    """Where Sentinel keeps what it must not forget."""
    web: WebEntry = WebEntry()
    """Where Sentinel answers."""
    reports: ReportsEntry = ReportsEntry()
    """Reports on a schedule."""
    logs: LogsEntry = LogsEntry()
    """How Sentinel itself logs."""
    limits: LimitsEntry = LimitsEntry()
    """What bounds the work."""
