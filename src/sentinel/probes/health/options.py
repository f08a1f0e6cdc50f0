"""What a configuration says of a health document."""

import re
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.probes.calls.document import BodyLimit, DocumentOptions
from sentinel.probes.database.options import NameField
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.expect.statuses import StatusField

ComponentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.:/ -]{0,49}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]

_OUTSIDE: re.Pattern[str] = re.compile(r"[^a-z0-9_]+")


class ComponentOptions(Options):
    """One component: where it stands, and what its words mean."""

    path: JsonPath | None = None
    """Where its word stands, in JMESPath's syntax. Without it, the component is found by its name."""
    good: tuple[Word, ...] = ()
    """The words that are good, in any case; no other one is then. Without them, the usual ones: `up`, `ok`, `connected`, …"""
    degraded: tuple[Word, ...] = ()
    """Words that mean that it works, but not as it should; beside the usual ones: `degraded`, `warning`, `slow`, …"""
    optional: bool = False
    """Whether the component may be absent."""


class HealthValue(Options):
    """A number in the document."""

    path: JsonPath
    """Where it stands, in JMESPath's syntax: `performance.avg_response_time`."""
    unit: Unit = Unit.NONE
    """What it measures: `s`, `ratio` (0 to 1), `bytes`, `count`, `days`; empty for a bare number."""
    scale: float = Field(default=1.0, gt=0)
    """What to multiply it by to have it in that unit: 0.001 for milliseconds, 1048576 for MiB, 0.01 for per cent."""
    optional: bool = False
    """Whether it may be absent."""


class HealthOptions(DocumentOptions):
    """Reads what a service says of its own health, and judges every component."""

    component: ComponentName | None = None
    """The one component that this check is about. Other checks of the same URL share the request."""
    components: dict[ComponentName, ComponentOptions] = Field(default_factory=dict)
    """Components that must be there, by name. Without any, all that are found are judged."""
    values: dict[NameField, HealthValue] = Field(default_factory=dict)
    """Numbers to read, by name; the readings are `values.<name>`."""
    status: StatusField = ("2xx", "500", "503")
    """Statuses whose document is read. A service that is not well often answers 503 and says why."""
    body_limit: BodyLimit = 262_144
    """Bytes of the document, decompressed, that are read at most."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [reading_name(name) for name in self.components]
        if len(set(names)) < len(names):
            raise ValueError("components whose names differ in more than case and punctuation")
        if self.component is not None and set(self.components) - {self.component}:
            raise ValueError("under components only the one that `component` names")
        return self


def reading_name(component: str) -> str:
    """The component as the last part of a reading's name."""
    return _OUTSIDE.sub("_", component.lower())[:50]
