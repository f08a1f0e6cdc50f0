"""What `sentinel top` draws: a head, incidents, checks, what is known of the chosen one, and a line for keys."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.layout import Layout
from rich.table import Table
from rich.text import Text

from sentinel.base.units import Unit, format_bytes, format_duration, format_value
from sentinel.cli.browsing import Mode, Row, View, chosen, rows
from sentinel.cli.poll import Seen
from sentinel.reports.text import Json, age, bounds, clean, counts, deployment, moment, share

_STYLES = {"CRITICAL": "bold red", "WARNING": "yellow", "UNKNOWN": "magenta", "OK": "green"}

#: Lines of the head, of what is known of the chosen row, and of the keys.
HEAD, DETAIL, FOOT = 2, 3, 1

#: Deployments that stand in the head.
MOST_DEPLOYED = 3

#: Columns of a terminal in which all of a table has room; fewer show fewer.
WIDE = 78

_KEYS = "q quit  ↑↓ ⏎ explain  a take  / filter  c channels  o outbox  s sort: "


def draw(seen: Seen, view: View, height: int, width: int) -> RenderableType:
    """The whole screen."""
    head = _head(seen)
    room = max(3, height - len(head) - DETAIL - FOOT)
    screen = Layout()
    body = Layout(_page(view, room + DETAIL) if view.mode is Mode.PAGE else _lists(seen, view, room, width))
    screen.split_column(
        Layout(Text("\n", no_wrap=True, overflow="ellipsis").join(head), size=len(head)),
        body,
        Layout(_foot(seen, view), size=FOOT),
    )
    return screen


def line(text: str, style: str = "") -> Text:
    """One line of text from anywhere: no markup, no control characters, cut at the edge; never empty, which is none for rich."""
    return Text(clean(text) or " ", style=style, no_wrap=True, overflow="ellipsis")


# --- Head and foot ----------------------------------------------------------------------------------------------------


def _head(seen: Seen) -> Sequence[Text]:
    """`HEAD` lines, and one for each deployment that goes on or has failed."""
    if seen.document is None:
        return (line("Sentinel", "bold"), line(""))
    document = seen.document
    found = counts(check["severity"] for check in document["checks"])
    first = Text(no_wrap=True, overflow="ellipsis")
    first.append(f"Sentinel {clean(document['source'])}  ", "bold")
    first.append(document["overall"], _STYLES.get(document["overall"], ""))
    for word, number in found.items():
        first.append("  ").append(f"{number} {word}", _STYLES.get(word, ""))
    first.append(f"  {moment(document['at']):%H:%M:%S} UTC", "dim")
    at, deployed = moment(document["at"]), document.get("deployments", ())[:MOST_DEPLOYED]
    lines = (line(deployment(row, at), "red" if _failed(row) else "cyan") for row in deployed)
    return (first, line(" · ".join(_facts(document)), "dim"), *lines)


def _failed(row: Json) -> bool:
    return bool(row["verdict"] == "fail" or row["overrun"] or row["phase"] == "ended")


def _facts(document: Json) -> Iterator[str]:
    """How Sentinel itself does, what is wrong there first."""
    if document["store_problem"]:
        yield f"the store cannot be used: {document['store_problem']}"
    own, box = document["own"] or {}, document["outbox"]
    if failing := {name: seconds for name, seconds in own.get("failing", {}).items() if seconds}:
        yield ", ".join(f"{name} failing {format_duration(seconds)}" for name, seconds in failing.items())
    yield f"outbox {box['waiting']} waiting, {box['dead']} given up"
    if own.get("lateness_p99") is not None:
        yield f"lateness {format_duration(own['lateness_p99'])}"
    if own:
        yield f"lag {format_duration(own['loop_lag'])}"
        yield f"{format_bytes(own['memory'])}"
        yield from (f"{name} {length}" for name, length in own["queues"].items() if length)
    if document["started_at"]:
        yield f"up {age(document['started_at'], moment(document['at']))}"


def _foot(seen: Seen, view: View) -> Text:
    match view.mode:
        case Mode.FILTER:
            return line(f"filter: {view.typed}_  (enter, escape)", "bold")
        case Mode.REASON:
            return line(f"why you take #{view.about}: {view.typed}_  (enter, escape)", "bold")
        case Mode.PAGE:
            return line("q back  ↑↓ scroll", "dim")
        case Mode.LIST:
            return _news(seen, view) or line(f"{_KEYS}{view.order}", "dim")


def _news(seen: Seen, view: View) -> Text | None:
    said = seen.complaint or view.said
    return line(said, "bold yellow") if said else None


# --- Lists ------------------------------------------------------------------------------------------------------------


def _lists(seen: Seen, view: View, room: int, width: int) -> RenderableType:
    listed = rows(seen.document, view)
    at = chosen(view, listed)
    if seen.document is None or not listed:
        return line(_nothing(seen, view), "dim")
    incidents = [row for row in listed if row.incident]
    checks = listed[len(incidents) :]
    upper = min(len(incidents) + 1, max(2, room // 2)) if incidents else 0
    now = moment(seen.document["at"])
    parts = (
        [Layout(_incidents(_window(incidents, at, upper - 1), listed[at], width, len(incidents)), size=upper)]
        if upper
        else []
    )
    shown = _window(checks, at - len(incidents), room - upper - 1)
    parts.append(Layout(_checks(shown, listed[at], now, width, _title(view, len(checks))), size=room - upper))
    screen = Layout()
    screen.split_column(*parts, Layout(_detail(listed[at]), size=DETAIL))
    return screen


def _nothing(seen: Seen, view: View) -> str:
    if seen.document is None:
        return "" if seen.complaint else "asking the daemon"
    return f"nothing is called {view.only!r}; escape shows everything" if view.only else "there are no checks"


def _title(view: View, number: int) -> str:
    return f"{number} checks" + (f" with {clean(view.only)}" if view.only else "")


def _window(listed: Sequence[Row], at: int, room: int) -> Sequence[Row]:
    """As many rows as there is room for, the chosen one among them."""
    first = max(0, min(at - room + 1, len(listed) - room))
    return listed[first : first + max(0, room)]


def _table(*headings: str) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for number, heading in enumerate(headings):
        # The name takes what the others leave.
        table.add_column(clean(heading), no_wrap=True, overflow="ellipsis", ratio=1 if number == 1 else None)
    return table


def _incidents(listed: Sequence[Row], now_chosen: Row, width: int, number: int) -> Table:
    table = _table(
        "",
        f"{number} open incident{'' if number == 1 else 's'}",
        "how bad",
        "for",
        "who",
        *(["told"] if width >= WIDE else []),
    )
    for row in listed:
        facts = row.facts
        who = facts["acknowledged_by"] if facts["phase"] == "acknowledged" else facts.get("assigned_to") or "-"
        told = [told_of(facts)] if width >= WIDE else []
        cells = (f"#{row.incident}", row.check, facts["severity"], format_duration(facts["age"]), who, *told)
        _add(table, cells, facts["severity"], row.key == now_chosen.key)
    return table


def told_of(facts: Json) -> str:
    """Who has been told of an incident: how far it has climbed, or which other one speaks for it."""
    if facts.get("bundle"):
        return f"with #{facts['bundle']}"
    return f"level {facts['level']} of {facts['levels']}" if facts["level"] else "nobody"


def _checks(listed: Sequence[Row], now_chosen: Row, now: datetime, width: int, title: str) -> Table:
    wide = width >= WIDE
    table = _table("state", title, "now", "bounds", "since", *(["p95", "uptime"] if wide else []))
    for row in listed:
        _add(table, _cells(row.facts, now, wide=wide), row.facts["severity"], row.key == now_chosen.key)
    return table


def _cells(check: Json, now: datetime, *, wide: bool) -> tuple[str, ...]:
    main = check["reading"]
    shown = check.get("judged") or main
    late = " late" if check["overdue"] else ""
    cells = (
        f"{check['severity']}{late}",
        check["name"],
        _value(shown["value"], shown) if shown else "-",
        bounds(shown) if shown else "",
        age(check["since"], now),
    )
    if not wide:
        return cells
    return (
        *cells,
        _value(check["p95"], main) if main else "-",
        share(check["uptime"]) if check["uptime"] is not None else "-",
    )


def _value(value: float | None, reading: Json) -> str:
    return "-" if value is None else format_value(value, Unit(reading["unit"]))


def _add(table: Table, cells: Sequence[str], severity: str, is_chosen: bool) -> None:
    style = _STYLES.get(severity, "")
    painted = [line(cell, style if cell.startswith(severity) else "") for cell in cells]
    table.add_row(*painted, style="reverse" if is_chosen else "")


# --- What is known of one -----------------------------------------------------------------------------------------------


def _detail(row: Row) -> RenderableType:
    facts = row.facts
    said = [facts["explanation"] or "all is well", facts["hint"], facts.get("quiet") or facts.get("meanwhile") or ""]
    return Text("\n").join([line(text, "" if number == 0 else "dim") for number, text in enumerate(said)])


def _page(view: View, room: int) -> RenderableType:
    shown = view.page[view.scrolled : view.scrolled + room]
    return Text("\n").join([line(text) for text in shown])
