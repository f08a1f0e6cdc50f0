"""Why nobody is told of an incident for the time being, as one person would say it to another: by whom, until when, and why."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sentinel.core.incident import Because, Mute
from sentinel.core.silence import Silence
from sentinel.core.window import Window


def why_untold(mute: Mute, now: datetime, silences: Iterable[Silence] = (), windows: Iterable[Window] = ()) -> str:
    """Why nobody is told: what the mute says by itself, with what is known of the silence or window behind it.

    Args:
        mute: of the incident.
        now: aware.
        silences: those that are known; of one that is not, its number is said.
        windows: likewise.
    """
    if mute.because is Because.SILENCE:
        return next((_silence(one, now) for one in silences if str(one.id) == mute.by), str(mute))
    if mute.because is Because.WINDOW:
        return next((_window(one, now) for one in windows if one.id == mute.by), str(mute))
    return str(mute)


def _silence(silence: Silence, now: datetime) -> str:
    return f"silence {silence.id} by {silence.by} until {_clock(silence.ends_at, now)}: {silence.why}"


def _window(window: Window, now: datetime) -> str:
    occurrence = window.covering(now)
    until = f" until {_clock(occurrence.ends_at, now)}" if occurrence is not None else ""
    titled = f" ({window.title})" if window.title and window.title != window.id else ""
    return f"window {window.id}{titled}{until}"


def _clock(at: datetime, now: datetime) -> str:
    """A time in UTC, with its day where that is not today."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
