"""The public status page as a file has it. What is named here is public, and nothing else."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from sentinel.base.fields import Options, PositiveDuration
from sentinel.config.schema.fields import Line, Name, web_link
from sentinel.config.schema.web import TlsEntry


def _some(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that is not empty")
    return value


def _days(value: timedelta) -> timedelta:
    if not timedelta(days=7) <= value <= timedelta(days=366) or value % timedelta(days=1):
        raise ValueError("whole days, from 7d to 366d")
    return value


def _language(value: str) -> str:
    if not value.replace("-", "").isalnum() or not value.isascii() or len(value) > 20:
        raise ValueError("the code of a language such as 'en' or 'de'")
    return value


SomeText = Annotated[Line, AfterValidator(_some)]


class ComponentEntry(Options):
    """Something that people outside know by name. Its condition and uptime are those of its checks, which are never shown."""

    name: SomeText
    """What people outside call it. It is public."""
    checks: tuple[Line, ...] = ()
    """Names of the checks that stand for it."""
    tags: tuple[Name, ...] = ()
    """Checks with one of these tags stand for it, too."""
    description: Line = ""
    """A line about it. It is public."""


class ComponentGroupEntry(Options):
    """Components under one heading."""

    name: SomeText
    """The heading. It is public."""
    components: Annotated[tuple[ComponentEntry, ...], Field(min_length=1, max_length=100)]
    """What stands below it."""


class WordsEntry(Options):
    """What the page itself says, for another language than English."""

    all_operational: SomeText = "All systems are operational"
    some_degraded: SomeText = "Some systems are slower or less complete than usual"
    some_out: SomeText = "Some systems are out"
    all_out: SomeText = "A major outage"
    some_maintenance: SomeText = "Planned maintenance is under way"
    some_unknown: SomeText = "The state of some systems is not known right now"
    operational: SomeText = "Operational"
    degraded: SomeText = "Degraded"
    partial_outage: SomeText = "Partial outage"
    major_outage: SomeText = "Major outage"
    maintenance: SomeText = "Maintenance"
    unknown: SomeText = "No data"
    investigating: SomeText = "Investigating"
    identified: SomeText = "Identified"
    monitoring: SomeText = "Monitoring"
    resolved: SomeText = "Resolved"
    planned: SomeText = "Planned"
    planned_maintenance: SomeText = "Planned maintenance"
    incidents: SomeText = "Incidents"
    past_incidents: SomeText = "Past incidents"
    none: SomeText = "None in this time."
    uptime: SomeText = "uptime"
    down: SomeText = "down"
    days_ago: SomeText = "days ago"
    today: SomeText = "today"
    as_of: SomeText = "As of"
    figures_of: SomeText = "Figures of"
    history: SomeText = "History"
    current: SomeText = "Current state"
    feed: SomeText = "Feed"
    method: SomeText = (
        "Uptime is counted by time over everything that stands for a component. Planned maintenance is left out, and so is time "
        "of which nothing is known."
    )


class StatusPageEntry(Options):
    """A public status page on an address of its own; none when not given. Only what is named here is shown, with its state, its
    uptime and what people post: no names of checks, no explanations, no numbers."""

    title: SomeText
    """Heading of the page, such as the name of the service."""
    text: Line = ""
    """A line below it."""
    link: Annotated[str, AfterValidator(web_link)] = ""
    """Address under which people outside reach it, such as `https://status.example.org`; feeds need it."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on. Nothing else answers there, so it may be open to everybody."""
    port: Annotated[int, Field(ge=0, le=65535)]
    """TCP port to listen on."""
    tls: TlsEntry | None = None
    """Certificate of the page; not given: plain HTTP, for a proxy or on this host alone."""
    groups: Annotated[tuple[ComponentGroupEntry, ...], Field(min_length=1, max_length=100)]
    """What is shown."""
    history: Annotated[PositiveDuration, AfterValidator(_days)] = Field(default="90d", validate_default=True)
    """How far the bars of uptime go back, in whole days. Also see `store.keep`: sums over hours have to be kept as long."""
    automatic: bool = False
    """Whether an outage is posted without a person: the name of the component, that it is out, and the times."""
    automatic_after: PositiveDuration = Field(default="5m", validate_default=True)
    """How long an outage has to last before it is."""
    language: Annotated[str, AfterValidator(_language)] = "en"
    """Code of the language that the page is in, for browsers and screen readers."""
    words: WordsEntry = WordsEntry()
    """What the page itself says; English when not given."""
