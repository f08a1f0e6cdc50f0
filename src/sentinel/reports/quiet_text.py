"""Silences and windows as text for people at a terminal; works on the JSON form of documents. Times are in UTC."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sentinel.base.units import format_duration
from sentinel.reports.text import Json, Look, clean, columns, moment

_SILENCE_HEADING = ("id", "state", "from", "until", "checks", "mutes", "by", "what and why")
_WINDOW_HEADING = ("id", "state", "from", "until", "checks", "by", "what and why")


def silences(rows: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of silences."""
    if not rows:
        return "Nothing is silenced.\n"
    table = [_SILENCE_HEADING, *(_silence_cells(row, now) for row in rows)]
    return "\n".join([*columns(table, look), *_silence_remarks(rows)]) + "\n"


def windows(rows: Sequence[Json], past: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of windows with their next times, and of the times that are over."""
    if not rows and not past:
        return "No windows.\n"
    table = [_WINDOW_HEADING, *(_window_cells(row, now) for row in rows), *(_held_cells(row, now) for row in past)]
    return "\n".join([*columns(table, look), *_window_remarks(rows, now)]) + "\n"


def silence_done(row: Json, done: str) -> str:
    """What became of one silence, in a sentence."""
    until = f" until {_time(row['ends_at'])} UTC" if row["course"] != "over" else ""
    means = f"It means {_number(row['checks'], 'check')}"
    mutes = f", and mutes {_number(row['mutes'], 'open incident')}" if row["mutes"] else ""
    return f"Silence {row['id']} ({clean(row['covers'])}) is {done}{until}. {means}{mutes}.\n"


def window_done(row: Json, done: str) -> str:
    """What became of one window, in a sentence."""
    span = row["current"] or (row["next"][0] if row["next"] else None)
    when = f", from {_time(span['starts_at'])} to {_time(span['ends_at'])} UTC" if span else ""
    down = " Down is what is expected." if row["expects_down"] and span else ""
    covers = f"It covers {_number(row['checks'], 'check')}.{down}"
    return f"Window {clean(row['id'])} ({clean(row['covers'])}) is {done}{when}. {covers}\n"


def _silence_cells(row: Json, now: datetime) -> tuple[str, ...]:
    return (
        str(row["id"]),
        row["course"],
        _time(row["starts_at"], now),
        _time(row["ends_at"], now),
        str(row["checks"]),
        str(row["mutes"]),
        clean(row["by"]),
        f"{clean(row['covers'])}: {clean(row['why'])}"
        + (f" (ended by {clean(row['ended_by'])})" if row["ended_by"] else ""),
    )


def _silence_remarks(rows: Sequence[Json]) -> Iterator[str]:
    for row in rows:
        if row["ends_soon"]:
            longer = f"`sentinel silence extend {row['id']} --for 1h`"
            yield f"Silence {row['id']} ends soon, and what it mutes is still bad: {longer}."
        if row["long"]:
            lasts = format_duration((moment(row["ends_at"]) - moment(row["starts_at"])).total_seconds())
            yield f"Silence {row['id']} lasts {lasts}: has it been forgotten? `sentinel silence end {row['id']}` ends it."


def _window_cells(row: Json, now: datetime) -> tuple[str, ...]:
    span = row["current"] or (row["next"][0] if row["next"] else None)
    return (
        clean(row["id"]),
        row["course"],
        _time(span["starts_at"], now) if span else "-",
        _time(span["ends_at"], now) if span else "-",
        str(row["checks"]),
        clean(row["by"]) or ("configuration" if row["configured"] else "-"),
        _purpose(row),
    )


def _held_cells(row: Json, now: datetime) -> tuple[str, ...]:
    state = "called off" if row["called_off"] else "over"
    by = clean(row["by"]) or "configuration"
    span = (_time(row["starts_at"], now), _time(row["ends_at"], now))
    ended = f" (ended by {clean(row['ended_by'])})" if row["ended_by"] else ""
    return (clean(row["window"]), state, *span, "-", by, _purpose(row) + ended)


def _purpose(row: Json) -> str:
    name = row.get("id", row.get("window"))
    title = "" if row["title"] in (name, f"Window {name}") else f"{clean(row['title'])}, "
    why = f": {clean(row['why'])}" if row["why"] else ""
    notes = [", down expected"] if row["expects_down"] else []
    notes += [", public"] if row.get("public") else []
    return f"{title}{clean(row['covers'])}{''.join(notes)}{why}"


def _window_remarks(rows: Sequence[Json], now: datetime) -> Iterator[str]:
    for row in rows:
        later = row["next"] if row["current"] else row["next"][1:]
        if later:
            yield f"{clean(row['id'])} comes again at {', '.join(_time(span['starts_at'], now) for span in later)} UTC."
        if row["still_up"]:
            yield f"{clean(row['id'])}: down is expected, and these are up: {', '.join(map(clean, row['still_up']))}."


def _time(text: str, now: datetime | None = None) -> str:
    """A time to the minute; of today only its hour where `now` is given."""
    at = moment(text)
    return f"{at:%H:%M}" if now is not None and at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
