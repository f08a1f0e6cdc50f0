"""Who is signed in, so that a restart signs nobody out. What the browser has stands here only as a hash."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from sentinel.core.access import Role, Via
from sentinel.store.codec import storable
from sentinel.store.moments import micros, moment
from sentinel.store.tables import sessions
from sentinel.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """Somebody who is signed in."""

    id: str  # SHA-256 of what the browser has, hexadecimal
    name: str
    via: Via
    role: Role
    stamp: str
    made_at: datetime
    seen_at: datetime


class SessionTable:
    """The table of sessions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, session: StoredSession) -> None:
        values = {
            "name": storable(session.name),
            "via": session.via.value,
            "role": session.role.value,
            "stamp": session.stamp,
            "made_at": micros(session.made_at),
            "seen_at": micros(session.seen_at),
        }
        put = insert_into(self._connection, sessions).values(id=session.id, **values)
        self._connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=values))

    def seen(self, id_: str, at: datetime) -> None:
        """Somebody used it."""
        self._connection.execute(update(sessions).where(sessions.c.id == id_).values(seen_at=micros(at)))

    def delete(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._connection.execute(delete(sessions).where(sessions.c.id == id_))

    def all(self, limit: int) -> list[StoredSession]:
        """Everybody, who was here last first; at most `limit`."""
        return [
            _session(row)
            for row in self._connection.execute(select(sessions).order_by(sessions.c.seen_at.desc()).limit(limit))
        ]


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        id=row.id,
        name=row.name,
        via=Via(row.via),
        role=Role(row.role),
        stamp=row.stamp,
        made_at=moment(row.made_at),
        seen_at=moment(row.seen_at),
    )
