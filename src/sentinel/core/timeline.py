"""The timeline of an incident: what happened to it, when, and by whose hand."""

from dataclasses import dataclass
from datetime import datetime

from sentinel.core.incident import Effect, EffectKind, Incident
from sentinel.core.rule import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One line of an incident's timeline."""

    incident: int
    at: datetime  # UTC
    kind: str  # of the effect
    by: str = ""  # a person's name, or empty for Sentinel itself
    text: str = ""


def entry(incident: Incident, effect: Effect, now: datetime) -> TimelineEntry:
    """What an effect leaves on the timeline of its incident, which is given as it is after the transition."""
    taken = incident.acknowledgement
    by, text = effect.by, effect.text or incident.verdict.explanation
    match effect.kind:
        case EffectKind.ACKNOWLEDGED if taken is not None:
            by, text = taken.by, taken.why
        case EffectKind.ESCALATED:
            text = f"level {effect.level} of {len(incident.policy.levels)}: {_whom(incident, effect.level)}"
        case EffectKind.OPENED | EffectKind.WORSENED | EffectKind.EASED:
            text = f"{Severity(incident.severity).label}: {text}"
        case _:
            pass
    return TimelineEntry(incident=incident.id, at=now, kind=effect.kind.value, by=by, text=text)


def _whom(incident: Incident, number: int) -> str:
    """Whom a level names."""
    level = incident.policy.levels[number - 1]
    return ", ".join((*level.channels, *(f"on call by {name}" for name in level.on_call)))
