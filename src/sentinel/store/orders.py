"""Orders: rows of the outbox that are begun at most once, asked for by their keys.

Rule 1: of one key there is one row, whoever asks for it and however often. Only while no attempt was begun can it be given anew,
such as for another time, after it was called off, or where a reload has taken its channel away.
Rule 2: an order is called off only while it has not begun, in one statement: who comes late learns that it runs.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select, update

from sentinel.core.notification import Cause, Notification, State
from sentinel.store.rows import notifications, values
from sentinel.store.tables import outbox
from sentinel.store.upsert import insert_into


class Orders:
    """The orders of the outbox, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, keys: Collection[str]) -> dict[str, Notification]:
        """The orders of these keys, at most some hundreds; a key that was never ordered is left out."""
        asked = select(outbox).where(outbox.c.key.in_(sorted(keys)))
        return {row.key: row for row in notifications(self._connection.execute(asked))}

    def put(self, order: Notification) -> bool:
        """Give an order, or give it anew as long as it has not begun; False, and nothing changed, where it has."""
        new = values(order)
        put = insert_into(self._connection, outbox).values(new).on_conflict_do_nothing().returning(outbox.c.id)
        if self._connection.execute(put).one_or_none() is not None:
            return True
        # A reload may have taken its channel away before anybody began.
        buried = (outbox.c.state == State.DEAD.value) & (outbox.c.reason == Cause.CHANNEL_REMOVED.value)
        waits = outbox.c.state.in_([State.QUEUED.value, State.CANCELLED.value])
        unbegun = (waits | buried) & (outbox.c.attempts == 0)
        again = update(outbox).where(outbox.c.key == order.key, unbegun).values(new)
        return bool(self._connection.execute(again).rowcount)

    def call_off(self, key: str) -> Notification | None:
        """Call an order off, and answer it; None, and nothing changed, when it has begun, or was never given."""
        waiting = (outbox.c.key == key) & (outbox.c.state == State.QUEUED.value) & (outbox.c.attempts == 0)
        gone: dict[str, Any] = {"state": State.CANCELLED.value, "due_at": None}
        changed = self._connection.execute(update(outbox).where(waiting).values(gone).returning(*outbox.c))
        return next(iter(notifications(changed)), None)
