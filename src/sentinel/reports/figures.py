"""A few figures of a whole system, each beside the same length of time before (BH-5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.slo import Rollup, combined
from sentinel.reports.documents import Document

#: Readings of these names are counts of people who are there now, also where a file gave the name: `values.active_users`.
ACTIVE_USERS: Final = ("active_users", "active_sessions", "sessions", "users_online")

#: What stands before names that a configuration gives to what it reads.
_NAMED: Final = "values."

_QUANTILE: Final = 0.95


class Better(Enum):
    """Which way a figure should go."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a period."""

    name: str  # such as `response_time`
    title: str  # such as `Response time (p95)`
    unit: Unit
    value: float | None  # None: nothing measured it
    before: float | None  # of the period before, as long
    change: float | None  # against the period before, as a share of it: 0.1 is 10 % more; None: nothing to compare
    better: Better


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Document):
    """The figures of one system, or of all checks."""

    since: datetime
    until: datetime
    system: str  # empty: all
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What roll-ups say of a time and of the same length of time before, by check."""

    now: Mapping[str, Rollup] = field(default_factory=dict)
    before: Mapping[str, Rollup] = field(default_factory=dict)
    active: float | None = None  # people who were there, on the mean; None: nothing counts them
    active_before: float | None = None


def of_system(checks: Iterable[Check], system: str) -> list[Check]:
    """The checks of a system; all of them where none is named."""
    return [check for check in checks if not system or check.system == system]


def active_reading(names: Iterable[str]) -> str:
    """The reading among these that counts the people who are there; empty where there is none."""
    known = {name.removeprefix(_NAMED): name for name in names}
    return next((known[name] for name in ACTIVE_USERS if name in known), "")


def active_users(pieces: Iterable[Rollup], readings: Mapping[str, str]) -> float | None:
    """How many people were there on the mean, added up over checks; None where nothing counted them.

    Args:
        pieces: of any length, with the sums of readings.
        readings: by check, the reading that counts.
    """
    totals: dict[str, tuple[float, int]] = {}
    for piece in pieces:
        sums = piece.readings.get(readings.get(piece.check, ""))
        if sums is not None:
            total, count = totals.get(piece.check, (0.0, 0))
            totals[piece.check] = total + sums.total, count + sums.count
    return sum(total / count for total, count in totals.values()) if totals else None


def build(checks: Sequence[Check], lately: Lately, now: datetime, length: timedelta, system: str = "") -> Figures:
    """The figures of checks.

    Args:
        checks: those of the system, or all.
        lately: what is known of them.
        now: aware.
        length: of the time.
        system: its name; empty: all.
    """
    known, past = _of(checks, lately.now), _of(checks, lately.before)
    counted = lately.active is not None or lately.active_before is not None
    return Figures(
        since=now - length,
        until=now,
        system=system,
        figures=(
            _figure("response_time", "Response time (p95)", Unit.SECONDS, Better.LOWER, _slow(checks, lately)),
            _figure("success_rate", "Success rate", Unit.RATIO, Better.HIGHER, (_good(known), _good(past))),
            _figure("uptime", "Uptime", Unit.RATIO, Better.HIGHER, (_up(known), _up(past))),
            *(
                [
                    _figure(
                        "active_users",
                        "Active users",
                        Unit.COUNT,
                        Better.NEITHER,
                        (lately.active, lately.active_before),
                    )
                ]
                if counted
                else []
            ),
        ),
    )


def _figure(name: str, title: str, unit: Unit, better: Better, values: tuple[float | None, float | None]) -> Figure:
    value, before = values
    change = None if value is None or not before else (value - before) / before
    return Figure(name=name, title=title, unit=unit, value=value, before=before, change=change, better=better)


def _of(checks: Iterable[Check], known: Mapping[str, Rollup]) -> Rollup | None:
    found = [known[check.name] for check in checks if check.name in known]
    return combined(found) if found else None


def _up(whole: Rollup | None) -> float | None:
    return None if whole is None else whole.uptime


def _good(whole: Rollup | None) -> float | None:
    """The share of judged results that were good."""
    return None if whole is None or whole.error_rate is None else 1 - whole.error_rate


def _slow(checks: Iterable[Check], lately: Lately) -> tuple[float | None, float | None]:
    """The quantile over all checks whose main reading says how long the target took."""
    timed = [check for check in checks if check.takes_time]
    return _quantile(_of(timed, lately.now)), _quantile(_of(timed, lately.before))


def _quantile(whole: Rollup | None) -> float | None:
    return None if whole is None else whole.quantile(_QUANTILE)
