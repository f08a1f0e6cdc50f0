"""How a window goes: when those who were told that it started are told how it stands, and what they are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import format_duration
from sentinel.core.rule import Severity

#: Checks that a message names at most.
MOST_NAMED = 10

#: So shortly before the end nobody is told how it goes: the end is told anyway.
LAST_STRETCH = timedelta(minutes=2)

#: Nobody is told more often: people stop reading.
SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the checks that a window covers are now."""

    checks: int = 0  # how many it covers
    well: int = 0
    unjudged: int = 0  # of how many it is not known
    troubled: tuple[str, ...] = ()  # names of the others, the worst first; at most `MOST_NAMED`

    @property
    def unnamed(self) -> int:
        """How many are not well beside those that are named."""
        return self.checks - self.well - self.unjudged - len(self.troubled)


def health(found: Iterable[tuple[str, Severity]]) -> Health:
    """How the covered checks are, each given by its name and how bad it is; UNKNOWN is one that could not be judged."""
    every = list(found)
    bad = [(-severity, name) for name, severity in every if severity in (Severity.WARNING, Severity.CRITICAL)]
    return Health(
        checks=len(every),
        well=sum(severity is Severity.OK for _, severity in every),
        unjudged=sum(severity is Severity.UNKNOWN for _, severity in every),
        troubled=tuple(name for _, name in sorted(bad)[:MOST_NAMED]),
    )


def steps(starts_at: datetime, every: timedelta, now: datetime) -> int:
    """How many times people were to be told by now; 0 with `every` of zero, which is never.

    A step is the number of whole intervals since the start, so what was missed is counted and never made up for.
    """
    return max((now - starts_at) // every, 0) if every else 0


def explanation(health: Health, starts_at: datetime, ends_at: datetime, now: datetime, *, expects_down: bool) -> str:
    """How long it has run, how long it is to go, and how the checks are."""
    going = f"It has gone on for {format_duration(now - starts_at)}, and has {format_duration(ends_at - now)} to go."
    down = " Down is expected." if expects_down else ""
    return f"{going} {standing(health)}{down}"


def standing(health: Health) -> str:
    """How the checks are, in one sentence."""
    if not health.checks:
        return "It covers no check any more."
    noun = "check is" if health.checks == 1 else "checks are"
    well = f"{health.well} of {health.checks} {noun} well"
    unknown = f"; of {health.unjudged} it is not known" if health.unjudged else ""
    return f"{well}{_not_well(health)}{unknown}."


def _not_well(health: Health) -> str:
    if not health.troubled:
        return ""
    more = f" and {health.unnamed} more" if health.unnamed else ""
    return f"; not well: {', '.join(health.troubled)}{more}"
