"""What scenarios made and have not cleaned up yet."""

import orjson
from sqlalchemy import Connection, delete, select

from sentinel.core.ledger import LedgerEntry
from sentinel.store.moments import micros, moment
from sentinel.store.tables import ledger
from sentinel.store.upsert import insert_into


class Ledger:
    """The table of entries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, entry: LedgerEntry) -> None:
        """Write an entry down, in place of one with the same id."""
        put = insert_into(self._connection, ledger).values(
            id=entry.id,
            check_name=entry.check,
            at=micros(entry.at),
            known=orjson.dumps(dict(entry.values)).decode(),
        )
        changed = put.on_conflict_do_update(index_elements=["id"], set_={"known": put.excluded.known})
        self._connection.execute(changed)

    def strike(self, entry: LedgerEntry) -> None:
        """What it stands for is cleaned up."""
        self._connection.execute(delete(ledger).where(ledger.c.id == entry.id))

    def all(self) -> list[LedgerEntry]:
        """Every entry, the oldest first."""
        rows = self._connection.execute(select(ledger).order_by(ledger.c.at, ledger.c.id))
        return [
            LedgerEntry(id=row.id, check=row.check_name, values=orjson.loads(row.known), at=moment(row.at))
            for row in rows
        ]
