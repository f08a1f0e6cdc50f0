"""How many messages one recipient gets in a time: a bucket of tokens that fills steadily, one token for each message.

A part of the bucket is kept for what is urgent, so that a flood of warnings cannot use up what a critical incident needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Of a bucket, what only urgent messages may take.
RESERVE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most so many messages to one recipient in such a time, give or take what the bucket holds."""

    messages: int
    per: timedelta

    @property
    def pace(self) -> timedelta:
        """The time in which one token comes back."""
        return self.per / self.messages

    @property
    def reserve(self) -> int:
        """Tokens that are kept for urgent messages; of a budget of one message none can be."""
        return min(self.messages - 1, max(1, int(self.messages * RESERVE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The tokens that were there at a moment."""

    tokens: float
    at: datetime


def full(budget: Budget, now: datetime) -> Bucket:
    """As it is when nothing was sent for long."""
    return Bucket(tokens=float(budget.messages), at=now)


def filled(budget: Budget, bucket: Bucket, now: datetime) -> Bucket:
    """The bucket at a later moment. A clock that was put back adds nothing and takes nothing."""
    gained = max((now - bucket.at) / budget.pace, 0.0)
    return Bucket(tokens=min(float(budget.messages), bucket.tokens + gained), at=now)


def spent(bucket: Bucket, messages: int = 1) -> Bucket:
    """With that many tokens less. More than there are can be spent: then it takes longer until there are some."""
    return replace(bucket, tokens=bucket.tokens - messages)


def replayed(budget: Budget, sent: Iterable[datetime], now: datetime) -> Bucket:
    """The bucket as it must be after messages that were sent at these moments, in order: what a restart goes on from."""
    bucket: Bucket | None = None
    for at in sent:
        bucket = spent(filled(budget, bucket or full(budget, at), at))
    return filled(budget, bucket or full(budget, now), now)


def next_token(budget: Budget, bucket: Bucket, *, urgent: bool) -> datetime:
    """When there is a token for such a message; a moment that is over if there is one already."""
    needed = 1 if urgent else budget.reserve + 1
    # A hundredth of a token more: the division must not round to a moment at which the token is not quite there.
    return bucket.at + budget.pace * max(needed - bucket.tokens + 0.01, 0.0)
