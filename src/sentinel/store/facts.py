"""Facts about the store itself, by name."""

from sqlalchemy import Connection, select

from sentinel.store.tables import meta
from sentinel.store.upsert import insert_into


class Facts:
    """The table `meta`, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, name: str, value: str) -> None:
        """Write a fact down; it replaces the one of that name."""
        put = insert_into(self._connection, meta).values(name=name, value=value)
        self._connection.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def get(self, name: str) -> str | None:
        """The fact of that name."""
        found: str | None = self._connection.execute(
            select(meta.c.value).where(meta.c.name == name)
        ).scalar_one_or_none()
        return found
