"""The journal, a chain of entries. What has begun and is not over stands beside it, and goes in when it is done."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from sentinel.core.access import Via
from sentinel.core.journal import BEGINNING, Deed, Entry, Link, chained, named, sealed
from sentinel.store.codec import storable
from sentinel.store.facts import Facts
from sentinel.store.moments import micros, moment
from sentinel.store.tables import intents, journal
from sentinel.store.upsert import insert_into

#: The fact that says after which entry the journal begins, since those before were too old to keep.
_ANCHOR: Final = "journal.begins"

#: Intents that are read at once; as many as could be under way.
_MOST_INTENTS: Final = 1_000

_VIAS: Final = frozenset(via.value for via in Via)


class JournalTable:
    """The tables of the journal, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._facts = Facts(connection)

    def append(self, deed: Deed, key: bytes, known: Link = BEGINNING) -> Entry:
        """Put a deed at the end of the chain.

        Args:
            deed: what was done.
            key: of the chain.
            known: an entry that was written. Where the store ends before it somebody has cut the last entries off: the chain goes
                on behind them, so that what is missing stays missing.
        """
        last = self.last()
        entry = chained(last if last.number >= known.number else known, _clean(deed), key)
        self._connection.execute(insert(journal).values(id=entry.number, mac=entry.mac, **_values(entry.deed)))
        return entry

    def intend(self, name: str, deed: Deed, key: bytes) -> str:
        """Take down what is about to be done; answers by which name it is found again."""
        whole = named(name, _clean(deed), key)
        put = insert_into(self._connection, intents).values(key=whole, **_values(_clean(deed)))
        self._connection.execute(put.on_conflict_do_nothing(index_elements=["key"]))
        return whole

    def fulfil(self, name: str, deed: Deed, key: bytes, known: Link = BEGINNING) -> Entry | None:
        """It is done: it goes into the chain. None when it is there already, since a commit whose answer was lost is tried again.

        Somebody else may have taken it out of what has begun: it goes into the chain all the same.
        """
        if not self.withdraw(name) and self._has(_clean(deed)):
            return None
        return self.append(deed, key, known)

    def withdraw(self, name: str) -> bool:
        """It was not done; answers whether it was about to be."""
        return self._connection.execute(delete(intents).where(intents.c.key == name)).rowcount == 1

    def _has(self, deed: Deed) -> bool:
        wanted = [journal.c[name] == value for name, value in _values(deed).items()]
        return self._connection.execute(select(journal.c.id).where(*wanted).limit(1)).first() is not None

    def unfinished(self) -> dict[str, Deed]:
        """What has begun and is not over, by name, the oldest first."""
        found = self._connection.execute(select(intents).order_by(intents.c.at).limit(_MOST_INTENTS))
        return {row.key: _deed(row) for row in found}

    def last(self) -> Link:
        """The end of the chain."""
        newest = select(journal.c.id, journal.c.mac).order_by(journal.c.id.desc()).limit(1)
        row = self._connection.execute(newest).first()
        return self.beginning()[0] if row is None else Link(number=row.id, mac=row.mac)

    def beginning(self) -> tuple[Link, str]:
        """What the first entry that is kept is chained to, and the seal that says so; no seal where nothing was deleted."""
        fact = self._facts.get(_ANCHOR)
        if fact is None:
            return BEGINNING, ""
        number, mac, seal = [*fact.split(" "), "", ""][:3]
        return Link(number=int(number) if number.isdecimal() else 0, mac=mac), seal

    def after(self, number: int, limit: int) -> list[Entry]:
        """The entries behind a number, in the order of the chain; at most `limit`."""
        asked = select(journal).where(journal.c.id > number).order_by(journal.c.id).limit(limit)
        return list(_entries(self._connection.execute(asked)))

    def between(self, since: datetime, until: datetime, by: str = "", limit: int = 1_000) -> list[Entry]:
        """The entries of [since, until), of one person or program where `by` is not empty, the newest first."""
        asked = select(journal).where(journal.c.at >= micros(since), journal.c.at < micros(until))
        if by:
            asked = asked.where(journal.c.by_whom == storable(by))
        return list(_entries(self._connection.execute(asked.order_by(journal.c.id.desc()).limit(limit))))

    def purge(self, before: datetime, limit: int, key: bytes) -> int:
        """Delete at most `limit` entries from before a moment, the oldest first. The newest stays. The rest of the chain holds
        on to the last one that was deleted, sealed with the key."""
        oldest = select(journal.c.id, journal.c.at, journal.c.mac).order_by(journal.c.id).limit(limit)
        rows = self._connection.execute(oldest).all()
        newest = self._connection.execute(select(func.max(journal.c.id))).scalar_one()
        link: Link | None = None
        for row in rows:  # a clock that stepped may have written them out of order
            if row.at >= micros(before) or row.id == newest:
                break
            link = Link(number=row.id, mac=row.mac)
        if link is None:
            return 0
        self._facts.put(_ANCHOR, f"{link.number} {link.mac} {sealed(link, key)}")
        return self._connection.execute(delete(journal).where(journal.c.id <= link.number)).rowcount


def _clean(deed: Deed) -> Deed:
    """The deed as the store can hold it; its code is made of this."""
    return Deed(
        at=moment(micros(deed.at)),
        by=storable(deed.by),
        via=deed.via,
        action=storable(deed.action),
        subject=storable(deed.subject),
        detail=storable(deed.detail),
    )


def _values(deed: Deed) -> Mapping[str, Any]:
    return {
        "at": micros(deed.at),
        "by_whom": deed.by,
        "via": deed.via.value,
        "action": deed.action,
        "subject": deed.subject,
        "detail": deed.detail,
    }


def _entries(rows: Iterable[Row[Any]]) -> Iterator[Entry]:
    return (Entry(number=row.id, deed=_deed(row), mac=row.mac) for row in rows)


def _deed(row: Row[Any]) -> Deed:
    """A deed. A word that only somebody else can have written as its way in breaks the chain, not the reading."""
    known = row.via in _VIAS
    return Deed(
        at=moment(row.at),
        by=row.by_whom,
        via=Via(row.via) if known else Via.NOBODY,
        action=row.action,
        subject=row.subject,
        detail=row.detail if known else f"{row.detail} (came in by {row.via!r}, which is not known)",
    )
