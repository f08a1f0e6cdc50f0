"""Canaries: messages that prove now and then that a channel works, and what it means when one proves nothing for long."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentinel.core.cadence import slot

DAY = timedelta(days=1)

#: A channel that was tried and has taken nothing for so long is told of.
FAILING_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """When a channel is proved."""

    every: timedelta = DAY  # whole days where `at` is given
    at: time | None = None  # local time of day; None: spread over the clock by `every` alone
    zone: str = "UTC"  # IANA name
    silent_after: timedelta = 2 * DAY  # a channel without a success for so long is told of

    def due(self, now: datetime) -> datetime:
        """The latest moment, at or before `now`, at which a canary was due. UTC."""
        if self.at is None:
            return slot(now, self.every, timedelta(0))
        local = now.astimezone(ZoneInfo(self.zone))
        day = local.date() if local.timetz().replace(tzinfo=None) >= self.at else local.date() - DAY
        day -= timedelta(days=day.toordinal() % max(1, self.every // DAY))
        # A local time that a clock change skips is taken as the standard time it would have been (PEP 495).
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How one channel does."""

    channel: str  # its name
    last_success: datetime | None  # None: none is known
    deaf_since: datetime | None = None  # since when it was tried and took nothing
    why: str = ""  # the last attempt failed
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A channel that may not reach anybody."""

    channel: str
    since: datetime
    why: str  # in words


def doubts(proofs: Iterable[Proof], started_at: datetime, now: datetime) -> tuple[Doubt, ...]:
    """The channels that are told of through the others.

    Args:
        proofs: of the channels that tell people.
        started_at: when Sentinel started: a channel that was never proved counts from then.
        now: aware.
    """
    return tuple(_doubts(proofs, started_at, now))


def _doubts(proofs: Iterable[Proof], started_at: datetime, now: datetime) -> Iterator[Doubt]:
    for proof in proofs:
        proved = proof.last_success or started_at
        if proof.deaf_since is not None and now - proof.deaf_since > FAILING_FOR:
            why = f"has taken nothing since {_moment(proof.deaf_since)}" + (f" ({proof.why})" if proof.why else "")
            yield Doubt(channel=proof.channel, since=proof.deaf_since, why=why)
        elif proof.canary is not None and now - proved > proof.canary.silent_after:
            why = f"has had no message that arrived since {_moment(proved)}"
            yield Doubt(channel=proof.channel, since=proved, why=why)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
