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
    """Banner: nothing is wrong."""
    some_degraded: SomeText = "Some systems are slower or less complete than usual"
    """Banner: at worst something is degraded."""
    some_out: SomeText = "Some systems are out"
    """Banner: something is out."""
    all_out: SomeText = "A major outage"
    """Banner: everything is out."""
    some_maintenance: SomeText = "Planned maintenance is under way"
    """Banner: at worst there is maintenance."""
    some_unknown: SomeText = "The state of some systems is not known right now"
    """Banner: at worst nobody can tell."""
    operational: SomeText = "Operational"
    """A component that is fine."""
    degraded: SomeText = "Degraded"
    """One with a warning."""
    partial_outage: SomeText = "Partial outage"
    """One of which a part is out."""
    major_outage: SomeText = "Major outage"
    """One that is out."""
    maintenance: SomeText = "Maintenance"
    """One in a window, and a window that is open."""
    unknown: SomeText = "No data"
    """One of which nobody can tell."""
    investigating: SomeText = "Investigating"
    """State of a post."""
    identified: SomeText = "Identified"
    """State of a post."""
    monitoring: SomeText = "Monitoring"
    """State of a post."""
    resolved: SomeText = "Resolved"
    """State of a post."""
    planned: SomeText = "Planned"
    """A window that is to come."""
    planned_maintenance: SomeText = "Planned maintenance"
    """Heading, and what stands for a window without words of its own."""
    deployment: SomeText = "A new version is being installed"
    """What stands for a deployment. Which version it is, nobody outside is told."""
    deployment_over: SomeText = "The installation is over"
    """In feeds: a deployment that has ended, whatever came of it."""
    incidents: SomeText = "Incidents"
    """Heading of what goes on."""
    past_incidents: SomeText = "Past incidents"
    """Heading of what is over."""
    none: SomeText = "None in this time."
    """What stands where nothing was posted."""
    uptime: SomeText = "uptime"
    """Behind a share of time."""
    down: SomeText = "down"
    """Before how long something was down on a day."""
    days_ago: SomeText = "days ago"
    """Behind the number of days at the left end of a bar."""
    today: SomeText = "today"
    """At the right end of a bar."""
    as_of: SomeText = "As of"
    """Before the time of the page."""
    figures_of: SomeText = "Figures of"
    """Before the time of the figures, where they are old."""
    history: SomeText = "History"
    """Heading and link of the page of the past."""
    current: SomeText = "Current state"
    """Link back to the first page."""
    method: SomeText = (
        "Uptime is counted by time over everything that stands for a component. Planned maintenance is left out, and so is time "
        "of which nothing is known."
    )
    """How uptime is counted; at the foot of each page."""


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
    """How far the bars of uptime go back, in whole days. `store.keep` has to keep sums over hours or days for as long."""
    automatic: bool = False
    """Whether an outage is posted without a person: the name of the component, that it is out, and the times."""
    automatic_after: PositiveDuration = Field(default="5m", validate_default=True)
    """How long an outage has to last before it is."""
    language: Annotated[str, AfterValidator(_language)] = "en"
    """Code of the language that the page is in, for browsers and screen readers."""
    words: WordsEntry = WordsEntry()
    """What the page itself says; English when not given."""
