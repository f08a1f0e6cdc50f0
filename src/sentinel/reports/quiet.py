"""Silences and windows as people are shown them: what they cover, whom they mute, by whom and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sentinel.core.check import Check
from sentinel.core.holding import Held
from sentinel.core.incident import Incident
from sentinel.core.recurrence import Occurrence, next_occurrences
from sentinel.core.rule import Severity
from sentinel.core.silence import ENDS_SOON, Course, Silence, Silences, means
from sentinel.core.untold import why_untold
from sentinel.core.window import Window, Windows, expects
from sentinel.reports.documents import HeldLine, SilenceLine, Span, WindowLine

#: Times to come that are shown of one window.
MOST_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What keeps people from being told, as a running engine has it in memory."""

    silences: Silences = field(default_factory=Silences)
    windows: Windows = field(default_factory=Windows)
    held: Mapping[str, Held] = field(default_factory=dict)  # by window: what came of its occurrence so far

    def of(self, check: Check, severity: Severity, now: datetime) -> str:
        """What mutes a trouble of a check now, in words; empty: nothing does."""
        if silence := self.silences.covering(check, severity, now):
            return f"silenced by {silence.by} until {_clock(silence.ends_at, now)}: {silence.why}"
        if cover := self.windows.covering(check, now):
            down = ", down is expected" if cover.window.expects_down else ""
            return (
                f"in window {cover.window.title or cover.window.id} until {_clock(cover.occurrence.ends_at, now)}{down}"
            )
        return ""

    def why(self, incident: Incident, check: Check, now: datetime) -> str:
        """Why nobody is told of an open incident now, in words; empty: somebody is."""
        if incident.mute is None:
            return self.of(check, incident.severity, now)
        return why_untold(incident.mute, now, self.silences, self.windows)

    def excuses(self, check: Check, now: datetime) -> bool:
        """Whether a window covers the check: whatever it finds is no trouble then."""
        return self.windows.covering(check, now) is not None

    def silence_lines(
        self, checks: Sequence[Check], troubled: Iterable[tuple[Check, Incident]], now: datetime
    ) -> tuple[SilenceLine, ...]:
        """The active silences, the one that ends first first."""
        active = sorted((one for one in self.silences if one.is_active(now)), key=lambda one: (one.ends_at, one.id))
        known = tuple(troubled)
        return tuple(silence_line(one, checks, known, now) for one in active)

    def window_lines(self, checks: Sequence[Check], now: datetime) -> tuple[WindowLine, ...]:
        """The open windows, the one that ends first first."""
        active = sorted(self.windows.active(now), key=lambda cover: (cover.occurrence.ends_at, cover.window.id))
        return tuple(window_line(cover.window, checks, now, self.held.get(cover.window.id)) for cover in active)


#: What an idle Sentinel has.
NOTHING = Quiet()


def silence_line(
    silence: Silence, checks: Iterable[Check], troubled: Iterable[tuple[Check, Incident]], now: datetime
) -> SilenceLine:
    """One silence as it stands.

    Args:
        silence: active or not.
        checks: all of them.
        troubled: the open incidents, each beside its check.
        now: aware.
    """
    mutes = sum(silence.covers(check, incident.severity, now) for check, incident in troubled)
    return SilenceLine(
        id=silence.id,
        course=silence.course(now),
        covers=str(silence.matcher),
        by=silence.by,
        why=silence.why,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        ended_by=silence.ended_by,
        checks=sum(means(silence.matcher, check) for check in checks),
        mutes=mutes,
        ends_soon=bool(mutes) and silence.ends_at - now <= ENDS_SOON,
        long=silence.is_long(now),
    )


def window_line(window: Window, checks: Iterable[Check], now: datetime, held: Held | None = None) -> WindowLine:
    """One window as it stands.

    Args:
        window: open or not.
        checks: all of them.
        now: aware.
        held: what came of its occurrence so far.
    """
    current = window.covering(now)
    of_now = held is not None and current is not None and held.starts_at == current.starts_at
    return WindowLine(
        id=window.id,
        title=window.title or window.id,
        course=window.course(now),
        covers=str(window.matcher),
        current=_span(current) if current else None,
        next=_times_to_come(window, now),
        configured=window.configured,
        expects_down=window.expects_down,
        by=window.by,
        why=window.why,
        channels=window.channels,
        ended_by=window.ended_by,
        checks=sum(expects(window.matcher, check) for check in checks),
        still_up=held.still_up if held is not None and of_now else (),
        public=window.public,
        public_text=window.public_text,
    )


def past_silence_line(silence: Silence, until: datetime) -> SilenceLine:
    """One silence of a period that ended at `until`."""
    return silence_line(silence, (), (), until)


def held_line(held: Held) -> HeldLine:
    """One time that a window was open."""
    return HeldLine(
        window=held.window,
        title=held.title,
        covers=held.covers,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        expects_down=held.expects_down,
        by=held.by,
        why=held.why,
        ended_by=held.ended_by,
        still_up=held.still_up,
        called_off=held.is_called_off,
    )


def _times_to_come(window: Window, now: datetime) -> tuple[Span, ...]:
    if window.course(now) is Course.OVER:
        return ()
    return tuple(map(_span, next_occurrences(window.when, now, MOST_TIMES)))


def _span(occurrence: Occurrence) -> Span:
    return Span(starts_at=occurrence.starts_at, ends_at=occurrence.ends_at)


def _clock(moment: datetime, now: datetime) -> str:
    """A time in UTC, with its day where that is not today."""
    return f"{moment:%H:%M} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M} UTC"
