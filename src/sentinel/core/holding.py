"""What becomes of one occurrence of a window: when it is announced, when it begins and ends, and what was seen meanwhile.

(none) ──soon──► announced ──starts──► begun ──ends, is ended, or is gone from the configuration──► finished
   └───────────────────starts────────────▲            (called off before it began: announced ──► finished)
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sentinel.base.units import format_duration
from sentinel.core.check import Check
from sentinel.core.matcher import Matcher
from sentinel.core.notification import AboutWindow, Kind, Message
from sentinel.core.recurrence import Occurrence, Once
from sentinel.core.result import Outcome, Result
from sentinel.core.silence import means
from sentinel.core.window import Window

#: Checks that a message names at most.
MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One occurrence of a window as it is held. Reports list it, whatever became of the window since."""

    window: str  # id
    title: str
    matcher: Matcher  # which checks
    starts_at: datetime
    ends_at: datetime
    expects_down: bool
    by: str
    why: str
    channels: tuple[str, ...] = ()
    told: tuple[Kind, ...] = ()  # what was said of it so far; also where it has no channels
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
        by=window.by,
        why=window.why,
        channels=window.channels,
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
    kind = Kind.WINDOW_STARTED if held.starts_at <= now else Kind.WINDOW_PLANNED
    # A clock that was set back does not announce what has begun.
    return (
        Advance(held)
        if kind in held.told or Kind.WINDOW_STARTED in held.told
        else Advance(replace(held, told=(*held.told, kind)), (kind,))
    )


def seen(held: Held, results: Iterable[Result]) -> Held:
    """What the last results of the covered checks say: whether what should be down is down."""
    if not held.expects_down:
        return held
    since = [result for result in results if result.finished_at >= held.starts_at]
    down = held.seen_down | {result.check for result in since if result.outcome is Outcome.FAIL}
    up = {result.check for result in since if result.outcome is Outcome.PASS} - down
    return replace(held, seen_down=down, still_up=tuple(sorted(up)))


def compose(held: Held, kind: Kind, source: str, now: datetime, link: str = "") -> Message:
    """The facts of what is told of an occurrence."""
    return Message(
        kind=kind,
        at=now,
        source=source,
        explanation=_explanation(held, kind),
        hint=_hint(held, kind),
        link=link,
        window=AboutWindow(
            id=held.window,
            title=held.title,
            starts_at=held.starts_at,
            ends_at=held.ends_at,
            expects_down=held.expects_down,
            by=held.by,
            why=held.why,
            covers=held.covers,
        ),
    )


def covered(held: Held, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks that an occurrence covers."""
    return tuple(check for check in checks if means(held.matcher, check))


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


def _explanation(held: Held, kind: Kind) -> str:
    lasts = f"{held.starts_at:%Y-%m-%d %H:%M} to {held.ends_at:%Y-%m-%d %H:%M} UTC"
    match kind:
        case Kind.WINDOW_PLANNED:
            return (
                f"From {lasts} ({format_duration(held.ends_at - held.starts_at)}) trouble of {held.covers} is expected."
            )
        case Kind.WINDOW_STARTED:
            what = "is expected to be down" if held.expects_down else "may be in trouble"
            return f"Until {held.ends_at:%Y-%m-%d %H:%M} UTC {held.covers} {what}: nobody is alarmed meanwhile."
        case _ if held.is_called_off:
            return f"It was called off by {held.ended_by} before it began: alarms go on as always."
        case _:
            by = f" It was ended early by {held.ended_by}." if held.ended_by else ""
            return f"It took {format_duration(held.ends_at - held.starts_at)}.{by}{_never_down(held)}"


def _never_down(held: Held) -> str:
    if not held.still_up:
        return ""
    more = len(held.still_up) - MOST_NAMED
    names = ", ".join(held.still_up[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f" Never seen down, though it was expected: {names}."


def _hint(held: Held, kind: Kind) -> str:
    match kind:
        case Kind.WINDOW_PLANNED:
            # One that is to come and was not planned by a person belongs to the configuration.
            off = f"`sentinel window end {held.window}` calls it off; " if held.window.isdecimal() else ""
            return f"{off}`sentinel window` lists all of them."
        case Kind.WINDOW_STARTED:
            return f"`sentinel window end {held.window}` ends it early; `sentinel window` lists all of them."
        case _ if held.is_called_off:
            return ""
        case _:
            return "Every check that it covered is looked at now; what is still bad is told at once."
