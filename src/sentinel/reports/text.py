"""Documents as text for people at a terminal.

Works on the JSON form of a document, so that `sentinel --status` can show what a daemon answered without importing anything
heavy: nothing beside the standard library and `base.units` may be imported here.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sentinel.base.units import Unit, format_bytes, format_duration, format_lasted, format_value

#: A document, or a part of one, in its JSON form.
Json = Mapping[str, Any]

#: So many healthy checks are listed one by one; more are summed up in a line.
MOST_HEALTHY = 20

#: So many checks in trouble are listed one by one: when everything is down the first ones tell it.
MOST_TROUBLED = 50

#: So many readings of a run are shown beside the main one; `--json` has all of them.
MOST_OTHERS = 6

#: Text that is to be read rather than scanned is broken at this width where the output is no terminal.
PLAIN_WIDTH = 120

#: Seconds; a message that waits for longer, while a channel fails, is one that somebody ought to have by now.
UNTOLD = 60.0

_COLOURS = {"CRITICAL": "1;31", "FAILED": "1;31", "WARNING": "33", "UNKNOWN": "35", "OK": "32"}
_DIM, _BOLD = "2", "1"
_WORDS = ("CRITICAL", "WARNING", "UNKNOWN", "OK")


class Look:
    """How text is laid out: with colours or without, and how wide."""

    __slots__ = ("colour", "width")

    def __init__(self, *, colour: bool = False, width: int | None = None) -> None:
        self.colour = colour
        self.width = width or PLAIN_WIDTH

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def severity(self, word: str, width: int = 0) -> str:
        """The word, in its colour; the word stays where colours are off."""
        return self.paint(word.ljust(width), _COLOURS.get(word, ""))

    def dim(self, text: str) -> str:
        return self.paint(text, _DIM)

    def bold(self, text: str) -> str:
        return self.paint(text, _BOLD)

    def paragraph(self, text: str, indent: int) -> list[str]:
        """Text broken into lines, each indented."""
        margin = " " * indent
        line = clean(" ".join(text.split()))
        return textwrap.wrap(line, max(self.width, indent + 20), initial_indent=margin, subsequent_indent=margin)


def clean(text: object) -> str:
    """Text without control characters: what a target answered must not move the cursor or rename the window."""
    return "".join(character if character.isprintable() else "�" for character in str(text))


def status(document: Json, look: Look, *, everything: bool = False) -> str:
    """The whole status, the most urgent first.

    Args:
        document: a StatusDocument in its JSON form.
        look: how it is laid out.
        everything: also list the healthy checks, however many they are.
    """
    at = moment(document["at"])
    lines = list(_head(document, at, look))
    if document["incidents"]:
        lines += ["", look.bold("Open incidents"), *_incident_lines(document["incidents"], at, look)]
    if deployed := document.get("deployments"):  # a daemon of an earlier version knows of none
        lines += ["", look.bold("Deployments"), *_deployment_lines(deployed, at, look)]
    lines += ["", look.bold("Checks"), *_check_lines(document, at, look, everything)]
    if not document.get("shown"):  # the rest is about all checks
        lines += _about_all(document, at, look)
    return "\n".join(lines) + "\n"


def _about_all(document: Json, at: datetime, look: Look) -> Iterator[str]:
    if quiet := list(_quiet_lines(document, at, look)):
        yield from ("", look.bold("Quiet"), *quiet)
    yield from ("", look.bold("Telling"), *_outbox_lines(document["outbox"], look))
    if document["own"]:
        yield from ("", look.bold("Sentinel itself"), *_own_lines(document["own"], look))


def incidents(rows: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of incidents."""
    if not rows:
        return "No incidents.\n"
    return "\n".join(_incident_lines(rows, now, look)) + "\n"


def outbox(rows: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of notifications."""
    if not rows:
        return "No notifications.\n"
    table = [_OUTBOX_HEADING, *(_notification(row, now) for row in rows)]
    return "\n".join(columns(table, look)) + "\n"


def readings(run: Json) -> str:
    """What a run measured, the reading that stands for the check first; of very many only the first ones."""
    taken = sorted(run["readings"], key=lambda reading: reading["name"] != run.get("main"))
    shown = [f"{reading['name']} {_value(reading['value'], reading)}" for reading in taken[: 1 + MOST_OTHERS]]
    more = len(taken) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def columns(table: Sequence[Sequence[str]], look: Look) -> Iterator[str]:
    """Rows of cells as aligned lines; the first row is the heading, the last column may be as long as it likes."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    for number, row in enumerate(table):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        line = "  ".join([*cells, row[-1]]).rstrip()
        yield look.dim(line) if number == 0 else line


def moment(text: str) -> datetime:
    """A time of a document's JSON form; aware."""
    return datetime.fromisoformat(text)


def age(since: str | None, now: datetime) -> str:
    """How long ago something was."""
    return format_duration(max(0.0, (now - moment(since)).total_seconds())) if since else "-"


def counts(severities: Iterable[str]) -> dict[str, int]:
    """How many there are of each, the most urgent first; those that do not occur are left out."""
    found = list(severities)
    return {word: found.count(word) for word in _WORDS if word in found}


def _head(document: Json, at: datetime, look: Look) -> Iterator[str]:
    summary = ", ".join(
        f"{n} {look.severity(word)}" for word, n in counts(c["severity"] for c in document["checks"]).items()
    )
    yield f"{look.bold('Sentinel ' + clean(document['source']))}  {look.severity(document['overall'])}  {summary}"
    running = f"up {age(document['started_at'], at)}" if document["started_at"] else "not running"
    facts = (f"{at:%Y-%m-%d %H:%M:%S} UTC", running, f"version {document['version']}", document["config"])
    yield look.dim(" · ".join(clean(fact) for fact in facts))
    if shown := document.get("shown"):
        which = f"{shown['checks']} of {shown['of']} checks are shown ({shown['only']})"
        yield from look.paragraph(f"{which}; the exit status is theirs.", 0)
    if document["from_store"]:
        yield from look.paragraph("No daemon answers. This is what its store remembers; nothing is being watched.", 0)
    if not shown and (said := stuck(document["outbox"])):
        yield look.severity("WARNING").replace("WARNING", f"{said[:1].upper()}{said[1:]}")
    if document["store_problem"]:
        yield from look.paragraph(f"The store cannot be used: {document['store_problem']}", 0)


def stuck(box: Json) -> str:
    """That nobody can be told by some channels, as `OutboxLine.stuck` has it; empty where people can."""
    waits = box["waiting"] and (box["oldest"] or 0.0) > UNTOLD
    return f"nobody can be told by {', '.join(map(clean, sorted(box['errors'])))}" if waits and box["errors"] else ""


def _incident_lines(rows: Sequence[Json], now: datetime, look: Look) -> Iterator[str]:
    names = max(len(clean(row["check"])) for row in rows)
    numbers = max(len(str(row["id"])) for row in rows)
    for row in rows:
        number = f"#{row['id']}".rjust(numbers + 1)
        yield f"  {number}  {look.severity(row['severity'], 8)}  {clean(row['check']).ljust(names)}  {_course(row, now)}"
        yield from look.paragraph(row["explanation"], numbers + 15)
        if row["phase"] == "open" and row["hint"]:
            yield from map(look.dim, look.paragraph(row["hint"], numbers + 15))


def _course(row: Json, now: datetime) -> str:
    """How far an incident has come."""
    lasted = format_duration(row["age"])
    level = f"level {row['level']} of {row['levels']}" if row["level"] else "nobody told"
    # A daemon of an earlier version does not say it.
    meanwhile = f", {row['meanwhile']}" if row.get("meanwhile") else ""
    match row["phase"]:
        case "resolved":
            return f"resolved {age(row['resolved_at'], now)} ago, lasted {format_lasted(row['age'])}"
        case "acknowledged":
            until = moment(row["acknowledged_until"])
            by, why = clean(row["acknowledged_by"]), clean(row["acknowledged_why"])
            return f"open {lasted}, {level}{meanwhile}, acknowledged by {by} until {until:%H:%M} UTC: {why}"
        case phase:
            return f"{phase} {lasted}, {_heard(row, level)}{meanwhile}"


def _heard(row: Json, level: str) -> str:
    """Who is told of an open incident, or why nobody is."""
    if row.get("bundle"):
        level = f"told of with #{row['bundle']}"
    elif row.get("muted"):
        why = clean(row.get("quiet") or row["muted"])
        level = f"{level}, nobody told now: {why}" if row["level"] else f"nobody told: {why}"
    return f"{level}, {clean(row['assigned_to'])} sees to it" if row.get("assigned_to") else level


def _check_lines(document: Json, at: datetime, look: Look, everything: bool) -> Iterator[str]:
    healthy = [check for check in document["checks"] if _is_healthy(check, document)]
    others = [check for check in document["checks"] if not _is_healthy(check, document)]
    most = len(others) if everything else MOST_TROUBLED
    listed = everything or len(healthy) <= MOST_HEALTHY
    yield from _check_table(others[:most] + (healthy if listed else []), document, at, look)
    if others[most:]:
        yield f"  {' ' * 8}  {len(others[most:])} more are in trouble (--all lists them)"
    if not listed:
        yield f"  {look.severity('OK', 8)}  {len(healthy)} more checks are well (--all lists them)"


def _is_healthy(check: Json, document: Json) -> bool:
    overdue = check["overdue"] and not document["from_store"]
    return bool(check["severity"] == "OK" and not overdue and not check["pending"])


def _check_table(checks: Sequence[Json], document: Json, at: datetime, look: Look) -> Iterator[str]:
    if not checks:
        return
    cells = [_check_cells(check, at) for check in checks]
    widths = _fitting([max(len(row[i]) for row in [*cells, _HEADING]) for i in range(len(_HEADING))], look.width)
    yield look.dim(" " * 12 + _aligned(_HEADING, widths))
    for check, row in zip(checks, cells, strict=True):
        yield f"  {look.severity(check['severity'], 8)}  {_aligned(row, widths)}"
        for remark in _remarks(check, document, at):
            yield from map(look.dim, look.paragraph(remark, 12))


_HEADING = ("check", "now", "bounds", "since", "uptime 24 h", "p95 24 h")


def _fitting(widths: list[int], width: int) -> list[int]:
    """The columns that fit into a line; the last are given up first, the check and its value never."""
    while len(widths) > 2 and 12 + sum(widths) + 2 * (len(widths) - 1) > width:
        widths = widths[:-1]
    return widths


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()


def _check_cells(check: Json, at: datetime) -> tuple[str, ...]:
    main = check["reading"]
    shown = check.get("judged") or main  # a daemon of an earlier version knows the main one only
    return (
        clean(check["name"]),
        _value(shown["value"], shown) if shown else "-",
        bounds(shown) if shown else "",
        age(check["since"], at),
        _uptime(check),
        _value(check["p95"], main) if main else "-",
    )


def _uptime(check: Json) -> str:
    if check["uptime"] is None:
        return "-"
    degraded = check.get("degraded")
    return share(check["uptime"]) + (f", {format_duration(degraded)} degraded" if degraded else "")


def _remarks(check: Json, document: Json, at: datetime) -> Iterator[str]:
    if check["severity"] != "OK":
        pending = f" ({check['pending']} on the way to an incident)" if check["pending"] else ""
        yield check["explanation"] + pending
        if check["hint"] and not any(row["check"] == check["name"] for row in document["incidents"]):
            yield check["hint"]
    elif check["pending"]:
        yield f"{check['pending']} bad results on the way to an incident"
    if check.get("quiet"):
        yield check["quiet"]
    if check["overdue"] and not document["from_store"]:
        yield f"overdue: last result {age(check['last_at'], at)} ago, due every {format_duration(check['interval'])}"


def _value(value: float | None, reading: Json) -> str:
    return "-" if value is None else format_value(value, Unit(reading["unit"]))


def bounds(reading: Json) -> str:
    """The bounds of a reading, such as `> 2 s, 5 s`: the warning bound first."""
    values = [_value(value, reading) for value in (reading["warning"], reading["critical"]) if value is not None]
    sign = ">" if reading["direction"] == "above" else "<"
    return f"{sign} {', '.join(values)}" if values else ""


def share(ratio: float) -> str:
    """A share as per cent, cut and never rounded up: 99.996 % is not 100 %.

    Its digits are those that matter: one in the middle, two near the whole, three near nothing.
    """
    places = 3 if ratio < 0.01 else 1 if 0.1 <= ratio < 0.99 else 2
    whole = int(ratio * 100 * 10**places + 1e-6)  # 0.29 * 100 comes out a little below 29
    return f"{whole / 10**places:.{places}f}".rstrip("0").rstrip(".") + " %"


def deployment(row: Json, at: datetime) -> str:
    """A deployment in one line: `deployment 12: payroll 2.4.1, watching for 6 min, pass so far, by ann`.

    Args:
        row: a DeploymentLine in its JSON form.
        at: aware.
    """
    goes_on = row["ended_at"] is None
    length = f"for {age(row['started_at'], at)}" if goes_on else f"{age(row['ended_at'], at)} ago"
    stands = row["phase"] if goes_on else row["ending"] or row["phase"]
    verdict = f", {row['verdict']} so far" if goes_on and row["verdict"] else ""
    late = ", overdue" if goes_on and row["overrun"] else ""
    what = " ".join(part for part in (row["system"], row["version"]) if part)
    return clean(f"deployment {row['id']}: {what}, {stands.replace('_', ' ')} {length}{verdict}{late}, by {row['by']}")


def _deployment_lines(rows: Sequence[Json], at: datetime, look: Look) -> Iterator[str]:
    """Those that go on, or have failed and stand so."""
    for row in rows:
        yield from look.paragraph(deployment(row, at), 2)


def _quiet_lines(document: Json, at: datetime, look: Look) -> Iterator[str]:
    """Silences and windows that are in force; a daemon of an earlier version knows of none."""
    for row in document.get("windows", ()):
        left = format_duration((moment(row["current"]["ends_at"]) - at).total_seconds())
        down = ", down is expected" if row["expects_down"] else ""
        yield from look.paragraph(f"window {row['id']}: {row['covers']}{down}, {left} left{_said(row)}", 2)
        if row["still_up"]:
            yield from look.paragraph(f"up since it began, though down is expected: {', '.join(row['still_up'])}", 4)
    for row in document.get("silences", ()):
        left = format_duration((moment(row["ends_at"]) - at).total_seconds())
        mutes = f", mutes {row['mutes']} open" if row["mutes"] else ""
        yield from look.paragraph(f"silence {row['id']}: {row['covers']}{mutes}, {left} left{_said(row)}", 2)
        if row["ends_soon"]:
            yield from look.paragraph(f"`sentinel silence extend {row['id']} --for 1h` if it is to go on", 4)


def _said(row: Json) -> str:
    """Who made a silence or a window, and why."""
    by = f", by {row['by']}" if row["by"] else ""
    return by + (f": {row['why']}" if row["why"] else "")


def _outbox_lines(box: Json, look: Look) -> Iterator[str]:
    oldest = f", the oldest for {format_duration(box['oldest'])}" if box["oldest"] is not None else ""
    dead = f"{box['dead']} given up" + (" (see `sentinel outbox --dead`)" if box["dead"] else "")
    yield f"  {box['waiting']} waiting{oldest}; {look.severity('WARNING') + ' ' if box['dead'] else ''}{dead}"
    for channel, problem in box["errors"].items():
        yield f"  {clean(channel)}: {clean(problem)}"


def _own_lines(own: Json, look: Look) -> Iterator[str]:
    lateness = "-"
    if own["lateness_p50"] is not None and own["lateness_p99"] is not None:
        lateness = f"p50 {format_duration(own['lateness_p50'])}, p99 {format_duration(own['lateness_p99'])}"
    yield f"  memory {format_bytes(own['memory'])} · loop lag {format_duration(own['loop_lag'])} · lateness {lateness}"
    parts = [f"{name} {length}" for name, length in own["queues"].items()]
    parts += [f"skipped ({reason}) {number}" for reason, number in own["skipped"].items() if number]
    if own["store_size"] is not None:
        parts.append(f"store {format_bytes(own['store_size'])}")
    if parts:
        yield "  " + " · ".join(parts)
    if own.get("heartbeat_problem"):  # a daemon of an earlier version knows of none
        yield from look.paragraph(f"no heartbeat to the outside: {own['heartbeat_problem']}", 2)
    if own["reload_problem"]:
        yield from look.paragraph(f"the last reload kept the old configuration: {own['reload_problem']}", 2)


def _ways(row: Json) -> Iterator[str]:
    """How a message goes that does not go by itself; a daemon of an earlier version says nothing of it."""
    if row.get("carried_by"):
        yield f"goes with {row['carried_by']}"
    if row.get("copy_of"):
        yield f"in place of {row['copy_of']}"
    if row.get("copied_at"):
        yield f"told through another channel at {moment(row['copied_at']):%H:%M:%S} UTC"


_OUTBOX_HEADING = ("id", "state", "to", "what", "age", "attempts", "why")


def _notification(row: Json, now: datetime) -> tuple[str, ...]:
    about = f"{row['kind']} {row['check']}".strip() + (f" #{row['incident']}" if row["incident"] else "")
    about += f" of deployment {row['deployment']}" if row.get("deployment") else ""
    why = "; ".join(part for part in (" ".join(filter(None, (row["reason"], row["detail"]))), *_ways(row)) if part)
    to = f"{row['channel']} {row['recipient']}".strip()
    cells = (row["id"], row["state"], to, about, age(row["created_at"], now), row["attempts"], why)
    return tuple(clean(cell) for cell in cells)
