"""The papers of deployments that are owed: the document when one is over, and reviews some time after its end.

Each is claimed in the store when its files are there, together with its mails. So it is made once, whatever is killed and started
again in between; a document is made anew, as a revision, when a review has come, or when one that was over was rolled back.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from sentinel.app.deploying import reading
from sentinel.app.deploying.reporting import NAME, REVIEW, document, order, review
from sentinel.app.owing import Owed
from sentinel.app.reporting import write_document
from sentinel.base.clock import Clock
from sentinel.base.units import write_duration
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.plan import Plan
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: What was missed for so long, because nothing ran, is not made any more.
LATE = timedelta(days=2)

#: Stands in an occasion before each review that has come.
_REVIEWED = "+"


class Around(Protocol):
    """The parts of a running Sentinel that these papers have to do with."""

    plan: Plan
    clock: Clock
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A paper that is to be made."""

    deployment: Deployment
    after: timedelta | None  # a review, so long after its end; None: the document
    occasion: str  # why


class Papers:
    """Writes the papers of deployments of one running Sentinel when their time has come."""

    def __init__(self, parts: Around, owed: Owed, reviewed: Callable[[int, timedelta], Awaitable[object]]) -> None:
        """Args:
        parts: what is watched, and the store.
        owed: keeps what was written, and mails it.
        reviewed: told the number of a deployment that was looked back at, and how long after its end.
        """
        self._parts = parts
        self._owed = owed
        self._reviewed = reviewed
        self._done: set[str] = set()  # occasions that are claimed: asked for once

    async def write(self) -> None:
        """Write one that is due; the next one comes with the next look."""
        parts, now = self._parts, self._parts.clock.now()
        if not parts.plan.deployments:
            return
        one = await parts.store.read(lambda tx: self._next(tx, now))
        if one is None:
            return
        if one.after is None:
            await self._write_document(one, now)
        else:
            await self._write_review(one, one.after, now)
        self._done.add(one.occasion)

    async def _write_document(self, due: Due, now: datetime) -> None:
        parts = self._parts
        found = await document(parts.store, parts.plan, due.deployment, now)
        asked = order(parts.plan, due.deployment)
        if _REVIEWED in due.occasion:  # the review itself was mailed
            asked = replace(asked, channels=())
        written = await write_document(parts.store, parts.plan, asked, found, now)
        await self._owed.keep(asked, found.period, written, due.occasion)

    async def _write_review(self, due: Due, after: timedelta, now: datetime) -> None:
        parts = self._parts
        found = await review(parts.store, parts.plan, due.deployment, now, after)
        asked = order(parts.plan, due.deployment, REVIEW)
        written = await write_document(parts.store, parts.plan, asked, found, now)
        await self._owed.keep(asked, found.period, written, due.occasion)
        await self._reviewed(due.deployment.id, after)

    def _next(self, tx: Transaction, now: datetime) -> Due | None:
        """The first paper that is due and was not made."""
        plans = self._parts.plan.deployments
        longest = max((after for plan in plans.values() for after in plan.reviews), default=timedelta(0))
        for number, system, ended_at in tx.deployments.ended(now - longest - LATE):
            if system in plans:
                for after, occasion in self._owing(tx, number, system, ended_at, now):
                    one = tx.deployments.get(number)
                    if one is not None and (after is not None or reading.is_settled(tx, one, now)):
                        return Due(deployment=one, after=after, occasion=occasion)
        return None

    def _owing(
        self, tx: Transaction, number: int, system: str, ended_at: datetime, now: datetime
    ) -> list[tuple[timedelta | None, str]]:
        """What is due of one deployment: its document, reviews, and the document again with what these have found."""
        ending = f"{number}@{ended_at:%Y%m%dT%H%M%S}"
        found: list[tuple[timedelta | None, str]] = []
        come: list[str] = []
        if now < ended_at + LATE and not self._is_made(tx, NAME, ending):
            found.append((None, ending))
        for after in sorted(self._parts.plan.deployments[system].reviews):
            occasion = f"{number}{_REVIEWED}{write_duration(after)}"
            if now < ended_at + after:
                continue
            if self._is_made(tx, REVIEW, occasion):
                come.append(write_duration(after))
            elif now < ended_at + after + LATE:
                found.append((after, occasion))
        again = _REVIEWED.join((ending, *come))
        if come and not self._is_made(tx, NAME, again):
            found.append((None, again))
        return found

    def _is_made(self, tx: Transaction, name: str, occasion: str) -> bool:
        if occasion in self._done:
            return True
        if tx.reports.made(name, occasion) is None:
            return False
        self._done.add(occasion)
        return True
