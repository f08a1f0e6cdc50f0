"""What the store adds up for reports: who was told how often, what became of messages, how often a check went down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.core.incident import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What people took of one incident, through all channels. Commands are not told to anybody."""

    incident: int
    messages: int  # in the period; what was told along with another message is not counted again
    first_at: datetime | None  # when the first receiver took something, ever; None: nobody did


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAddress:
    """What one address took about some incidents in a period."""

    address: Address
    messages: int
    incidents: int
    at_night: int  # messages
    first_at: datetime  # in the period


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAccount:
    """What became of the rows of one channel that were written in a period."""

    channel: str
    states: Mapping[str, int]  # state -> rows
    retried: int  # took more than one attempt
    ambiguous: int  # the receiver may have got more than one
    copied: int  # told through another channel meanwhile
    slowest: timedelta | None  # from being written to being taken, at the worst
    causes: Mapping[str, int]  # of those that are dead

    @property
    def rows(self) -> int:
        return sum(self.states.values())
