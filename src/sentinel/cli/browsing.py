"""What `sentinel top` shows and does next: decided by what was pressed and what there is. Draws nothing, asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sentinel.reports.text import Json, moment

#: Letters that can be typed into a line.
LONGEST = 200

#: Rows that a page up or down passes.
PAGE = 10


class Mode(StrEnum):
    """What keys mean now."""

    LIST = "list"
    FILTER = "filter"  # a part of a name is being typed
    REASON = "reason"  # why somebody takes an incident is being typed
    PAGE = "page"  # something is read


class Order(StrEnum):
    """Which checks come first."""

    URGENCY = "urgency"
    LATENESS = "lateness"  # the longest without a result, measured by its interval
    P95 = "p95"  # the slowest
    NAME = "name"


class Row(NamedTuple):
    """One line that can be chosen: an incident, or a check."""

    incident: int  # its number; 0: the row is a check
    check: str
    facts: Json

    @property
    def key(self) -> tuple[int, str]:
        """What stays the same while everything else of the row changes."""
        return self.incident, self.check


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody looks at."""

    mode: Mode = Mode.LIST
    order: Order = Order.URGENCY
    chosen: tuple[int, str] | None = None  # key of a row; None, or one that is gone: the first
    only: str = ""  # part of names, titles, tags and systems
    typed: str = ""
    about: int = 0  # number of the incident that is being taken
    page: tuple[str, ...] = ()  # lines that are being read
    scrolled: int = 0  # lines of it
    said: str = ""  # what became of the last thing that was asked for


class Leave(NamedTuple):
    """End."""


class Explain(NamedTuple):
    """Show everything that decides about a check or an incident."""

    what: str


class List(NamedTuple):
    """Show a list of another kind."""

    what: str  # of LISTS


class Acknowledge(NamedTuple):
    """Take an incident."""

    incident: int
    why: str


Deed = Leave | Explain | List | Acknowledge

#: Lists of another kind, by their keys.
LISTS = {"c": "channels", "o": "outbox"}


def rows(document: Json | None, view: View) -> list[Row]:
    """What is listed: open incidents, then checks."""
    if document is None:
        return []
    checks = {check["name"]: check for check in document["checks"]}
    incidents = [Row(row["id"], row["check"], row) for row in document["incidents"]]
    listed = [Row(0, name, check) for name, check in checks.items()]
    ordered = _ordered(listed, view.order, moment(document["at"]))
    return [row for row in (*incidents, *ordered) if _matches(row, checks.get(row.check, {}), view.only)]


def chosen(view: View, listed: Sequence[Row]) -> int:
    """Which row is chosen; 0 where that one is gone."""
    return next((number for number, row in enumerate(listed) if row.key == view.chosen), 0)


def press(view: View, key: str, listed: Sequence[Row]) -> tuple[View, Deed | None]:
    """What a key does; no key does nothing."""
    if not key:
        return view, None
    view = replace(view, said="")
    if key == "quit":
        return view, Leave()
    match view.mode:
        case Mode.LIST:
            return _in_list(view, key, listed)
        case Mode.PAGE:
            return _on_page(view, key), None
        case Mode.FILTER | Mode.REASON:
            return _on_line(view, key)


def _in_list(view: View, key: str, listed: Sequence[Row]) -> tuple[View, Deed | None]:
    if key in ("q", "Q"):
        return view, Leave()
    if key in _STEPS:
        return _moved(view, _STEPS[key], listed), None
    if key in LISTS:
        return view, List(LISTS[key])
    match key:
        case "/":
            return replace(view, mode=Mode.FILTER, typed=view.only), None
        case "escape":
            return replace(view, only=""), None
        case "s":
            orders = list(Order)
            return replace(view, order=orders[(orders.index(view.order) + 1) % len(orders)]), None
        case "a":
            return _taking(view, listed), None
        case "enter" if listed:
            row = listed[chosen(view, listed)]
            return view, Explain(str(row.incident or row.check))
        case _:
            return view, None


#: Rows that a key goes on, or back.
_STEPS = {
    "up": -1, "k": -1, "down": 1, "j": 1, "page up": -PAGE, "page down": PAGE, "home": -(10**9), "g": -(10**9),
    "end": 10**9, "G": 10**9,
}  # fmt: skip


def _moved(view: View, step: int, listed: Sequence[Row]) -> View:
    if not listed:
        return view
    number = min(max(chosen(view, listed) + step, 0), len(listed) - 1)
    return replace(view, chosen=listed[number].key)


def _taking(view: View, listed: Sequence[Row]) -> View:
    """Ask why, if an incident is chosen or a check that has one."""
    if listed:
        row = listed[chosen(view, listed)]
        number = row.incident or next((one.incident for one in listed if one.incident and one.check == row.check), 0)
        if number:
            return replace(view, mode=Mode.REASON, about=number, typed="")
    return replace(view, said="choose an incident: this check has none that is open")


def _on_page(view: View, key: str) -> View:
    if key in ("q", "Q", "escape", "enter"):
        return replace(view, mode=Mode.LIST, page=(), scrolled=0)
    most = max(0, len(view.page) - 1)
    return replace(view, scrolled=min(max(view.scrolled + _STEPS.get(key, 0), 0), most))


def _on_line(view: View, key: str) -> tuple[View, Deed | None]:
    done = replace(view, mode=Mode.LIST, typed="", about=0)
    if key == "escape":
        return done, None
    if key == "enter":
        typed = view.typed.strip()
        if view.mode is Mode.FILTER:
            return replace(done, only=typed), None
        return done, Acknowledge(view.about, typed) if typed else None
    typed = view.typed[:-1] if key == "backspace" else view.typed + (key if len(key) == 1 else "")
    return replace(view, typed=typed[:LONGEST]), None


def _ordered(listed: list[Row], order: Order, now: datetime) -> list[Row]:
    match order:
        case Order.URGENCY:
            return listed  # as the document has them
        case Order.LATENESS:
            return sorted(listed, key=lambda row: -_lateness(row.facts, now))
        case Order.P95:
            return sorted(listed, key=lambda row: -_slowness(row.facts))
        case Order.NAME:
            return sorted(listed, key=lambda row: row.check)


def _lateness(check: Json, now: datetime) -> float:
    """The age of the last result in intervals; before the first one there is none."""
    if not check["last_at"]:
        return float("inf") if check["overdue"] else 0.0
    return float((now - moment(check["last_at"])).total_seconds() / max(check["interval"], 1.0))


def _slowness(check: Json) -> float:
    """Seconds at the 95th percentile; what is not measured in seconds comes after all that is."""
    main = check["reading"]
    return float(check["p95"]) if main and main["unit"] == "s" and check["p95"] is not None else -1.0


def _matches(row: Row, check: Json, only: str) -> bool:
    known = (row.check, check.get("title", ""), check.get("system", ""), *check.get("tags", ()))
    return any(only.casefold() in str(word).casefold() for word in known)
