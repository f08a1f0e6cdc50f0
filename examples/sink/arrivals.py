"""What arrived at the sink: the last 200 messages, each also kept as a file."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

KEPT = 200  # messages in memory and as files


class Kind(StrEnum):
    MAIL = "mail"
    SLACK = "slack"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody sent, made readable."""

    kind: Kind
    title: str  # the subject, or the first line
    text: str
    html: str | None = None
    facts: tuple[tuple[str, str], ...] = ()  # what else is worth showing, in order
    key: str = ""  # equal keys mean: the same message again
    thread: str = ""  # the key of the message this one answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    number: int  # counts from 1
    at: datetime  # UTC
    message: Message
    repeat_of: int | None = None  # the number of an earlier arrival with the same key
    updates: int = 0  # how often its content was replaced since

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.number,
            "at": self.at.isoformat(timespec="milliseconds"),
            "repeat_of": self.repeat_of,
            "updates": self.updates,
            **asdict(self.message),
            "facts": dict(self.message.facts),
        }


class Arrivals:
    """Used from one event loop. `show` hears of each arrival and each update."""

    def __init__(self, directory: Path, show: Callable[[Arrival], None]) -> None:
        self._directory = directory
        self._show = show
        self._kept: deque[Arrival] = deque(maxlen=KEPT)
        self._count = 0

    def newest_first(self) -> list[Arrival]:
        return list(reversed(self._kept))

    def find(self, key: str) -> Arrival | None:
        return next((arrival for arrival in self._kept if key and arrival.message.key == key), None)

    async def add(self, message: Message, raw: bytes) -> Arrival:
        earlier = self.find(message.key)
        self._count += 1
        arrival = Arrival(
            number=self._count,
            at=datetime.now(UTC),
            message=message,
            repeat_of=earlier.number if earlier else None,
        )
        self._kept.append(arrival)
        self._show(arrival)
        await asyncio.to_thread(keep_file, self._directory, arrival, raw)
        return arrival

    async def update(self, arrival: Arrival, message: Message, raw: bytes) -> None:
        """Replaces what an arrival that is still kept says."""
        changed = replace(arrival, message=message, updates=arrival.updates + 1)
        self._kept[self._kept.index(arrival)] = changed
        self._show(changed)
        await asyncio.to_thread(keep_file, self._directory, changed, raw)


def keep_file(directory: Path, arrival: Arrival, raw: bytes) -> None:
    """Writes what came over the wire; the file of the arrival 200 before gives way."""
    stem = f"{arrival.number % KEPT:03d}-"
    for old in directory.glob(f"{stem}*"):
        old.unlink(missing_ok=True)
    suffix = "eml" if arrival.message.kind is Kind.MAIL else "json"
    (directory / f"{stem}{arrival.message.kind}.{suffix}").write_bytes(raw)
