"""What reports ask for, added up by the database: nothing here looks at results, or at messages one by one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, false, func, or_, select, true

from sentinel.core.accounts import ChannelAccount, Delivered, ToldAddress
from sentinel.core.incident import Address
from sentinel.core.notification import AT_MOST_ONCE, State
from sentinel.core.planned import Piece, Planned, Stretch, share_of
from sentinel.core.slo import SPAN, Rollup, combine
from sentinel.core.timeline import TimelineEntry
from sentinel.store.moments import EPOCH, micros, moment
from sentinel.store.names import Names, Word
from sentinel.store.rollups import HOUR, Rollups
from sentinel.store.tables import outbox, rollups, timeline

T = TypeVar("T")

_SECOND = timedelta(seconds=1)
_HOUR = HOUR // _SECOND

#: Of a longer time, how often a check went down is told by the hour.
_FINELY = timedelta(days=8)

#: Numbers that one statement names.
_AT_ONCE = 500

#: Of more checks than these, all are summed and those that nobody asked for left out.
_FEW = 500

#: What was told to people.
_TOLD = and_(
    outbox.c.state == State.SENT.value,
    outbox.c.kind.not_in([kind.value for kind in AT_MOST_ONCE]),
)


class Aggregates:
    """Sums over a period, within one transaction."""

    def __init__(self, connection: Connection, names: Names, rolled: Rollups) -> None:
        self._connection = connection
        self._names = names
        self._rollups = rolled

    # --- Time -------------------------------------------------------------------------------------------------------

    def grain(self, since: datetime) -> timedelta:
        """How finely the time from then on is known: by 5 minutes, or by hours where such roll-ups are not kept any more."""
        hours_until = self._hours_until()
        return HOUR if hours_until is not None and _down(since, HOUR) < hours_until else SPAN

    def planned(self, pieces: Iterable[Piece]) -> list[Planned]:
        """What the roll-ups say of the time in windows."""
        return [Planned(piece=piece, rollups=self.during(piece.stretch, piece.checks)) for piece in pieces]

    def during(self, stretch: Stretch, checks: Sequence[str]) -> dict[str, Rollup]:
        """What each of some checks did in a stretch that need not begin and end with a roll-up.

        Roll-ups that lie inside count whole. Of one that an end cuts, the time counts in proportion; its results, which
        cannot be told apart, do not count.
        """
        return self._during([stretch], checks)

    def whole(self, period: Stretch, checks: Sequence[str]) -> dict[str, Rollup]:
        """What checks did in a period that begins and ends with 5-minute roll-ups, by name.

        Where these are not kept any more, an hour that an end cuts counts as in `during`: days begin at half past in some zones.
        """
        if self.grain(period.since) == SPAN:
            return self._rollups.summed(*period)
        # The last hour by itself: of one that is not over, 5 minutes are kept, and to share it out would lose some of it.
        last = max(period.since, _down(period.until, HOUR))
        return self._during([Stretch(period.since, last), Stretch(last, period.until)], checks)

    def taken(self, pieces: Iterable[Piece], *, distribution: bool = True) -> dict[str, Rollup]:
        """What `planned` says of each check, all pieces together: in few statements, of hundreds of pieces too."""
        by_checks: dict[tuple[str, ...], list[Stretch]] = defaultdict(list)
        for piece in pieces:
            by_checks[piece.checks].append(piece.stretch)
        found: dict[str, Rollup] = {}
        for checks, stretches in by_checks.items():
            for name, rollup in self._during(stretches, checks, distribution=distribution).items():
                found[name] = combine(found[name], rollup) if name in found else rollup
        return found

    def _during(
        self, stretches: Iterable[Stretch], checks: Sequence[str], *, distribution: bool = True
    ) -> dict[str, Rollup]:
        hours_until = self._hours_until()
        wholes: list[Stretch] = []
        cut: dict[timedelta, dict[datetime, float]] = {HOUR: {}, SPAN: {}}
        for stretch in sorted(stretches):
            grain = HOUR if hours_until is not None and _down(stretch.since, HOUR) < hours_until else SPAN
            wholes.append(Stretch(_up(stretch.since, grain), _down(stretch.until, grain)))
            for start, share in _edges(stretch, grain):
                cut[grain][start] = cut[grain].get(start, 0.0) + share
        among = set(checks)
        wanted = checks if len(checks) <= _FEW else None
        inside = [one for one in wholes if one.since < one.until]
        summed = self._rollups.summed_over(inside, wanted, distribution=distribution)
        found = {name: whole for name, whole in summed.items() if name in among}
        for grain, shares in cut.items():
            for some in _parts(checks, _FEW):
                for rollup in self._rollups.at(shares, grain, some):
                    part = share_of(rollup, shares[rollup.start])
                    found[rollup.check] = combine(found[rollup.check], part) if rollup.check in found else part
        return found

    def _hours_until(self) -> datetime | None:
        """The start of the last hour of which only the sum is kept, and an hour more; None: 5 minutes are kept of all."""
        finest = select(func.min(rollups.c.start)).where(rollups.c.span == SPAN // _SECOND)
        earliest: int | None = self._connection.execute(finest).scalar_one()
        older = rollups.c.start < earliest // _HOUR * _HOUR if earliest is not None else true()
        last: int | None = self._connection.execute(
            select(func.max(rollups.c.start)).where(rollups.c.span == _HOUR, older)
        ).scalar_one()
        return None if last is None else EPOCH + last * _SECOND + HOUR

    def within(self, stretch: Stretch, checks: Sequence[str]) -> dict[str, Rollup]:
        """What each of some checks did in the roll-ups that lie wholly inside a stretch."""
        grain = self.grain(stretch.since)
        first, end = _up(stretch.since, grain), _down(stretch.until, grain)
        return self._rollups.summed(first, end, checks) if first < end else {}

    def spells(self, since: datetime, until: datetime, planned: Iterable[Piece] = ()) -> dict[str, int]:
        """How often each check went down in [since, until): roll-ups with time down after one without, or after a gap.

        Of more than a week these are roll-ups of an hour: a month of 1,000 checks has some 9 million of 5 minutes. Those that
        a piece of planned downtime touches do not count: else whatever restarts each night were the flakiest of all.
        """
        grain = (HOUR if until - since > _FINELY and self._has_hours(since, until) else self.grain(since)) // _SECOND
        before = rollups.alias("before")
        is_down_before = exists().where(
            before.c.span == grain,
            before.c.start == rollups.c.start - grain,
            before.c.check_id == rollups.c.check_id,
            before.c.down > 0,
        )
        inside = and_(rollups.c.start >= _seconds(since), rollups.c.start < _seconds(until))
        went_down = and_(rollups.c.span == grain, inside, rollups.c.down > 0, ~is_down_before)
        away = self._by_number(planned)
        if away:
            each = self._connection.execute(select(rollups.c.check_id, rollups.c.start).where(went_down))
            found = Counter(number for number, start in each if not _touched(away.get(number, ()), start, grain))
        else:
            asked = (
                select(rollups.c.check_id, func.count().label("times")).where(went_down).group_by(rollups.c.check_id)
            )
            found = Counter({row.check_id: row.times for row in self._connection.execute(asked)})
        return {self._names.word(self._connection, number): times for number, times in found.items()}

    def _by_number(self, planned: Iterable[Piece]) -> dict[int, list[Stretch]]:
        """By number of the check: what windows take of it."""
        found: dict[int, list[Stretch]] = defaultdict(list)
        for piece in planned:
            for name in piece.checks:
                number = self._names.find(self._connection, Word.CHECK, name)
                if number is not None:
                    found[number].append(piece.stretch)
        return dict(found)

    def _has_hours(self, since: datetime, until: datetime) -> bool:
        """Whether anything of a time was condensed."""
        inside = and_(rollups.c.start >= _seconds(since), rollups.c.start < _seconds(until))
        hour = exists().where(rollups.c.span == _HOUR, inside)
        return bool(self._connection.execute(select(hour)).scalar_one())

    # --- Incidents --------------------------------------------------------------------------------------------------

    def timelines(self, incidents: Collection[int], until: datetime) -> dict[int, list[TimelineEntry]]:
        """What happened to incidents before a moment, by their numbers, each in order."""
        found: dict[int, list[TimelineEntry]] = defaultdict(list)
        asked = select(timeline).where(timeline.c.at < micros(until)).order_by(timeline.c.at, timeline.c.id)
        for part in _parts(sorted(incidents)):
            for row in self._connection.execute(asked.where(timeline.c.incident.in_(part))):
                found[row.incident].append(_entry(row))
        return dict(found)

    # --- Telling ----------------------------------------------------------------------------------------------------

    def delivered(self, incidents: Collection[int], since: datetime, until: datetime) -> dict[int, Delivered]:
        """What people took of incidents, by their numbers."""
        inside = _between(outbox.c.sent_at, since, until)
        by_itself = and_(inside, outbox.c.carried_by.is_(None))
        asked = select(
            outbox.c.incident,
            func.sum(case((by_itself, 1), else_=0)).label("messages"),
            func.min(outbox.c.sent_at).label("first"),
        ).where(_TOLD, outbox.c.sent_at < micros(until))
        found = {}
        for part in _parts(sorted(incidents)):
            for row in self._connection.execute(asked.where(outbox.c.incident.in_(part)).group_by(outbox.c.incident)):
                found[row.incident] = Delivered(
                    incident=row.incident, messages=int(row.messages), first_at=moment(row.first)
                )
        return found

    def told(
        self, incidents: Collection[int], since: datetime, until: datetime, nights: Sequence[Stretch] = ()
    ) -> list[ToldAddress]:
        """Who took messages about incidents in [since, until), who took most first.

        Args:
            incidents: their numbers.
            since: aware.
            until: aware.
            nights: which times are night.
        """
        night = or_(false(), *(_between(outbox.c.sent_at, *one) for one in nights))
        asked = select(
            outbox.c.channel,
            outbox.c.recipient,
            func.count().label("messages"),
            func.count(outbox.c.incident.distinct()).label("incidents"),
            func.sum(case((night, 1), else_=0)).label("at_night"),
            func.min(outbox.c.sent_at).label("first"),
        ).where(_TOLD, outbox.c.carried_by.is_(None), _between(outbox.c.sent_at, since, until))
        found: dict[Address, ToldAddress] = {}
        for part in _parts(sorted(incidents)):
            chosen = asked.where(outbox.c.incident.in_(part)).group_by(outbox.c.channel, outbox.c.recipient)
            for row in self._connection.execute(chosen):
                one = _told(row)
                found[one.address] = _added(found[one.address], one) if one.address in found else one
        return sorted(found.values(), key=lambda one: (-one.messages, one.address))

    def by_channel(self, since: datetime, until: datetime) -> list[ChannelAccount]:
        """What became of everything that channels were given in [since, until), by name of the channel."""
        states: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
        inside = _between(outbox.c.created_at, since, until)
        late = case((outbox.c.state == State.SENT.value, outbox.c.sent_at - outbox.c.created_at))
        asked = select(
            outbox.c.channel,
            outbox.c.state,
            func.count().label("rows"),
            func.sum(case((outbox.c.attempts > 1, 1), else_=0)).label("retried"),
            func.sum(case((outbox.c.ambiguous > 0, 1), else_=0)).label("ambiguous"),
            func.sum(case((outbox.c.copied_at.is_not(None), 1), else_=0)).label("copied"),
            func.max(late).label("slowest"),
        ).where(inside)
        for row in self._connection.execute(asked.group_by(outbox.c.channel, outbox.c.state)):
            states[row.channel][row.state] = row
        causes = self._causes(inside)
        return [_account(name, found, causes.get(name, {})) for name, found in sorted(states.items())]

    def _causes(self, inside: ColumnElement[bool]) -> dict[str, dict[str, int]]:
        """By channel: why rows are dead."""
        asked = select(outbox.c.channel, outbox.c.reason, func.count().label("rows")).where(
            inside, outbox.c.state == State.DEAD.value
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self._connection.execute(
            asked.group_by(outbox.c.channel, outbox.c.reason).order_by(outbox.c.reason)
        ):
            found[row.channel][row.reason] = row.rows
        return found


def _touched(away: Iterable[Stretch], start: int, grain: int) -> bool:
    """Whether any of these stretches has to do with the roll-up of so many seconds that starts then."""
    first, end = EPOCH + start * _SECOND, EPOCH + (start + grain) * _SECOND
    return any(one.since < end and one.until > first for one in away)


def _told(row: Row[Any]) -> ToldAddress:
    return ToldAddress(
        address=Address(row.channel, row.recipient),
        messages=row.messages,
        incidents=row.incidents,
        at_night=int(row.at_night),
        first_at=moment(row.first),
    )


def _added(one: ToldAddress, other: ToldAddress) -> ToldAddress:
    """Two answers about the same address and different incidents."""
    return ToldAddress(
        address=one.address,
        messages=one.messages + other.messages,
        incidents=one.incidents + other.incidents,
        at_night=one.at_night + other.at_night,
        first_at=min(one.first_at, other.first_at),
    )


def _account(channel: str, states: Mapping[str, Row[Any]], causes: Mapping[str, int]) -> ChannelAccount:
    slowest = max((row.slowest for row in states.values() if row.slowest is not None), default=None)
    return ChannelAccount(
        channel=channel,
        states={state: row.rows for state, row in sorted(states.items())},
        retried=sum(int(row.retried) for row in states.values()),
        ambiguous=sum(int(row.ambiguous) for row in states.values()),
        copied=sum(int(row.copied) for row in states.values()),
        slowest=None if slowest is None else timedelta(microseconds=int(slowest)),
        causes=causes,
    )


def _entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(incident=row.incident, at=moment(row.at), kind=row.kind, by=row.by_whom, text=row.what)


def _between(column: ColumnElement[Any], since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(column >= micros(since), column < micros(until))


def _edges(stretch: Stretch, grain: timedelta) -> list[tuple[datetime, float]]:
    """The roll-ups that the ends of a stretch cut: when each starts, and which share of it lies inside."""
    starts = {_down(stretch.since, grain), _down(stretch.until, grain)}
    cut = []
    for start in sorted(starts):
        inside = min(stretch.until, start + grain) - max(stretch.since, start)
        if timedelta(0) < inside < grain:
            cut.append((start, inside / grain))
    return cut


def _down(at: datetime, grain: timedelta) -> datetime:
    return at - (at - EPOCH) % grain


def _up(at: datetime, grain: timedelta) -> datetime:
    return at + (EPOCH - at) % grain


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // _SECOND


def _parts(items: Sequence[T], size: int = _AT_ONCE) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
