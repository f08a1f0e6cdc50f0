"""What events ask to be written down: all of it in one transaction, or none of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sentinel.core.history import CheckState
from sentinel.core.incident import Effect, EffectKind, Incident
from sentinel.core.notification import (
    STOPPED_BY_ACKNOWLEDGEMENT,
    STOPPED_BY_END,
    STOPPED_BY_MUTE,
    Kind,
    Notification,
)
from sentinel.core.result import Note, Result
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.core.window import Window


@dataclass(frozen=True, slots=True)
class Cancel:
    """Rows of a conversation that are not to be sent any more, as far as no attempt has begun."""

    conversation: int
    kinds: tuple[Kind, ...]
    at: datetime  # when they became pointless
    why: str  # in words, for those who heard that a command would run


#: What an effect makes pointless.
CANCELS = {
    EffectKind.ACKNOWLEDGED: STOPPED_BY_ACKNOWLEDGEMENT,
    EffectKind.RESOLVED: STOPPED_BY_END,
    EffectKind.WITHDRAWN: STOPPED_BY_END,
    EffectKind.LEFT: STOPPED_BY_MUTE,
    EffectKind.MUTED: STOPPED_BY_MUTE,
}

#: Why a command does not run any more.
_WHY = {
    EffectKind.ACKNOWLEDGED: "the incident was acknowledged",
    EffectKind.RESOLVED: "the incident is over",
    EffectKind.WITHDRAWN: "the check was removed",
    EffectKind.LEFT: "the incident is over",
    EffectKind.MUTED: "nobody is told of the incident for the time being",
}


def cancels(incident: Incident, effects: Iterable[Effect], now: datetime) -> Iterator[Cancel]:
    """What effects of an incident make pointless."""
    effects = tuple(effects)
    if any(effect.kind is EffectKind.OPENED for effect in effects):
        return  # nothing was told of it before; in a storm thousands open and are muted at once
    for effect in effects:
        if effect.kind in CANCELS:
            yield Cancel(incident.conversation, CANCELS[effect.kind], now, _WHY[effect.kind])


@dataclass(slots=True)
class Changes:
    """Everything that changed, the latest value of each."""

    results: list[tuple[Result, Severity]] = field(default_factory=list)
    states: dict[str, CheckState | None] = field(default_factory=dict)  # None: forget
    notes: dict[str, Note | None] = field(default_factory=dict)  # likewise
    incidents: dict[int, Incident] = field(default_factory=dict)
    entries: list[TimelineEntry] = field(default_factory=list)
    outbox: list[Notification | Cancel] = field(default_factory=list)  # in the order in which they came about
    rollups: list[Rollup] = field(default_factory=list)
    silences: dict[int, Silence] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.has_news or bool(self.results or self.rollups)

    @property
    def has_news(self) -> bool:
        """Whether there is more than results and sums: that does not wait for company."""
        return bool(
            self.states or self.notes or self.incidents or self.entries or self.outbox or self.silences or self.windows
        )

    @property
    def shows(self) -> bool:
        """Whether people who look at a page should see another one now: what only a restart needs is left out."""
        return bool(self.states or self.incidents or self.entries or self.silences or self.windows)

    @property
    def by_people(self) -> bool:
        """Whether a person had a part in it."""
        return bool(self.silences or self.windows or any(entry.by for entry in self.entries))

    def joined(self, later: "Changes", most_results: int) -> "Changes":
        """Both as one, with the newest results only. A new one: a thread that gave up on this one may still be reading it."""
        return Changes(
            results=(self.results + later.results)[-most_results:],
            states=self.states | later.states,
            notes=self.notes | later.notes,
            incidents=self.incidents | later.incidents,
            entries=self.entries + later.entries,
            outbox=self.outbox + later.outbox,
            rollups=self.rollups + later.rollups,
            silences=self.silences | later.silences,
            windows=self.windows | later.windows,
        )

    def without_history(self) -> "Changes":
        """What people must be told and what must not be forgotten, without the results and sums behind it."""
        return replace(self, results=[], rollups=[])

    @property
    def channels(self) -> set[str]:
        """The channels that have something to send."""
        return {item.address.channel for item in self.outbox if isinstance(item, Notification)}
