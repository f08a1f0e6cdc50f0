"""What becomes of one occurrence of a window: when it is announced, when it begins and ends, and what was seen meanwhile.

(none) ──soon──► announced ──starts──► begun ──ends, is ended, or is gone from the configuration──► finished
   └───────────────────starts────────────▲            (called off before it began: announced ──► finished)
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind
from sentinel.core.progress import LAST_STRETCH, steps
from sentinel.core.recurrence import Occurrence, Once
from sentinel.core.result import Outcome, Result
from sentinel.core.window import Window, expects


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One occurrence of a window as it is held. Reports list it, whatever became of the window since."""

    window: str  # id
    title: str
    matcher: Matcher  # which checks
    starts_at: datetime
    ends_at: datetime
    expects_down: bool
    stops: Matcher | None = None  # of which of these checks, where not of all
    by: str
    why: str
    channels: tuple[str, ...] = ()
    update_every: timedelta = timedelta(0)  # how often they are told how it goes; zero: not at all
    told: tuple[Kind, ...] = ()  # what was said of it once and for all so far; also where it has no channels
    step: int = 0  # the latest step of how it goes that was told or let go by
    ended_by: str = ""  # who ended it before its time
    seen_down: frozenset[str] = frozenset()  # checks that failed while down was expected
    still_up: tuple[str, ...] = ()  # checks that were up then, and never down
    finished: bool = False  # nothing is left to do about it

    @property
    def covers(self) -> str:
        """Which checks, in words."""
        return str(self.matcher)

    @property
    def is_called_off(self) -> bool:
        return self.finished and self.ends_at <= self.starts_at


class Advance(NamedTuple):
    """What has come of an occurrence, and what is to be told of it now."""

    held: Held
    kinds: tuple[Kind, ...] = ()


def begin(window: Window, occurrence: Occurrence) -> Held:
    """An occurrence of which nothing was said yet."""
    return Held(
        window=window.id,
        title=window.title or (window.id if window.configured else f"Window {window.id}"),
        matcher=window.matcher,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        expects_down=window.expects_down,
        stops=window.stops,
        by=window.by,
        why=window.why,
        channels=window.channels,
        update_every=window.update_every,
    )


def coming(window: Window, now: datetime) -> Occurrence | None:
    """The occurrence of a window that is to be looked after now: the one that is open, or the next if it is announced already."""
    current = window.covering(now)
    if current is not None or not window.before:
        return current
    following = window.next_occurrence(now)
    return following if following is not None and now >= following.starts_at - window.before else None


def advance(held: Held, window: Window | None, now: datetime) -> Advance:
    """Follow the time, and what people or a reload did to the window meanwhile.

    Args:
        held: not finished.
        window: as it is now; None when there is none any more.
        now: aware.
    """
    current = _still_due(held, window, now)
    if current is None:
        return _finish(held, window, now)
    held = replace(held, ends_at=current.ends_at)
    # A clock that was set back does not announce what has begun.
    if Kind.WINDOW_STARTED in held.told:
        return _go_on(held, now)
    kind = Kind.WINDOW_STARTED if held.starts_at <= now else Kind.WINDOW_PLANNED
    if kind in held.told:
        return Advance(held)
    # Whoever is told late that it started needs not hear at once how it goes.
    return Advance(replace(held, told=(*held.told, kind), step=steps(held.starts_at, held.update_every, now)), (kind,))


def seen(held: Held, results: Iterable[Result]) -> Held:
    """What the last results of the checks say that should be down: whether they are."""
    if not held.expects_down:
        return held
    since = [result for result in results if result.finished_at >= held.starts_at]
    down = held.seen_down | {result.check for result in since if result.outcome is Outcome.FAIL}
    up = {result.check for result in since if result.outcome is Outcome.PASS} - down
    return replace(held, seen_down=down, still_up=tuple(sorted(up)))


def covered(held: Held, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks that an occurrence covers."""
    return tuple(check for check in checks if expects(held.matcher, check))


def stopped(held: Held, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks of an occurrence that should be down meanwhile."""
    if not held.expects_down:
        return ()
    return tuple(check for check in covered(held, checks) if held.stops is None or held.stops.covers(check))


def next_look(windows: Iterable[Window], now: datetime) -> datetime | None:
    """When something is to be done about one of these windows: `now` where something is already; None where never."""
    looks = (_next_look(window, now) for window in windows)
    return min((at for at in looks if at is not None), default=None)


def _next_look(window: Window, now: datetime) -> datetime | None:
    if window.covering(now) is not None:
        return now
    following = window.next_occurrence(now)
    return None if following is None else max(following.starts_at - window.before, now)


def _still_due(held: Held, window: Window | None, now: datetime) -> Occurrence | None:
    """The occurrence as it is planned now; None when it is over, or called off, or was moved to another time."""
    if window is None:
        return None
    current = window.covering(now) if held.starts_at <= now else window.next_occurrence(now)
    return current if current is not None and current.starts_at == held.starts_at else None


def _go_on(held: Held, now: datetime) -> Advance:
    """Tell how it goes, if it is time: of several times that were missed only the latest, and not shortly before the end."""
    step = steps(held.starts_at, held.update_every, now)
    if step <= held.step or not held.channels or now >= held.ends_at - LAST_STRETCH:
        return Advance(held)
    return Advance(replace(held, step=step), (Kind.WINDOW_PROGRESS,))


def _finish(held: Held, window: Window | None, now: datetime) -> Advance:
    ends_at, by = _end(held, window, now)
    over = replace(held, ends_at=ends_at, ended_by=by, finished=True)
    # Whoever heard nothing of it needs not hear that it is over.
    if not held.told:
        return Advance(over)
    return Advance(replace(over, told=(*held.told, Kind.WINDOW_ENDED)), (Kind.WINDOW_ENDED,))


def _end(held: Held, window: Window | None, now: datetime) -> tuple[datetime, str]:
    """When it ended, and by whose hand if that was before its time. One that was called off ends when it would have begun."""
    ended = window.ended_at if window else None
    if window is not None and ended is not None:
        if held.starts_at <= ended < held.ends_at:
            return ended, window.ended_by
        if ended < held.starts_at and isinstance(window.when, Once):
            return held.starts_at, window.ended_by
    if now >= held.ends_at:
        return held.ends_at, ""
    return max(now, held.starts_at), "the configuration"
