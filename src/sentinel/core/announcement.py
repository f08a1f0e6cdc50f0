"""What people are told of an occurrence of a window: the facts, and the sentences about them."""

from datetime import datetime

from sentinel.base.units import format_duration
from sentinel.core.deployment.deployment import number_of
from sentinel.core.holding import Held
from sentinel.core.notification import AboutWindow, Kind, Message
from sentinel.core.progress import MOST_NAMED, Health, explanation

#: Of an occurrence that is not under way nobody asks how the checks are.
NOT_LOOKED_AT = Health()


def compose(
    held: Held, kind: Kind, source: str, now: datetime, link: str = "", health: Health = NOT_LOOKED_AT
) -> Message:
    """The facts of what is told of an occurrence.

    Args:
        held: as it is after what is told.
        kind: what is told.
        source: name of this Sentinel.
        now: aware.
        link: where to look.
        health: how the covered checks are, where it is told how the window goes.
    """
    return Message(
        kind=kind,
        at=now,
        source=source,
        explanation=_going(held, health, now) if kind is Kind.WINDOW_PROGRESS else _explanation(held, kind),
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
            checks=health.checks,
            well=health.well,
            unjudged=health.unjudged,
            troubled=health.troubled,
        ),
    )


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


def _going(held: Held, health: Health, now: datetime) -> str:
    return explanation(health, held.starts_at, held.ends_at, now, expects_down=held.expects_down)


def _never_down(held: Held) -> str:
    if not held.still_up:
        return ""
    more = len(held.still_up) - MOST_NAMED
    names = ", ".join(held.still_up[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f" Never seen down, though it was expected: {names}."


def _hint(held: Held, kind: Kind) -> str:
    number = number_of(held.window)
    match kind:
        case Kind.WINDOW_PLANNED | Kind.WINDOW_STARTED | Kind.WINDOW_PROGRESS if number:
            longer = f"`sentinel deploy extend {number} --for 30m` gives it more time"
            return f"{longer}; `sentinel deploy watch {number}` ends it, and has the release watched."
        case Kind.WINDOW_PLANNED:
            off = f"`sentinel window end {held.window}` calls it off; " if _is_planned(held) else ""
            return f"{off}`sentinel window` lists all of them."
        case Kind.WINDOW_STARTED:
            return f"`sentinel window end {held.window}` ends it early; `sentinel window` lists all of them."
        case Kind.WINDOW_PROGRESS:
            extend = f"`sentinel window extend {held.window} --for 30m` gives it more time; "
            return f"{extend if _is_planned(held) else ''}`sentinel window end {held.window}` ends it early."
        case _ if held.is_called_off:
            return ""
        case _:
            return "Every check that it covered is looked at now; what is still bad is told at once."


def _is_planned(held: Held) -> bool:
    """Whether a person planned it, by command; else it belongs to the configuration."""
    return held.window.isdecimal()
