"""What the auditor reads: all that waits, as it was committed. Every question is bounded and goes by an index."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select

from sentinel.core.auditor import Books, Stuck
from sentinel.core.incident import Address, Incident
from sentinel.core.notification import State
from sentinel.store.incidents import Incidents
from sentinel.store.moments import micros, moment
from sentinel.store.results import Results
from sentinel.store.tables import outbox

#: Open incidents that one round looks at, the oldest.
MOST_INCIDENTS = 20_000

#: Overdue rows that one round counts.
MOST_ROWS = 10_000

#: Of so many rows, the newest, it is asked whether they were sent lately.
RECENT = 10_000

#: Numbers that one statement names.
_AT_ONCE = 500

_UNDELIVERED = outbox.c.due_at.is_not(None)
_earlier = outbox.alias("earlier")


class Auditing:
    """The auditor's view of the tables, within one transaction."""

    def __init__(self, connection: Connection, incidents: Incidents, results: Results) -> None:
        self._connection = connection
        self._incidents = incidents
        self._results = results

    def books(self, now: datetime, patience: timedelta) -> Books:
        """What the store says now; deliveries that are overdue by `patience`."""
        opened = tuple(self._incidents.open(MOST_INCIDENTS))
        return Books(
            incidents=opened,
            rows=frozenset(self._rows(opened)),
            stuck=tuple(self._stuck(now, patience)),
            results=self._results.places(),
        )

    def _rows(self, incidents: Iterable[Incident]) -> Iterator[tuple[int, Address]]:
        numbers = sorted({incident.conversation for incident in incidents if incident.told})
        for start in range(0, len(numbers), _AT_ONCE):
            part = numbers[start : start + _AT_ONCE]
            asked = select(outbox.c.incident, outbox.c.channel, outbox.c.recipient).where(outbox.c.incident.in_(part))
            for row in self._connection.execute(asked.distinct()):
                yield row.incident, Address(row.channel, row.recipient)

    def _stuck(self, now: datetime, patience: timedelta) -> Iterator[Stuck]:
        """Rows that are due and that nobody tries, of channels where nobody tries anything else either.

        A channel that refuses is no lapse of ours: there attempts go on, and it is told of by itself.
        """
        late = micros(now - patience)
        waits = and_(
            outbox.c.state == State.QUEUED.value,
            outbox.c.due_at < late,
            outbox.c.channel.not_in(self._lively(now, patience)),
            ~_behind_another(),
        )
        lost = and_(outbox.c.state == State.SENDING.value, outbox.c.lease_until < late)
        overdue = select(outbox.c.channel, outbox.c.due_at).where(
            _UNDELIVERED, outbox.c.carried_by.is_(None), or_(waits, lost)
        )
        some = overdue.limit(MOST_ROWS).subquery()
        counted = select(some.c.channel, func.count().label("many"), func.min(some.c.due_at).label("since"))
        for row in self._connection.execute(counted.group_by(some.c.channel).order_by(some.c.channel)):
            yield Stuck(channel=row.channel, count=row.many, since=moment(row.since))

    def _lively(self, now: datetime, patience: timedelta) -> set[str]:
        """Channels where one row is on its way, or waits for its next try, or was sent lately."""
        trying = or_(
            and_(outbox.c.state == State.SENDING.value, outbox.c.lease_until >= micros(now)),
            and_(outbox.c.attempts > 0, outbox.c.due_at >= micros(now - patience)),
        )
        tried = select(outbox.c.channel).where(_UNDELIVERED, trying).distinct()
        newest: int = self._connection.execute(select(func.max(outbox.c.id))).scalar_one() or 0
        sent = select(outbox.c.channel).where(outbox.c.id > newest - RECENT, outbox.c.sent_at >= micros(now - patience))
        return {*self._connection.execute(tried).scalars(), *self._connection.execute(sent.distinct()).scalars()}


def _behind_another() -> ColumnElement[bool]:
    """Whether an earlier row of the same conversation and address has to go first."""
    ahead = select(literal(1)).where(
        _earlier.c.incident == outbox.c.incident,
        _earlier.c.channel == outbox.c.channel,
        _earlier.c.recipient == outbox.c.recipient,
        _earlier.c.id < outbox.c.id,
        _earlier.c.due_at.is_not(None),
    )
    return ahead.exists()
