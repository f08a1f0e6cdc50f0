"""The journal: what people and programs had Sentinel do, chained so that nothing can be changed or left out unseen."""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sentinel.core.access import Via

#: The deed of a Sentinel that begins to run.
START = "configuration.start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody did, or tried and was refused."""

    at: datetime  # UTC
    by: str  # who; a program by the name of its token
    via: Via
    action: str  # such as `incident.acknowledge`, `session.refused`
    subject: str  # what it was done to, such as `incident 12`; never a secret
    detail: str = ""  # one line, cleaned; never a secret, a body or a person's data


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A deed as the journal has it."""

    number: int  # from 1, without gaps
    deed: Deed
    mac: str  # of this entry and all before it; hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A place in the chain: an entry, and what follows it is chained to."""

    number: int
    mac: str


#: Before the first entry.
BEGINNING = Link(number=0, mac="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where the chain does not hold."""

    number: int  # of the entry
    why: str


def chained(before: Link, deed: Deed, key: bytes) -> Entry:
    """The next entry: its code is made of the code before it and of everything that it says."""
    number = before.number + 1
    return Entry(number=number, deed=deed, mac=_mac(before, number, deed, key))


def sealed(link: Link, key: bytes) -> str:
    """A code for a place in the chain, so that nobody without the key can say that it begins there."""
    return hmac.new(key, f"begins after {link.number} {link.mac}".encode(), sha256).hexdigest()


def named(name: str, deed: Deed, key: bytes) -> str:
    """The name of what has begun, with a code, so that nobody without the key can say that something has."""
    return f"{name}.{_code(['begun', name, *_told(deed)], key)}"


def is_ours(whole: str, deed: Deed, key: bytes) -> bool:
    """Whether `named` made this name, for this deed."""
    name, _, _ = whole.partition(".")
    return hmac.compare_digest(whole.encode(), named(name, deed, key).encode())


def first_break(after: Link, entries: Iterable[Entry], key: bytes) -> Break | Link:
    """The first entry that is not as it was written, or the end of the chain."""
    last = after
    for entry in entries:
        if entry.number != last.number + 1:
            missing = last.number + 1
            return Break(number=missing, why=f"entry {missing} is missing; {entry.number} comes next")
        if not hmac.compare_digest(entry.mac, _mac(last, entry.number, entry.deed, key)):
            return Break(number=entry.number, why="it is not as it was written, or another key wrote it")
        last = Link(number=entry.number, mac=entry.mac)
    return last


def _mac(before: Link, number: int, deed: Deed, key: bytes) -> str:
    return _code([before.mac, number, *_told(deed)], key)


def _told(deed: Deed) -> list[str]:
    return [deed.at.isoformat(), deed.by, deed.via.value, deed.action, deed.subject, deed.detail]


def _code(told: list[str | int], key: bytes) -> str:
    return hmac.new(key, json.dumps(told, ensure_ascii=True).encode(), sha256).hexdigest()
