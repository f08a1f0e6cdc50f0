"""What an audit finds: things that are overdue in the store although some loop of Sentinel should have seen to them.

The loops hold their state in memory and write it through. The audit starts at the other end: it reads what was committed and
asks of each thing that waits whether its time has passed. So a timer that was lost, a message that was never sent and a loop
that only looks busy are found by somebody who does not share their memory.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sentinel.core.cadence import overdue
from sentinel.core.check import Check
from sentinel.core.escalation import next_tick
from sentinel.core.incident import Address, Incident

#: How long after its time a step of an incident or a delivery counts as overdue.
PATIENCE = timedelta(minutes=5)

#: The store notes about when each check had a result, at most so long before its last.
PLACES_AGE = timedelta(minutes=10)

#: What was found is told of for so long, so that Sentinel's own check sees what was mended at once, too.
TOLD_FOR = timedelta(minutes=10)

#: Names that one sentence lists.
_NAMED = 3


class Lapse(StrEnum):
    """What is not as it should be. A closed list."""

    STALLED = "stalled"  # an open incident whose next step is overdue
    FORGOTTEN = "forgotten"  # open in the store, and no loop follows it
    UNFILED = "unfiled"  # a loop follows it, and the store does not have it as open
    UNTOLD = "untold"  # somebody counts as told of it, and there is no message to them
    STUCK = "stuck"  # messages that are due and that no attempt is made for
    SILENT = "silent"  # checks without a result in the store
    OVERDUE = "overdue"  # checks that were not run
    STANDING = "standing"  # a loop that gets nowhere
    STORE = "store"  # it cannot be read or written


#: What Sentinel's own check tells of by itself.
TOLD_ELSEWHERE = frozenset({Lapse.OVERDUE, Lapse.STORE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is not as it should be, in a sentence that names no person."""

    lapse: Lapse
    what: str
    incident: int = 0
    address: Address | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Messages of one channel that are overdue."""

    channel: str
    count: int
    since: datetime  # when the oldest of them was due


class Expected(NamedTuple):
    """A check, and the moment from which its results can be expected."""

    check: Check
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the store says, all of it at one moment."""

    incidents: tuple[Incident, ...] = ()  # that are open
    rows: frozenset[tuple[int, Address]] = frozenset()  # of their conversations: who has any row
    stuck: tuple[Stuck, ...] = ()
    results: Mapping[str, datetime] | None = None  # about when each check had one; None: it was not asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The answer of one round."""

    at: datetime  # when it was done
    flaws: tuple[Flaw, ...] = ()


def audit(
    books: Books, followed: Collection[int], checks: Sequence[Expected], since: datetime, now: datetime
) -> tuple[Flaw, ...]:
    """Everything in the books that is not as it should be.

    Args:
        books: what the store says.
        followed: numbers of the incidents that the loops follow.
        checks: of the plan.
        since: when this Sentinel began, or went on after it stood still: before that nothing could be in time.
        now: aware.
    """
    return (
        *_stalled(books.incidents, since, now),
        *_astray(books.incidents, followed),
        *_untold(books),
        *(_stuck(one) for one in books.stuck),
        *_silent(books.results, checks, now),
    )


def suspected(flaws: Iterable[Flaw]) -> frozenset[tuple[Lapse, int]]:
    """What may be no more than a commit that is under way, and counts when the next round finds it, too."""
    return frozenset((flaw.lapse, flaw.incident) for flaw in flaws if flaw.lapse in (Lapse.FORGOTTEN, Lapse.UNFILED))


def confirmed(flaws: Iterable[Flaw], before: Collection[tuple[Lapse, int]]) -> tuple[Flaw, ...]:
    """The flaws without those that are suspected for the first time."""
    return tuple(
        flaw
        for flaw in flaws
        if flaw.lapse not in (Lapse.FORGOTTEN, Lapse.UNFILED) or (flaw.lapse, flaw.incident) in before
    )


def objection(last: Audit | None, patience: timedelta, now: datetime) -> str:
    """Why nobody may say now that all is well; empty: they may.

    Args:
        last: the latest audit.
        patience: how old it may be.
    """
    if last is None:
        return "nothing was audited yet"
    if now - last.at > patience:
        return f"the last audit was at {_clock(last.at)}"
    return last.flaws[0].what if last.flaws else ""


def is_stalled(incident: Incident, since: datetime, now: datetime) -> bool:
    """Whether the incident's next step is overdue."""
    due = next_tick(incident)
    return due is not None and now - max(due, since) > PATIENCE


def overdue_checks(last: Mapping[str, datetime], checks: Sequence[Expected], now: datetime) -> tuple[Flaw, ...]:
    """The checks that were not run when they were due, as the loops themselves know it.

    Args:
        last: by the name of a check: the slot of its last result.
        checks: as for `audit`.
    """
    late = sorted(check.name for check, since in checks if overdue(check, last.get(check.name), since, now))
    return (Flaw(lapse=Lapse.OVERDUE, what=f"checks are overdue: {_listed(late)}"),) if late else ()


def _stalled(incidents: Iterable[Incident], since: datetime, now: datetime) -> Iterator[Flaw]:
    for incident in incidents:
        due = next_tick(incident)
        if due is not None and is_stalled(incident, since, now):
            what = f"{_name(incident)} should have gone on at {_clock(due)}, and did not"
            yield Flaw(lapse=Lapse.STALLED, what=what, incident=incident.id)


def _astray(incidents: Iterable[Incident], followed: Collection[int]) -> Iterator[Flaw]:
    filed = {incident.id: incident for incident in incidents}
    for number in filed.keys() - set(followed):
        what = f"{_name(filed[number])} is open in the store, and nobody follows it"
        yield Flaw(lapse=Lapse.FORGOTTEN, what=what, incident=number)
    for number in set(followed) - filed.keys():
        what = f"incident {number} is open, and the store does not say so"
        yield Flaw(lapse=Lapse.UNFILED, what=what, incident=number)


def _untold(books: Books) -> Iterator[Flaw]:
    for incident in books.incidents:
        if incident.joined:
            continue  # some of them heard of it in the messages of another incident, and have none of its own
        for address in incident.told:
            if (incident.conversation, address) not in books.rows:
                what = f"a message about {_name(incident)} to {address.channel} is missing from the outbox"
                yield Flaw(lapse=Lapse.UNTOLD, what=what, incident=incident.id, address=address)


def _stuck(stuck: Stuck) -> Flaw:
    many = f"{stuck.count} messages" if stuck.count > 1 else "a message"
    what = f"{many} to {stuck.channel} should have been sent at {_clock(stuck.since)}, and no attempt is made"
    return Flaw(lapse=Lapse.STUCK, what=what, channel=stuck.channel)


def _silent(results: Mapping[str, datetime] | None, checks: Sequence[Expected], now: datetime) -> Iterator[Flaw]:
    if results is None:
        return
    silent = sorted(
        check.name
        for check, since in checks
        if now - max(results.get(check.name, since), since)
        > PLACES_AGE + PATIENCE + (check.interval + check.timeout) * 2.5
    )
    if silent:
        yield Flaw(lapse=Lapse.SILENT, what=f"the store has no late result of {_listed(silent)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _name(incident: Incident) -> str:
    return f"incident {incident.id} ({incident.check})"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"
