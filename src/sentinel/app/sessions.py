"""Who is signed in. Answered from memory; the store has it too, so that a restart signs nobody out.

Each is kept under a seal, made with a key that the store does not have: whoever can only write there comes in as nobody.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from sentinel.base.clock import Clock
from sentinel.core.access import Access, Principal, Role, Via
from sentinel.store.database import Store, Transaction
from sentinel.store.sessions import StoredSession

#: Bytes of what a browser is given.
ID_BYTES = 32

#: Sessions at once, over all and of one person; the one that was unused for longest ends for a new one.
MOST, MOST_OF_ONE = 5_000, 20

#: That a session was used is written down when the last such note is older.
NOTED_AFTER = timedelta(minutes=1)


class Sessions:
    """The sessions of one Sentinel."""

    def __init__(self, store: Store, clock: Clock, access: Callable[[], Access], key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._access = access  # in force
        self._key = key  # for seals
        self._known: dict[str, StoredSession] = {}
        self._used: dict[str, datetime] = {}  # since it was last written down

    async def recall(self) -> None:
        """Know those again that were signed in before a restart."""
        found = await self._store.read(lambda tx: tx.sessions.all(MOST))
        self._known = {session.id: session for session in found}

    async def open(self, name: str, role: Role, via: Via, stamp: str) -> str:
        """Let somebody in; answers what their browser is to show from now on: a secret that stands nowhere else.

        Raises:
            StoreError: it cannot be written down.
        """
        shown, now = secrets.token_urlsafe(ID_BYTES), self._clock.now()
        begun = StoredSession(id=_hash(shown), name=name, via=via, role=role, stamp="", made_at=now, seen_at=now)
        session = replace(begun, stamp=self._seal(begun, stamp))
        crowded = self._crowded(name)

        def work(tx: Transaction) -> None:
            tx.sessions.save(session)
            tx.sessions.delete(crowded)

        await self._store.write(work)
        self._forget(crowded)
        self._known[session.id] = session
        return shown

    def find(self, shown: str) -> Principal | None:
        """Who shows this; None when the session has ended, or never was."""
        session = self._known.get(_hash(shown))
        if session is None or self._over(session):
            return None
        self._used[session.id] = self._clock.now()
        return Principal(name=session.name, role=session.role, via=session.via)

    async def close(self, shown: str) -> None:
        """Somebody signs out. It holds at once, whatever the store says."""
        id_ = _hash(shown)
        self._forget([id_])
        await self._store.write(lambda tx: tx.sessions.delete([id_]))

    async def look(self) -> None:
        """Write down which were used, and forget those that are over."""
        over = [session.id for session in self._known.values() if self._over(session)]
        seen = {id_: at for id_, at in self._used.items() if at - self._known[id_].seen_at >= NOTED_AFTER}
        if not over and not seen:
            return

        def work(tx: Transaction) -> None:
            tx.sessions.delete(over)
            for id_, at in seen.items():
                tx.sessions.seen(id_, at)

        await self._store.write(work)
        self._forget(over)
        for id_, at in seen.items():
            if id_ in self._known:
                self._known[id_] = replace(self._known[id_], seen_at=at)

    def _over(self, session: StoredSession) -> bool:
        """Whether it has ended: by time, or since who began it may not come in any more as they did."""
        access, now = self._access(), self._clock.now()
        seen = self._used.get(session.id, session.seen_at)
        if now - seen >= access.idle or now - session.made_at >= access.longest:
            return True
        begun_by = access.oidc if session.via is Via.OIDC else access.users.get(session.name)
        return begun_by is None or not hmac.compare_digest(self._seal(session, begun_by.stamp), session.stamp)

    def _seal(self, session: StoredSession, stamp: str) -> str:
        """Holds as long as the session is as it was begun, and so is what decides who may (`stamp`)."""
        told = (session.id, session.name, session.via.value, session.role.label, session.made_at.isoformat(), stamp)
        return hmac.new(self._key, repr(("session", *told)).encode("utf-8", "backslashreplace"), sha256).hexdigest()

    def _crowded(self, name: str) -> list[str]:
        """Those that end for a new one of this person."""
        oldest = sorted(self._known.values(), key=lambda one: self._used.get(one.id, one.seen_at))
        own = [one.id for one in oldest if one.name == name]
        few = own[: max(len(own) - MOST_OF_ONE + 1, 0)]
        return few or ([oldest[0].id] if len(oldest) >= MOST else [])

    def _forget(self, ids: list[str]) -> None:
        for id_ in ids:
            self._known.pop(id_, None)
            self._used.pop(id_, None)


def _hash(shown: str) -> str:
    return sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()
