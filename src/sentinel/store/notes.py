"""What the probes of checks noted for their next run."""

from collections.abc import Mapping

import orjson
import structlog
from sqlalchemy import Connection, delete, select

from sentinel.core.result import Note
from sentinel.store.codec import storable
from sentinel.store.tables import notes
from sentinel.store.upsert import insert_into

log = structlog.get_logger()


class Notes:
    """The table of notes, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, items: Mapping[str, Note]) -> None:
        """Keep these notes, by check; each replaces the one before."""
        rows = [{"check_name": check, "body": storable(orjson.dumps(note).decode())} for check, note in items.items()]
        if not rows:
            return
        put = insert_into(self._connection, notes)
        replaced = put.on_conflict_do_update(index_elements=["check_name"], set_={"body": put.excluded.body})
        self._connection.execute(replaced, rows)

    def all(self) -> dict[str, Note]:
        """Every note, by check. One that cannot be read is left out: its probe begins anew."""
        found: dict[str, Note] = {}
        for row in self._connection.execute(select(notes)):
            try:
                found[row.check_name] = orjson.loads(row.body)
            except ValueError:
                log.error("store.row_unreadable", table="notes", row=row.check_name, why="no JSON")
        return found

    def forget(self, check: str) -> None:
        """The check is gone from the plan."""
        self._connection.execute(delete(notes).where(notes.c.check_name == check))
