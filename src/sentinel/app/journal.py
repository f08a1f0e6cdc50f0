"""The journal of a running Sentinel: what people and programs had it do, before it is done and after.

A deed is taken down before it is done, and goes into the chain when it is: so nothing is done that the journal could not hold
(NIST SP 800-53, AU-5), and what a crash cut in two is there with a word about it. The key that chains it stands in a file of
its own, and so does the end of the chain: whoever can only write into the store can neither change an entry nor cut off the
last ones.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from sentinel.base.errors import SentinelError, StoreError
from sentinel.core.access import Via
from sentinel.core.journal import BEGINNING, Break, Deed, Entry, Link, first_break, is_ours, sealed
from sentinel.core.plan import Plan
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Bytes of the key.
KEY_BYTES = 32

#: Entries that are looked at in one transaction.
AT_ONCE = 2_000

#: Entries that one answer holds at most.
MOST_ROWS = 5_000

#: What was begun so long ago and has not ended was cut off by a crash.
UNFINISHED_AFTER = timedelta(minutes=10)


class NoKey(SentinelError):
    """The key of the journal cannot be read or made."""

    exit_code = 74
    hint = "the file has to be readable by the user that Sentinel runs as, and by nobody else"


class Pen:
    """Writes about one deed while it is done."""

    def __init__(self, deed: Deed) -> None:
        self.deed = deed
        self.withdrawn = False

    def withdraw(self) -> None:
        """It was refused, and changed nothing: the journal has nothing to tell."""
        self.withdrawn = True

    def say(self, *, subject: str = "", detail: str = "") -> None:
        """What it was done to, or one line about it, once that is known."""
        self.deed = replace(self.deed, subject=subject or self.deed.subject, detail=detail or self.deed.detail)


class Journal:
    """The journal of one store."""

    def __init__(self, store: Store, key_file: Path, now: Callable[[], datetime]) -> None:
        self._store = store
        self._key_file = key_file
        self._end_file = end_file(key_file)
        self._key = read_key(key_file)
        self._end = read_end(self._end_file) or BEGINNING  # the last entry that is known to have been written
        self._now = now

    async def note(self, deed: Deed) -> None:
        """Write down what has happened; answers after the commit. Raises StoreError."""
        entry = await self._store.write(lambda tx: tx.journal.append(deed, self._key, self._end))
        self._remember(entry)

    @asynccontextmanager
    async def doing(self, deed: Deed) -> AsyncIterator[Pen]:
        """Write down what is done within. What raises, or is withdrawn, was not done.

        Raises:
            StoreError: it cannot be written down, so it is not to be done.
        """
        random, pen = secrets.token_hex(16), Pen(deed)
        name = await self._store.write(lambda tx: tx.journal.intend(random, deed, self._key))
        try:
            yield pen
        except StoreError:
            pen.say(detail=f"{deed.detail} (the store did not confirm it in time)".strip())
            raise
        except SentinelError:
            pen.withdraw()
            raise
        except asyncio.CancelledError:
            pen.say(detail=f"{deed.detail} (whoever asked went away before it was done)".strip())
            raise
        except Exception:
            pen.say(detail=f"{deed.detail} (it failed half-way; see the log)".strip())
            raise
        finally:
            await self._close(name, pen)

    async def between(self, since: datetime, until: datetime, by: str = "") -> Sequence[Entry]:
        """The entries of [since, until), the newest first; bounded."""
        return await self._store.read(lambda tx: tx.journal.between(since, until, by, MOST_ROWS))

    async def verify(self) -> Break | Link:
        """The first entry that is not as it was written, or the end of the chain."""
        return await verify(self._store, self._key_file)

    async def settle(self) -> None:
        """Put what was begun and cut off into the chain, with a word that nobody knows how it ended."""

        def work(tx: Transaction) -> Entry | None:
            last = None
            for name, deed in tx.journal.unfinished().items():
                if not is_ours(name, deed, self._key):
                    told = _forged(self._now())
                elif deed.at <= self._now() - UNFINISHED_AFTER:
                    told = replace(deed, detail=f"{deed.detail} (begun; Sentinel ended before it was done)".strip())
                else:
                    continue
                last = tx.journal.fulfil(name, told, self._key, self._end) or last
            return last

        entry = await self._store.write(work)
        if entry is not None:
            self._remember(entry)

    async def purge(self, before: datetime) -> None:
        """Delete what is too old; the rest can still be verified."""
        while await self._store.write(lambda tx: tx.journal.purge(before, AT_ONCE, self._key)) == AT_ONCE:
            pass

    async def _close(self, name: str, pen: Pen) -> None:
        try:
            if pen.withdrawn:
                await self._store.write(lambda tx: tx.journal.withdraw(name))
                return
            entry = await self._store.write(lambda tx: tx.journal.fulfil(name, pen.deed, self._key, self._end))
        except StoreError as error:
            # It is done, and stands among what has begun: `settle` brings it into the chain.
            log.error("journal.not_closed", action=pen.deed.action, why=str(error))
            return
        if entry is not None:
            self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        """Write the end of the chain beside the key. A crash in between leaves an older end there, which holds as well."""
        if entry.number <= self._end.number:
            return  # two were committed at once, and the later one was told first
        self._end = Link(number=entry.number, mac=entry.mac)
        try:
            write_end(self._end_file, self._end)
        except OSError as error:
            log.error("journal.end_not_written", file=str(self._end_file), why=error.strerror)


def _forged(now: datetime) -> Deed:
    """What is told of something that somebody else put among what has begun."""
    told = "stood among what had begun, and Sentinel did not write it; it was put away"
    return Deed(at=now, by="", via=Via.HOST, action="journal.forged", subject="journal", detail=told)


def key_file(plan: Plan) -> Path:
    """Where the key of a Sentinel's journal stands."""
    return plan.journal_key or plan.web.socket.with_name("journal.key")


def end_file(key: Path) -> Path:
    """Where the end of the chain stands."""
    return key.with_name("journal.end")


def read_key(file: Path) -> bytes:
    """The key; it is made where there is none.

    Raises:
        NoKey: it cannot be read or made.
    """
    with suppress(FileNotFoundError):
        return _known_key(file)
    made = secrets.token_hex(KEY_BYTES)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
            opened.write(f"{made}\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise NoKey(f"the journal's key {file} cannot be made: {error.strerror}") from error
    return bytes.fromhex(made)


def _known_key(file: Path) -> bytes:
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise NoKey(f"the journal's key {file} cannot be read: {getattr(error, 'strerror', '') or 'no key'}") from error
    if len(key) != KEY_BYTES:
        raise NoKey(f"the journal's key {file} is no key: it has {len(key)} bytes and not {KEY_BYTES}")
    return key


def write_end(file: Path, end: Link) -> None:
    """Keep the end of the chain; the file is whole at every moment."""
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write(f"{end.number} {end.mac}\n")
    new.replace(file)


def read_end(file: Path) -> Link | None:
    """The end of the chain as the file has it; None when it has none."""
    try:
        number, mac = file.read_text(encoding="ascii").split()
        return Link(number=int(number), mac=mac)
    except (OSError, ValueError):
        return None


async def verify(store: Store, key: Path) -> Break | Link:
    """Go along the chain of a store, from its beginning to its end.

    Raises:
        NoKey, StoreError.
    """
    secret = _existing(key)
    end = read_end(end_file(key))  # before the entries: whatever is written meanwhile comes behind it
    at, seal = await store.read(lambda tx: tx.journal.beginning())
    if seal != (sealed(at, secret) if at.number else ""):
        return Break(number=at.number + 1, why="what stood before it was taken away, and not by Sentinel")
    while True:
        entries = await store.read(lambda tx, at=at: tx.journal.after(at.number, AT_ONCE))  # type: ignore[misc]
        found = first_break(at, entries, secret)
        if isinstance(found, Break):
            return found
        if len(entries) < AT_ONCE:
            return _with_end(found, end)
        at = found


def _existing(key: Path) -> bytes:
    try:
        return _known_key(key)
    except FileNotFoundError:
        raise NoKey(f"there is no journal yet: {key} does not exist") from None


def _with_end(last: Link, end: Link | None) -> Break | Link:
    """The end of the chain, unless it ends before the last entry that is known to have been written."""
    if end is not None and end.number > last.number:
        return Break(number=last.number + 1, why=f"the last entries are missing: {end.number} were written")
    return last
