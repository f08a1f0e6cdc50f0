"""Silences: people know of a trouble and do not want to be told of it for a while. It is still measured, and its end is told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sentinel.core.check import OWN_CHECK, Check
from sentinel.core.matcher import Matcher
from sentinel.core.rule import Severity

#: A silence that mutes something is pointed out so long before it ends.
ENDS_SOON = timedelta(minutes=30)

#: A silence that lasts longer may have been forgotten.
LONG = timedelta(days=7)


def means(matcher: Matcher, check: Check) -> bool:
    """Whether a matcher of a silence or a window means a check. Sentinel's own is meant only where it is named in full."""
    return matcher.covers(check) and (check.name != OWN_CHECK or OWN_CHECK in matcher.checks)


class Course(StrEnum):
    """How far a silence or a window has come."""

    ACTIVE = "active"
    FUTURE = "future"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """From its start up to, and without, its end nobody is told of what its matcher means, except that it is over."""

    id: int
    matcher: Matcher
    by: str  # a person's name
    why: str
    starts_at: datetime  # aware
    ends_at: datetime  # aware
    created_at: datetime
    ended_by: str = ""  # who ended it before its time

    def __post_init__(self) -> None:
        if self.ends_at < self.starts_at:
            raise ValueError("a silence that ends before it starts")

    def covers(self, check: Check, severity: Severity, now: datetime) -> bool:
        """Whether nobody is told now of a trouble of that check, as bad as that."""
        return means(self.matcher, check) and self.mutes(severity, now)

    def mutes(self, severity: Severity, now: datetime) -> bool:
        """Whether nobody is told now of a trouble that bad of a check that it means."""
        return self.is_active(now) and (not self.matcher.severities or severity in self.matcher.severities)

    def is_active(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def course(self, now: datetime) -> Course:
        if now >= self.ends_at:
            return Course.OVER
        return Course.ACTIVE if now >= self.starts_at else Course.FUTURE

    def ended(self, by: str, now: datetime) -> "Silence":
        """The same, ended now; one that had not begun yet never does."""
        return replace(self, starts_at=min(self.starts_at, now), ends_at=now, ended_by=by)

    def is_long(self, now: datetime) -> bool:
        """Whether it goes on, and has for so long that it may have been forgotten."""
        return self.is_active(now) and now - self.starts_at > LONG


class Silences:
    """The silences that are active or to come. A value: `including` makes another one.

    Which of them mean a check is worked out once per check, and again when the check is another one after a reload.
    """

    __slots__ = ("_by_id", "_meant")

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self._by_id = {silence.id: silence for silence in silences}
        self._meant: dict[str, tuple[Check, tuple[Silence, ...]]] = {}

    def __iter__(self) -> Iterator[Silence]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, number: int) -> Silence | None:
        return self._by_id.get(number)

    def including(self, silence: Silence, now: datetime) -> "Silences":
        """These with one more, or with another of the same number; without those that are over."""
        every = self._by_id | {silence.id: silence}
        others = Silences(one for one in every.values() if one.course(now) is not Course.OVER)
        # To match everything anew would take seconds with thousands of checks and a hundred silences.
        others._meant = {
            name: (check, others._still(check, meant, silence)) for name, (check, meant) in self._meant.items()
        }
        return others

    def covering(self, check: Check, severity: Severity, now: datetime) -> Silence | None:
        """The silence that mutes a trouble of that check now; of several the one that ends last, and of these the newest."""
        if not self._by_id:
            return None
        found = [one for one in self._meaning(check) if one.mutes(severity, now)]
        return max(found, key=lambda one: (one.ends_at, one.id), default=None)

    def _still(self, check: Check, meant: tuple[Silence, ...], changed: Silence) -> tuple[Silence, ...]:
        """Those that mean a check, when they did before and one of them has changed."""
        kept = [one for one in meant if one.id != changed.id and one.id in self._by_id]
        if changed.id in self._by_id and means(changed.matcher, check):
            kept.append(changed)
        return tuple(kept)

    def _meaning(self, check: Check) -> tuple[Silence, ...]:
        known = self._meant.get(check.name)
        if known is not None and known[0] is check:
            return known[1]
        meant = tuple(one for one in self if means(one.matcher, check))
        self._meant[check.name] = (check, meant)
        return meant
