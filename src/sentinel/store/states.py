"""What must survive a restart, per check."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from sentinel.core.history import CheckState
from sentinel.store.codec import STATE, readable
from sentinel.store.tables import states
from sentinel.store.upsert import insert_into


class States:
    """The table of states, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, items: Iterable[CheckState]) -> None:
        """Keep these states; each replaces the one before."""
        rows = [{"check_name": s.check, "version": STATE.version, "body": STATE.encode(s)} for s in items]
        if not rows:
            return
        put = insert_into(self._connection, states)
        changed = {"version": put.excluded.version, "body": put.excluded.body}
        self._connection.execute(put.on_conflict_do_update(index_elements=["check_name"], set_=changed), rows)

    def all(self) -> dict[str, CheckState]:
        """The state of every check, by name."""
        rows = self._connection.execute(select(states).order_by(states.c.check_name))
        return {state.check: state for state in readable("states", rows, lambda row: row.check_name, _state)}

    def forget(self, check: str) -> None:
        """The check is gone from the plan."""
        self._connection.execute(delete(states).where(states.c.check_name == check))


def _state(row: Row[Any]) -> CheckState:
    return STATE.decode(row.body, row.version)
