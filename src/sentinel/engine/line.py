"""One channel as the dispatcher sees it: how it does, what its receiver asked for, and what is left of its budgets."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sentinel.core.budget import Bucket, Budget, filled, full, next_token, replayed, spent
from sentinel.core.incident import Address
from sentinel.core.notification import MOST_PATIENCE, Ambiguous, Cause, Failed, Notification, Outcome, Receipt, Sent
from sentinel.core.parcel import Packing
from sentinel.engine.progress import Pulse

#: Rows that one channel sends at the same time. Those of one incident and address follow each other.
AT_ONCE = 4

#: After so many failures in a row a channel gets one message at a time, until it takes one.
FAILING = 3

#: A channel that has taken nothing for so long while there was something to send needs another one to stand in for it.
DEAF_AFTER = timedelta(seconds=60)

#: Tries of one message are at most seven and a half minutes apart (`core.notification.backoff`), unless the receiver asked for
#: more patience; when nothing was tried for longer, there was nothing to send.
FORGOTTEN_AFTER = timedelta(minutes=10)

#: Recipients whose buckets are remembered; the bucket of any other is taken to be full.
MOST_BUCKETS = 10_000


class Sender(Protocol):
    """What the dispatcher needs of a channel."""

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """A channel and what sending through it takes."""

    channel: Sender
    timeout: float  # seconds for one attempt
    gap: float = 0.0  # seconds that the receiver wants between two messages
    at_once: int = AT_ONCE  # messages at the same time; with a gap they go one by one
    budget: Budget | None = None  # of each recipient; None: as much as there is
    fallback: str = ""  # the channel that stands in when this one takes nothing
    stand_ins: tuple[Address, ...] = ()  # whom that one reaches


@dataclass(slots=True, eq=False)
class Line:
    """One channel with its worker."""

    name: str
    route: Route
    pulse: Pulse
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    paused_until: datetime | None = None  # the receiver asked for patience
    last_success: datetime | None = None
    failing_since: datetime | None = None  # when the first attempt ended of those in a row that failed
    last_failure: str = ""  # why the last attempt failed; empty after a success
    failures: int = 0  # attempts in a row that failed and may succeed another time
    deaf_since: datetime | None = None  # when the first attempt began of those since the last success
    tried_at: datetime | None = None  # when the last attempt began
    outcomes: Counter[str] = field(default_factory=Counter)  # attempts by how they ended
    buckets: dict[str, Bucket] = field(default_factory=dict)  # by recipient
    held_until: datetime | None = None  # something waits for the budget until then
    task: "asyncio.Task[None] | None" = None
    leaving: bool = False  # claims nothing more
    unreadable: bool = False  # the store did not answer when it was last asked for rows

    # --- What it may send -------------------------------------------------------------------------------------------

    def may_begin(self, now: datetime) -> bool:
        """Whether its receiver takes messages now, as far as it said."""
        return self.paused_until is None or now >= self.paused_until

    def packing(self, now: datetime) -> Packing:
        """By what the next messages are put together."""
        one_by_one = self.route.gap or self.failures >= FAILING
        self._fill(now)
        return Packing(
            limit=1 if one_by_one else self.route.at_once, budget=self.route.budget, buckets=dict(self.buckets)
        )

    def remember_sent(self, sent: Iterable[tuple[str, datetime]], now: datetime) -> None:
        """Take over what a process before this one sent, the oldest first."""
        moments: dict[str, list[datetime]] = {}
        for recipient, at in sent:
            moments.setdefault(recipient, []).append(at)
            self.last_success = max(at, self.last_success or at)
        if self.route.budget is not None:
            self.buckets = {who: replayed(self.route.budget, when, now) for who, when in moments.items()}

    def spend(self, rows: Iterable[Notification], held: Mapping[str, bool], now: datetime) -> None:
        """Count what is about to be sent, and see until when the rest has to wait."""
        budget = self.route.budget
        self.held_until = None
        if budget is None:
            return
        for row in rows:
            who = row.address.recipient
            self.buckets[who] = spent(self.buckets.get(who, full(budget, now)))
        waits = [
            next_token(budget, self.buckets.get(who, full(budget, now)), urgent=urgent) for who, urgent in held.items()
        ]
        self.held_until = min(waits, default=None)

    def budget_left(self, now: datetime) -> int | None:
        """Messages that the recipient with the least left may get at once; None without a budget."""
        budget = self.route.budget
        if budget is None:
            return None
        return max(0, int(min((filled(budget, b, now).tokens for b in self.buckets.values()), default=budget.messages)))

    def _fill(self, now: datetime) -> None:
        budget = self.route.budget
        if budget is None:
            return
        kept = {who: filled(budget, bucket, now) for who, bucket in self.buckets.items()}
        self.buckets = {who: bucket for who, bucket in kept.items() if bucket.tokens < budget.messages}
        for who in list(self.buckets)[MOST_BUCKETS:]:
            del self.buckets[who]

    # --- How it does ------------------------------------------------------------------------------------------------

    def begin(self, now: datetime) -> None:
        """An attempt begins: unless one succeeds soon, the channel has been deaf since then."""
        if self.deaf_since is None or self._is_forgotten(now):
            self.deaf_since = now
        self.tried_at = now

    def note(self, row: Notification, outcome: Outcome, now: datetime) -> bool:
        """Remember how an attempt ended; answers whether the channel works again after it had failed."""
        match outcome:
            case Sent():
                revived = self.failures > 0
                self.outcomes["sent"] += 1
                self.last_success, self.failing_since, self.last_failure, self.failures = now, None, "", 0
                self.deaf_since = None
                return revived
            case Failed(cause=cause):
                self.outcomes["failed"] += 1
                self._give_back(row)
                if cause is Cause.RATE_LIMITED and outcome.retry_after is not None:
                    self.paused_until = now + min(outcome.retry_after, MOST_PATIENCE)
            case Ambiguous(cause=cause):
                self.outcomes["ambiguous"] += 1
        self.last_failure = cause.value
        self.failing_since = self.failing_since or now
        if isinstance(outcome, Failed) and outcome.permanent:
            # It was about this message or its recipient; of the channel the answer says that it can be reached.
            self.deaf_since = None if not self.failures else self.deaf_since
        else:
            self.failures += 1
        return False

    def recall(self, since: datetime, why: str, now: datetime) -> None:
        """Take over that a process before this one could not send."""
        self.failing_since, self.last_failure, self.failures = since, why, 1
        self.deaf_since, self.tried_at = since, now

    def failed_for(self, now: datetime) -> float:
        """Seconds for which every attempt has failed; 0 when the last one succeeded."""
        return max((now - self.failing_since).total_seconds(), 0.0) if self.failing_since else 0.0

    def trouble(self, now: datetime) -> str:
        """What keeps it from sending, in words; empty when nothing does."""
        said = []
        if self.last_failure:
            since = f" since {self.failing_since:%Y-%m-%d %H:%M:%S} UTC" if self.failing_since else ""
            said.append(f"{self.last_failure.replace('_', ' ')}{since}")
        if self.paused_until is not None and now < self.paused_until:
            said.append(f"its receiver asked to wait until {self.paused_until:%H:%M:%S} UTC")
        if self.route.fallback and self.is_deaf(now):
            said.append(f"{self.route.fallback} stands in")
        if self.held_until is not None and now < self.held_until:
            said.append(f"its budget is used up until {self.held_until:%H:%M:%S} UTC")
        return "; ".join(said)

    def is_deaf(self, now: datetime) -> bool:
        """Whether it has taken nothing for so long, though it was tried, that another channel has to stand in."""
        return self.deaf_since is not None and now - self.deaf_since >= DEAF_AFTER and not self._is_forgotten(now)

    def _is_forgotten(self, now: datetime) -> bool:
        """Whether nothing was tried for so long that the last failure says nothing about now."""
        return self.tried_at is None or now - self.tried_at > FORGOTTEN_AFTER

    def _give_back(self, row: Notification) -> None:
        bucket = self.buckets.get(row.address.recipient)
        if bucket is not None:
            self.buckets[row.address.recipient] = replace(bucket, tokens=bucket.tokens + 1)
