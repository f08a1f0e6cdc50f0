"""Where the parts of a service stand in what it says of itself.

Known shapes: an object of objects or words under `components` (Spring's actuator, and many by hand), `entries` or `results`
(ASP.NET), `details` (NestJS), `services` or `dependencies`; objects or lists of objects under `checks` (MicroProfile, and
the draft of application/health+json); or words beside each other at the top.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sentinel.probes.health.words import Word, is_known

_CONTAINERS: Final = ("components", "checks", "entries", "results", "services", "dependencies", "details")
_STATES: Final = ("status", "state", "health", "healthy", "ok", "up")  # where an object says how it is
_MOST_PARTS: Final = 100
_MOST_WORDS: Final = 100  # of one part that is a list

#: What may be a name that people gave to a part, and so may be shown.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,49}")

Said = Sequence[Word]


def said_by(value: Any) -> Said:
    """How a part says it is: by a word, true or false, itself or under its `status`. A list of several says several things."""
    if isinstance(value, list):
        return [word for element in islice(value, _MOST_WORDS) for word in _of_one(element)]
    return list(_of_one(value))


def parts_of(document: Any) -> dict[str, Said]:
    """The parts with what they say, by name; empty when none is found. What is no part, such as a version, is left out."""
    if not isinstance(document, dict):
        return {}
    for container in _CONTAINERS:
        if found := _named(document.get(container)):
            return found
    return {
        name: said
        for name, said in _from_members(document).items()
        if name not in _STATES and not any(isinstance(word, bool) for word in said)  # `debug: false` is no part
    }


def part(document: Any, name: str) -> Said:
    """What one part says, wherever it stands; nothing when it is not there."""
    if not isinstance(document, dict):
        return []
    for container in _CONTAINERS:
        within = document.get(container)
        members = within if isinstance(within, dict) else dict(_from_list(within))
        if name in members:
            return said_by(members[name])
    return said_by(document.get(name))


def _of_one(value: Any) -> Iterator[Word]:
    if isinstance(value, str | bool):
        yield value
    elif isinstance(value, dict):
        word = next((value[key] for key in _STATES if isinstance(value.get(key), str | bool)), None)
        if word is not None:
            yield word


def _named(container: Any) -> dict[str, Said]:
    members = container if isinstance(container, dict) else dict(_from_list(container))
    return _from_members(members)


def _from_list(container: Any) -> Iterator[tuple[str, Any]]:
    """The elements by their own names."""
    for element in islice(container, _MOST_PARTS) if isinstance(container, list) else ():
        if isinstance(element, dict) and isinstance(element.get("name"), str):
            yield element["name"], element


def _from_members(members: Mapping[str, Any]) -> dict[str, Said]:
    found = ((name, said) for name, value in members.items() if (said := _as_part(value)))
    return {_shown(name, number): said for number, (name, said) in enumerate(islice(found, _MOST_PARTS), 1)}


def _as_part(value: Any) -> Said:
    """What a part says; nothing when it may be none: a bare text that is not about how something is."""
    said = said_by(value)
    return said if isinstance(value, dict | list) or all(is_known(word) for word in said) else []


def _shown(name: str, number: int) -> str:
    return name if _NAME.fullmatch(name) else f"part {number}"
