"""Which configuration was in force when: reports say of a period by which ones it was judged."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from sentinel.store.moments import micros, moment
from sentinel.store.tables import meta

#: Facts of this name, with the time of the change behind it; as many digits each, so that they sort by time.
_PREFIX = "configuration."
_DIGITS = 18

#: Changes that are kept; the oldest go.
MOST = 500

_NEWEST_FIRST = (
    select(meta.c.name, meta.c.value)
    .where(meta.c.name.startswith(_PREFIX, autoescape=True))
    .order_by(meta.c.name.desc())
)


class Configurations:
    """The changes of the configuration, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, fingerprint: str, now: datetime) -> bool:
        """Write down what is in force from now on; False when it was in force already."""
        last = self._connection.execute(_NEWEST_FIRST.limit(1)).first()
        if last is not None and last.value == fingerprint:
            return False
        # After a clock that was ahead the change still comes last.
        at = max(micros(now), _at(last.name) + 1) if last else micros(now)
        self._connection.execute(insert(meta).values(name=f"{_PREFIX}{at:0{_DIGITS}}", value=fingerprint))
        if old := self._connection.execute(_NEWEST_FIRST.offset(MOST).limit(MOST)).scalars().all():
            self._connection.execute(delete(meta).where(meta.c.name.in_(old)))
        return True

    def between(self, since: datetime, until: datetime) -> Sequence[tuple[datetime, str]]:
        """When which configuration came into force in [since, until), by its fingerprint, the earliest first."""
        first, end = (f"{_PREFIX}{micros(at):0{_DIGITS}}" for at in (since, until))
        asked = select(meta.c.name, meta.c.value).where(meta.c.name >= first, meta.c.name < end)
        return [(moment(_at(row.name)), row.value) for row in self._connection.execute(asked.order_by(meta.c.name))]


def _at(name: str) -> int:
    return int(name.removeprefix(_PREFIX))
