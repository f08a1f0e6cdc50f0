"""What goes out next through one channel: single messages, newer news in place of older, or many messages in one digest.

A Parcel is one call of the channel. It stands for one or more rows of the outbox: its carrier is the row whose message is
sent, and the others are carried by it, sent or not sent with it.

* Rows of one incident and recipient stand in line; only the first of a line can go.
* **Newer news in place of older.** When the first of a line has waited for `STALE` and cannot have arrived, the last of that
  line goes in its place and carries the others: after hours of silence the truth of now is what counts.
* **Digest.** When a recipient's budget does not allow every line a message of its own, those it has no room for go into one.
* What is urgent goes first, alone or in a digest.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from sentinel.base.units import format_duration
from sentinel.core.budget import Bucket, Budget, full
from sentinel.core.notification import AT_MOST_ONCE, ENDED, OF_DEPLOYMENTS, Kind, Message, News, Notification

#: What has waited so long to be sent for the first time is told by the newest news of its incident.
STALE = timedelta(seconds=60)

#: So long the last message that a budget allows waits for company: a storm comes over seconds, and what comes after the last
#: message has to wait for the next one.
GATHER = timedelta(seconds=5)

#: Rows that one digest stands for at most; more go into the next.
MOST_CARRIED = 10_000

#: What is told alone or not at all: a digest has no room for what it says.
ALONE = (
    frozenset(
        {Kind.COMMAND, Kind.COMMAND_PLANNED, Kind.COMMAND_ENDED, Kind.DIGEST, Kind.CANARY, Kind.REPORT, Kind.TEST}
    )
    | OF_DEPLOYMENTS
    | {Kind.ROLLBACK}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A queued row, as far as its place in the order needs it."""

    id: int
    recipient: str
    incident: int | None
    kind: Kind
    urgent: bool
    created_at: datetime
    may_have_arrived: bool  # an attempt was ambiguous, or it carries rows of such an attempt

    @property
    def alone(self) -> bool:
        """Whether no other row can stand for it, nor it be part of a digest."""
        return self.may_have_arrived or self.incident is None or self.kind in ALONE


#: The queued rows of one incident and recipient, in their order. The first is due.
Line = Sequence[Waiting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One call of the channel."""

    recipient: str
    carrier: int | None  # the row that is sent; None: a digest, which has still to be written
    carried: tuple[int, ...] = ()  # the other rows that it stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What goes out now, and whether something has to wait for the budget."""

    parcels: tuple[Parcel, ...]
    held: Mapping[str, bool]  # recipients who have to wait for a token -> whether something urgent waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """By what `pack` goes."""

    limit: int  # parcels at most
    budget: Budget | None = None  # of each recipient; None: as much as there is
    buckets: Mapping[str, Bucket] = field(
        default_factory=dict
    )  # filled up to now; a recipient without one has a full one

    def tokens(self, recipient: str, now: datetime) -> float:
        """How many messages a recipient may get at once; without a budget as many as there are."""
        return math.inf if self.budget is None else self.buckets.get(recipient, full(self.budget, now)).tokens


def pack(lines: Iterable[Line], by: Packing, now: datetime) -> Packed:
    """Decide what goes out now of what is due, given in the order in which it should go: urgent first."""
    by_recipient: dict[str, list[Line]] = {}
    for line in lines:
        by_recipient.setdefault(line[0].recipient, []).append(line)
    parcels: list[Parcel] = []
    held: dict[str, bool] = {}
    for recipient, theirs in by_recipient.items():
        if by.budget is None:
            parcels += (_single(line, now) for line in theirs)
            continue
        packed, waiting = _within(theirs, by.budget, by.tokens(recipient, now), now)
        parcels += packed
        if waiting:
            held[recipient] = any(line[0].urgent for line in waiting)
    return Packed(parcels=tuple(parcels[: by.limit]), held=held)


def _within(lines: Sequence[Line], budget: Budget, tokens: float, now: datetime) -> tuple[list[Parcel], list[Line]]:
    """What one recipient gets by the budget, and the lines that wait."""
    parcels: list[Parcel] = []
    left: list[Line] = []
    rest = [line for line in lines if line[0].kind not in AT_MOST_ONCE]
    parcels += (_single(line, now) for line in lines if line[0].kind in AT_MOST_ONCE)
    for number, line in enumerate(rest, start=1):
        floor = 0 if line[0].urgent else budget.reserve
        # The last token is for the digest of what is left, if something is left.
        is_all = number == len(rest) and not left and _may_be_the_last(line, budget, tokens - floor, now)
        if tokens - floor >= (1 if is_all else 2):
            parcels.append(_single(line, now))
            tokens -= 1
        else:
            left.append(line)
    return _digest(left, budget, tokens, parcels, now)


def _may_be_the_last(line: Line, budget: Budget, tokens: float, now: datetime) -> bool:
    """Whether a line may take what is left by itself."""
    return tokens >= 2 or budget.messages == 1 or now - line[0].created_at >= min(GATHER, budget.pace)


def _digest(
    left: list[Line], budget: Budget, tokens: float, parcels: list[Parcel], now: datetime
) -> tuple[list[Parcel], list[Line]]:
    """Put what has no token of its own into one message, if there is a token for that."""
    fitting, waiting = [line for line in left if not line[0].alone], [line for line in left if line[0].alone]
    if (
        not left
        or _gathers(left, budget, now)
        or tokens < 1
        or (tokens - budget.reserve < 1 and not any(line[0].urgent for line in left))
    ):
        return parcels, left
    if len(fitting) < 2:  # nothing to put together: the first of them takes the token
        return [*parcels, _single(left[0], now)], left[1:]
    rows = [row.id for line in fitting for row in _joinable(line)]
    parcels.append(Parcel(recipient=left[0][0].recipient, carrier=None, carried=tuple(rows[:MOST_CARRIED])))
    return parcels, waiting


def _gathers(left: Sequence[Line], budget: Budget, now: datetime) -> bool:
    """Whether what is left waits for company a little longer; the oldest decides."""
    oldest = min(line[0].created_at for line in left)
    return budget.messages > 1 and now - oldest < min(GATHER, budget.pace)


def _single(line: Line, now: datetime) -> Parcel:
    first = line[0]
    if first.alone or now - first.created_at < STALE:
        return Parcel(recipient=first.recipient, carrier=first.id)
    *older, newest = _joinable(line)
    return Parcel(recipient=first.recipient, carrier=newest.id, carried=tuple(row.id for row in older))


def _joinable(line: Line) -> Line:
    """The rows from the first on that can be told of together."""
    alone = next((number for number, row in enumerate(line) if row.alone), len(line))
    return line[: max(alone, 1)]


# --- The digest ------------------------------------------------------------------------------------------------------


def digest(messages: Sequence[Message], now: datetime) -> Message:
    """One message that stands for many, given in the order in which they came about: how each incident is now, what is
    urgent first."""
    newest: dict[object, Message] = {}
    for number, message in enumerate(messages):
        newest[message.incident.id if message.incident else -number] = message
    news = sorted(map(_news, newest.values()), key=_urgency)
    return Message(
        kind=Kind.DIGEST,
        at=now,
        source=messages[-1].source,
        severity=news[0].severity,
        news=tuple(news),
        others_count=len(messages),
        link=messages[-1].link,
    )


def digest_key(rows: Iterable[Notification]) -> str:
    """What identifies a digest to its receiver: made of the keys of the rows, and of how often each was tried.

    A digest that cannot have arrived is given up and put together anew; the new one must not count as the old one again.
    """
    identity = "\0".join(f"{row.key} {row.attempts}" for row in rows)
    return f"msg_{blake2b(identity.encode(), digest_size=16).hexdigest()}"


def _news(message: Message) -> News:
    check, incident, window = message.check, message.incident, message.window
    title = window.title if window is not None else message.title
    return News(
        kind=message.kind,
        at=message.at,
        check=check.name if check else "",
        title=check.title if check else title,
        incident=incident.id if incident else 0,
        severity=message.severity,
        explanation=_what_was(message),
    )


def _what_was(message: Message) -> str:
    """The message's explanation; of what is over, also how long it was."""
    incident = message.incident
    if message.kind not in ENDED or incident is None or incident.resolved_at is None:
        return message.explanation
    lasted = f"after {format_duration(incident.resolved_at - incident.began_at)}"
    return f"{lasted}; it was: {message.explanation}" if message.explanation else lasted


def _urgency(one: News) -> tuple[int, datetime]:
    return -one.severity.urgency, one.at
