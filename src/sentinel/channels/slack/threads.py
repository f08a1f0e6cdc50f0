"""Which threads there are: where each goes on, and what its first message shows.

All of it is in memory and bounded. A restart forgets it, and costs one more message where people deleted the first one, and a
first message that a digest leaves as it was.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sentinel.core.incident import Phase
from sentinel.core.notification import Kind, Message, News, Receipt

MOST: Final = 1_000  # threads that are remembered

_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread of an incident that is not over."""

    top: Receipt  # of its first message
    message: Message  # the latest that was told in it
    informs: bool  # whether it is for people who are kept informed only, and have nothing to take


class Threads:
    """The threads of one channel."""

    def __init__(self) -> None:
        self._successors: OrderedDict[tuple[str, str], Receipt] = OrderedDict()
        self._open: OrderedDict[tuple[str, int], Thread] = OrderedDict()  # by recipient and incident

    def move(self, opening: Receipt, successor: Receipt) -> None:
        """Let the thread that began with `opening` go on below `successor`."""
        self._successors[_place(opening)] = successor
        _bound(self._successors)

    def top(self, receipt: Receipt | None) -> Receipt | None:
        """The message below which a thread goes on; None when there is none yet.

        A receipt may be that of a reply: an incident can go on in the thread of another one.
        """
        if receipt is None or not (receipt.get("ts") and receipt.get("channel")):
            return None
        channel, ts = _place(receipt)
        return self._successors.get((channel, ts), {"channel": channel, "ts": ts})

    def note(self, recipient: str, message: Message, receipt: Receipt) -> None:
        """A message was told; `receipt` is of it, or of the thread's first one."""
        if message.incident is None or not receipt:
            return
        key = recipient, message.incident.id
        before = self._open.pop(key, None)
        if message.kind not in _OVER:
            informs = message.kind is Kind.PROGRESS and (before is None or before.informs)
            self._open[key] = Thread(top=receipt, message=replace(message, others=(), others_count=0), informs=informs)
            _bound(self._open)

    def informs(self, recipient: str, message: Message) -> bool:
        """Whether the thread of a message that was told is for people who are kept informed only."""
        thread = self._open.get((recipient, message.incident.id)) if message.incident is not None else None
        return thread is not None and thread.informs

    def turned(self, recipient: str, digest: Message) -> Iterator[tuple[Receipt, Message]]:
        """The first messages that a digest has news of, each with what is to be shown there; what is over is forgotten."""
        for news in digest.news:
            thread = self._open.get((recipient, news.incident))
            if thread is None or (top := self.top(thread.top)) is None:
                continue
            shown = _after(thread.message, news)
            self.note(recipient, shown, top)
            yield top, shown


def _after(message: Message, news: News) -> Message:
    """What was told of an incident before, with the news of a digest."""
    incident = message.incident
    assert incident is not None, "only threads of incidents are remembered"
    if news.kind in _OVER:
        incident = replace(incident, phase=Phase.RESOLVED, resolved_at=news.at)
    elif news.kind is Kind.ACKNOWLEDGED:
        incident = replace(incident, phase=Phase.ACKNOWLEDGED)
    else:
        incident = replace(incident, severity=max(news.severity, incident.severity))
    explanation = message.explanation if news.kind in _OVER else news.explanation
    return replace(
        message,
        kind=news.kind,
        at=news.at,
        severity=news.severity,
        explanation=explanation,
        findings=(),
        incident=incident,
    )


def _place(receipt: Receipt) -> tuple[str, str]:
    """Channel and `ts` of the first message of the thread that a receipt is of."""
    return receipt["channel"], receipt.get("thread_ts") or receipt["ts"]


def _bound(kept: OrderedDict[tuple[str, str], Receipt] | OrderedDict[tuple[str, int], Thread]) -> None:
    if len(kept) > MOST:
        kept.popitem(last=False)
