"""When a check is due: a fixed grid per interval, moved by a phase that is a stable hash of the check's name.

A slot is a point of that grid. It is computed from the wall clock, never counted, so that a restart, a late run or a step of
the clock neither shifts the grid nor lets a slot pass twice.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sentinel.core.check import Check

#: Phases lie at least so far apart.
FINEST = timedelta(milliseconds=100)

#: A timer per phase is kept, so there are not arbitrarily many.
MOST_PHASES = 600

#: A slot that comes no later than this after a recheck would, does its work.
NEAR_A_SLOT = timedelta(seconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def phase(key: str, interval: timedelta, steps: int) -> timedelta:
    """Where on its interval a check with that key starts: one of `steps` evenly spaced offsets, the same after every restart."""
    digest = int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
    return interval * (digest % steps) / steps


def steps(interval: timedelta) -> int:
    """Into how many phases an interval is divided: none shorter than `FINEST`, and no more than `MOST_PHASES`.

    It depends on the interval alone, so that adding a check moves no other.
    """
    return max(1, min(MOST_PHASES, interval // FINEST))


def offset(check: Check) -> timedelta:
    """The phase of a check. Those that share what they ask of their target have the same."""
    return phase(check.shares or check.name, check.interval, steps(check.interval))


def slot(now: datetime, interval: timedelta, offset: timedelta) -> datetime:
    """The latest slot at or before `now`."""
    elapsed = now - _EPOCH - offset
    return _EPOCH + offset + interval * (elapsed // interval)


def next_slot(now: datetime, interval: timedelta, offset: timedelta) -> datetime:
    """The first slot after `now`."""
    return slot(now, interval, offset) + interval


def slots(check: Check, since: datetime, until: datetime, most: int) -> list[datetime]:
    """The slots of a check from one moment to another, both included, the oldest first; of more than `most` the last ones."""
    moved = offset(check)
    last = slot(until, check.interval, moved)
    count = min(most, max(0, (last - since) // check.interval + 1))
    return [last - n * check.interval for n in reversed(range(count))]


def recheck_due(check: Check, now: datetime) -> timedelta | None:
    """After how long a check that has just failed is looked at again; None when its next slot comes soon enough."""
    if not check.recheck or check.recheck >= check.interval:
        return None
    until_slot = next_slot(now, check.interval, offset(check)) - now
    return None if until_slot <= check.recheck + NEAR_A_SLOT else check.recheck


def overdue(check: Check, last: datetime | None, started_at: datetime | None, now: datetime) -> bool:
    """Whether a result is missing: a slot may be skipped while a run takes its whole timeout, but not two.

    Args:
        check: whose result it is.
        last: the slot of its last result; None when there is none.
        started_at: when Sentinel started, before which nothing was due; None when it does not run.
        now: aware.
    """
    since = max((at for at in (last, started_at) if at is not None), default=None)
    return since is not None and now - since > (check.interval + check.timeout) * 2.5
