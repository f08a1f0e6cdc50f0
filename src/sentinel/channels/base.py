"""What every channel is: a message in, an outcome out.

A channel tries once per call. It never retries, never sleeps for a rate limit and never decides what happens next: the
dispatcher owns every retry. It does not raise for a receiver that fails; it answers an Outcome (`core.notification`), and it
says *ambiguous* when the message had left and the answer did not come.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.base.redact import Redactor
from sentinel.channels.wording import Wording
from sentinel.core.budget import Budget
from sentinel.core.notification import Notification, Outcome, Receipt
from sentinel.core.series import Series

#: Asks for a reading of a check over a time: name of the check, name of the reading (empty: the check's main one), from, to.
#: None when there is none, or when it takes too long to find out. It never raises for a store that fails.
SeriesSource = Callable[[str, str, datetime, datetime], Awaitable[Series | None]]


async def no_series(_check: str, _reading: str, _since: datetime, _until: datetime) -> Series | None:
    """Where nothing is kept that could be drawn."""
    return None


class Channel(Protocol):
    """A way to tell people. Built once per plan."""

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:
        """Try once to deliver.

        Args:
            notification: the row; its `address.recipient` is who gets it, its `key` goes along so that a repeat can be told.
            first: what the receiver gave back for the first message of the same incident and address, to continue its thread.
            deadline: by when to be done, on the running loop's clock.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a channel would do with an order, with secrets hidden."""

    command: tuple[str, ...] = ()  # the program and its arguments
    environment: Mapping[str, str] = field(default_factory=dict)  # that is set for it
    folder: str = ""  # where it would run
    url: str = ""  # where a request would go, as far as it may be shown
    body: str = ""  # of the request
    timeout: timedelta


@runtime_checkable
class Rehearses(Protocol):
    """A channel that can say what it would do, by the same functions that do it."""

    def rehearse(self, order: Notification) -> Rehearsal: ...


def _no_own_address(_options: object, _written: str) -> str:
    raise ValueError("no `recipient`: a channel of this kind has one address")


def _nothing(_options: object) -> str:
    return ""


#: What a person can still read: more come as one message.
FOR_PEOPLE = Budget(messages=30, per=timedelta(minutes=10))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """One kind of channel."""

    name: str
    summary: str  # one sentence for the reference
    options: type[Options]
    build: Callable[[str, Any, "ChannelTools"], Channel]  # from the channel's name and an instance of `options`
    recipients: Callable[[Any], tuple[str, ...]] = field(default=lambda _options: ("",))
    own_address: Callable[[Any, str], str] = _no_own_address  # a person's own one in it; raises ValueError
    timeout: float = 30.0  # seconds for one attempt
    gap: float = 0.0  # seconds that the receiver wants between two messages; with a gap they go one by one
    at_once: int = 4  # messages at the same time where there is no gap
    budget: Budget | None = (
        None  # of messages to each recipient, unless the file says otherwise; None: as many as there are
    )
    lacks: Callable[[Any], str] = _nothing  # what has to be installed on this host first, and how; empty: nothing
    timeout_of: Callable[[Any], float | None] = field(default=lambda _options: None)  # where options say how long
    veto_of: Callable[[Any], timedelta | None] = field(default=lambda _options: None)  # of a kind that runs commands


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTools:
    """What channels share."""

    clock: Clock
    source: str  # name of this Sentinel
    redactor: Redactor = field(default_factory=Redactor)  # knows every secret of the plan
    series: SeriesSource = no_series  # for charts
    wording: Wording = field(default_factory=Wording)
