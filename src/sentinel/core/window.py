"""Windows: times in which trouble is expected. Everything is still measured, and nothing opens.

A window is configured, or planned by a person. It may come again and again; each time is an `Occurrence`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sentinel.core.check import DEPLOYMENT_KIND, Check
from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Occurrence, Once, Recurrence
from sentinel.core.silence import Course, means

#: A planned window that is over is kept in mind for so long.
LONG_OVER = timedelta(hours=1)


def expects(matcher: Matcher, check: Check) -> bool:
    """Whether a window with this matcher expects trouble of a check. A deployment that fails is never what was expected."""
    return check.kind != DEPLOYMENT_KIND and means(matcher, check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is expected of which checks, and when."""

    id: str  # its name in the configuration; a number where a person planned it
    title: str
    matcher: Matcher  # its severities say nothing: nothing opens, however bad it is
    when: Recurrence
    configured: bool = False  # whether it stands in the configuration
    expects_down: bool = False  # whether down is what is expected
    stops: Matcher | None = None  # of which of these checks, where not of all
    channels: tuple[str, ...] = ()  # that are told of it
    before: timedelta = timedelta(0)  # how long before its start they are told of it; zero: only when it starts
    update_every: timedelta = timedelta(0)  # how often they are told how it goes while it is open; zero: not at all
    by: str = ""  # a person's name
    why: str = ""
    public: bool = False  # whether the public status page announces it
    public_text: str = ""  # what it says there; empty: that there is planned maintenance
    created_at: datetime | None = None
    ended_at: datetime | None = None  # when a person ended an occurrence before its time, or called the only one off
    ended_by: str = ""

    def covering(self, now: datetime) -> Occurrence | None:
        """The occurrence that `now` lies in."""
        occurrence = self._cut(self.when.covering(now))
        return occurrence if occurrence is not None and occurrence.contains(now) else None

    def next_occurrence(self, now: datetime) -> Occurrence | None:
        """The first occurrence that starts after `now`."""
        return self._cut(self.when.next_after(now))

    def ended(self, by: str, now: datetime) -> "Window":
        """The same, its occurrence ended now. A later one comes as before; the only one, if it is to come, never does."""
        return replace(self, ended_at=now, ended_by=by)

    def course(self, now: datetime) -> Course:
        if self.covering(now) is not None:
            return Course.ACTIVE
        return Course.FUTURE if self.next_occurrence(now) is not None else Course.OVER

    def is_long_over(self, now: datetime) -> bool:
        """Whether it never comes again, and whoever has to say that it is over has had the time to do so."""
        if self.configured or self.course(now) is not Course.OVER:
            return False
        ended = self.ended_at or (self.when.ends_at if isinstance(self.when, Once) else now)
        return ended < now - LONG_OVER

    def _cut(self, occurrence: Occurrence | None) -> Occurrence | None:
        ended = self.ended_at
        if occurrence is None or ended is None:
            return occurrence
        if ended < occurrence.starts_at:
            return None if isinstance(self.when, Once) else occurrence
        return replace(occurrence, ends_at=min(occurrence.ends_at, ended))


class Cover(NamedTuple):
    """What covers a check: a window, and which occurrence of it."""

    window: Window
    occurrence: Occurrence


class Windows:
    """The windows that are open or to come. A value: `including` and `replanned` make another one.

    Which of them mean a check is worked out once per check, and which occurrence is due only when another one is.
    """

    __slots__ = ("_by_id", "_meant")

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        self._by_id = {window.id: _Course(window) for window in windows}
        self._meant: dict[str, tuple[Check, tuple[_Course, ...]]] = {}

    def __iter__(self) -> Iterator[Window]:
        return (course.window for course in self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, name: str) -> Window | None:
        course = self._by_id.get(name)
        return course.window if course else None

    def including(self, window: Window, now: datetime) -> "Windows":
        """These with one more, or with another of the same id; without planned ones that are over for long."""
        every = {one.id: one for one in self} | {window.id: window}
        return Windows(one for one in every.values() if not one.is_long_over(now))

    def replanned(self, configured: Iterable[Window]) -> "Windows":
        """What people planned, and these of a configuration. An occurrence that somebody ended stays ended."""
        planned = [one for one in self if not one.configured]
        return Windows([*planned, *map(self._as_it_was_ended, configured)])

    def covering(self, check: Check, now: datetime) -> Cover | None:
        """What covers a check now; of several windows the one that ends last."""
        if not self._by_id:
            return None
        found = [Cover(one.window, at) for one in self._meaning(check) if (at := one.covering(now)) is not None]
        return max(found, key=lambda cover: cover.occurrence.ends_at, default=None)

    def active(self, now: datetime) -> tuple[Cover, ...]:
        """Every window that is open now."""
        every = self._by_id.values()
        return tuple(Cover(one.window, at) for one in every if (at := one.covering(now)) is not None)

    def _as_it_was_ended(self, window: Window) -> Window:
        before = self.get(window.id)
        if before is None or not before.configured:
            return window
        return replace(window, ended_at=before.ended_at, ended_by=before.ended_by)

    def _meaning(self, check: Check) -> "tuple[_Course, ...]":
        known = self._meant.get(check.name)
        if known is not None and known[0] is check:
            return known[1]
        meant = tuple(one for one in self._by_id.values() if expects(one.window.matcher, check))
        self._meant[check.name] = (check, meant)
        return meant


def covering(windows: Iterable[Window], check: Check, now: datetime) -> Occurrence | None:
    """The occurrence that covers a check now; of several the one that ends last. `Windows.covering` is quicker."""
    meant = (window.covering(now) for window in windows if expects(window.matcher, check))
    return max((one for one in meant if one is not None), key=lambda one: one.ends_at, default=None)


class _Course:
    """A window beside its last answer and the span of time in which that holds."""

    __slots__ = ("_known", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        # One value: a status is made on another thread, which must not see half of it.
        self._known: tuple[datetime, datetime | None, Occurrence | None] | None = None

    def covering(self, now: datetime) -> Occurrence | None:
        if self._known is not None:
            since, until, answer = self._known
            if since <= now and (until is None or now < until):
                return answer
        self._known = since, until, answer = self._look(now)
        return answer

    def _look(self, now: datetime) -> tuple[datetime, datetime | None, Occurrence | None]:
        current = self.window.covering(now)
        if current is not None:
            return current.starts_at, current.ends_at, current
        following = self.window.next_occurrence(now)
        return now, following.starts_at if following else None, None
