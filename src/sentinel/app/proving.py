"""Proving channels: a canary through each that asks for one, and what is known of each of them."""

from datetime import datetime

from sentinel.app.parts import Parts
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Message, Notification
from sentinel.core.plan import ChannelPlan
from sentinel.core.proof import Doubt, Proof, doubts
from sentinel.core.routing import key


class Proving:
    """Sends the canaries of one running Sentinel."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sent: dict[str, datetime] = {}  # by channel: the moment of its last canary

    async def send_due(self) -> None:
        """Put the canaries that are due into the outbox; each once, across restarts too, since its key comes from its moment."""
        for channel in self._parts.plan.channels:
            if channel.canary is None:
                continue
            due = channel.canary.due(self._parts.clock.now())
            if self._sent.get(channel.name) != due:
                await self._send(channel, due)
                self._sent[channel.name] = due

    async def _send(self, channel: ChannelPlan, due: datetime) -> None:
        """To the first recipient alone: it is the channel that is proved, and nobody needs more mail."""
        parts, now = self._parts, self._parts.clock.now()
        rows = [
            Notification(
                key=key(f"{parts.store.instance}/canary/{due.isoformat()}", 0, 0, address),
                address=address,
                message=Message(kind=Kind.CANARY, at=now, source=parts.plan.name, link=parts.plan.link),
                created_at=now,
                due_at=now,
            )
            for address in (Address(channel.name, name) for name in channel.recipients[:1])
        ]
        await parts.store.write(lambda tx: tx.outbox.enqueue(rows))
        parts.dispatcher.wake((channel.name,))


def proofs(parts: Parts) -> list[Proof]:
    """What is known of each channel that tells people."""
    known = []
    for channel in parts.plan.channels:
        line = parts.dispatcher.lines.get(channel.name)
        if line is None or channel.veto is not None:
            continue
        known.append(
            Proof(
                channel=channel.name,
                last_success=line.last_success,
                deaf_since=line.deaf_since,
                why=line.last_failure,
                canary=channel.canary,
            )
        )
    return known


def doubted(parts: Parts, now: datetime) -> tuple[Doubt, ...]:
    """The channels that may not reach anybody."""
    return doubts(proofs(parts), parts.started_at, now)
