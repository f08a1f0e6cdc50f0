"""Reports on a schedule."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from sentinel.base.fields import Options, PositiveDuration, ZoneName
from sentinel.config.schema.fields import TIME_OF_DAY, Line, Name, time_of_day
from sentinel.core.form import Form
from sentinel.core.safeguards import Safeguard


class ScheduleEntry(Options):
    """One report on a schedule."""

    name: Name
    """Name of the report; its files are named after it."""
    every: Literal["day", "week", "month", "quarter", "year"]
    """The period that each report covers. A week starts on Monday."""
    content: Annotated[tuple[Literal["operations", "audit", "hipaa"], ...], Field(min_length=1)] = ("operations",)
    """What it is about: `operations` (uptime, error budgets, times, incidents, alerts), `audit` (the questions of the healthcare
    guide's daily, weekly or monthly audit, by the length of the period), `hipaa` (the HIPAA checklist). Several go into one
    report, in this order."""
    checks: tuple[Line, ...] = ()
    """Only checks with these names; `*` stands for any letters, `?` for one. None, and no `tags` or `systems`: all checks."""
    tags: tuple[Name, ...] = ()
    """Only checks with one of these tags."""
    systems: tuple[Line, ...] = ()
    """Only checks of one of these systems."""
    at: Annotated[
        str, AfterValidator(time_of_day), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY.pattern})
    ] = "06:00"
    """Time of day at which it is made, in the zone of the reports; at the earliest ten minutes after the period is over, when its
    last results are summed up."""
    channels: tuple[Name, ...] | None = None
    """Channels it is sent to. Not given: the email channels of the first level of the policy `default`."""
    forms: Annotated[tuple[Form, ...], Field(min_length=1)] = (Form.HTML, Form.PDF, Form.JSON)
    """Forms that it is written in: `html` (one page with its charts), `pdf`, `json`, `csv` (a file for each table), `markdown`
    (for wikis, issues and chats)."""
    attach: tuple[Form, ...] | None = None
    """Which of its forms a mail brings along, as far as they are not too large. Not given: `html` and `pdf`."""


class ReportsEntry(Options):
    """Reports on a schedule."""

    folder: str | None = None
    """Where reports are written. Default: `reports/` beside this file, or in the state folder of the service."""
    zone: ZoneName = "UTC"
    """Time zone of the schedule and of the periods, by its IANA name."""
    schedule: tuple[ScheduleEntry, ...] = (ScheduleEntry(name="daily", every="day"),)
    """The reports. An empty list: none."""
    hipaa: dict[Safeguard, tuple[Name, ...]] = Field(default_factory=dict)
    """Which checks prove a line of the HIPAA checklist. A line that is not named here goes by the kinds and tags of checks."""
    reviews: Annotated[tuple[PositiveDuration, ...], Field(max_length=5)] = ()
    """How long after the end of a critical incident a review of it is written and mailed, such as `["1h", "24h", "7d"]`. It goes
    to the channels of the first report."""
