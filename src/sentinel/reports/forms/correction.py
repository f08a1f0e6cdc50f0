"""What a later making of a report says otherwise: in words, from the JSON of both."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

#: Differences that are named; more are counted.
MOST_NAMED: Final = 6

#: Rows that one difference names.
_MOST_ROWS: Final = 5

#: What says when and by what a report was made, and how finely it could be drawn; nothing about what happened.
ABOUT_MAKING: Final = frozenset({"format", "version", "made_at", "config", "course"})

#: Papers that are about one part alone. The figures of checks beside it are drawn there and no more, and go on to change for some
#: minutes: roll-ups reach over the end of a deployment.
_PARTS: Final = ("deployment", "deployment_review")

_KEYS: Final = ("id", "name", "check", "window", "channel", "title", "table")


def said(document: Json) -> Json:
    """What a report says of what happened, without what is only about its making."""
    part = next((name for name in _PARTS if document.get(name) is not None), None)
    if part is not None:
        return {name: document[name] for name in ("source", "name", "period", part)}
    return {name: value for name, value in document.items() if name not in ABOUT_MAKING}


def differences(old: Json, new: Json) -> tuple[str, ...]:
    """What the new document says otherwise: `uptime 0.999 instead of 1.0`, `checks: health, login`."""
    found = list(_differences(old, said(new)))
    more = len(found) - MOST_NAMED
    return (*found[:MOST_NAMED], f"and {more} more") if more > 0 else tuple(found)


def _differences(old: Json, new: Json, within: str = "") -> Iterator[str]:
    for name in new:
        if old.get(name) == new[name]:
            continue
        before, now = old.get(name), new[name]
        words = f"{within}{name.replace('_', ' ')}"
        if isinstance(now, list):
            yield f"{words}: {_rows(before if isinstance(before, list) else [], now)}"
        elif isinstance(now, Mapping) and isinstance(before, Mapping):
            yield from _differences(before, now, f"{words} ")
        elif isinstance(now, Mapping) or isinstance(before, Mapping | list):
            yield words
        else:
            yield f"{words} {_shown(now)} instead of {_shown(before)}"


def _rows(old: list[Any], new: list[Any]) -> str:
    before, now = _named(old), _named(new)
    changed = [name for name in now if before.get(name) != now[name]] + [
        f"no {name}" for name in before if name not in now
    ]
    if not changed:
        return "another order"
    more = f" and {len(changed) - _MOST_ROWS} more" if len(changed) > _MOST_ROWS else ""
    return ", ".join(changed[:_MOST_ROWS]) + more


def _named(rows: list[Any]) -> dict[str, Any]:
    return {_name(row, number): row for number, row in enumerate(rows)}


def _name(row: Any, number: int) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    whole = row["line"] if isinstance(row.get("line"), Mapping) else row
    found = next((whole[key] for key in _KEYS if whole.get(key) not in (None, "")), number + 1)
    return f"#{found}" if isinstance(found, int) else str(found)


def _shown(value: object) -> str:
    return "nothing" if value is None or value == "" else f"{value:.6g}" if isinstance(value, float) else str(value)
