"""What people can ask of the channels of a running Sentinel: how each does, a test, and to stop a command before it runs."""

import asyncio

from sentinel.app.parts import Parts
from sentinel.app.proving import doubted
from sentinel.base.errors import SentinelError, StoreUnavailable
from sentinel.core.incident import Refusal
from sentinel.core.notification import Kind, Message, Notification
from sentinel.core.plan import ChannelPlan
from sentinel.core.proof import Doubt
from sentinel.core.routing import key
from sentinel.engine.commands import veto
from sentinel.reports.channels import ChannelLine, LineFacts, channel_line
from sentinel.store.database import Transaction

#: Seconds that a person waits for a commit.
COMMIT_WITHIN = 8.0


class NothingToStop(SentinelError):
    """No command waits to be run."""

    exit_code = 1
    hint = "it has begun, was stopped before, or was never ordered: `sentinel incident ID` shows what happened"


class NoTest(SentinelError):
    """A channel through which no test can be sent."""

    exit_code = 1


class ChannelVerbs:
    """The questions about channels, and their answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def all(self) -> list[ChannelLine]:
        """How each channel does; answered from memory, at once."""
        doubts = {doubt.channel: doubt for doubt in doubted(self._parts, self._parts.clock.now())}
        return [self._line(channel, doubts.get(channel.name)) for channel in self._parts.plan.channels]

    async def test(self, name: str, by: str) -> int:
        """Put a message that is marked as a test into the outbox, for everybody whom a channel reaches; answers how many rows.

        Raises:
            NoTest: there is no such channel, or it runs a command instead of telling people.
        """
        parts, now = self._parts, self._parts.clock.now()
        channel = next((one for one in parts.plan.channels if one.name == name), None)
        if channel is None or channel.veto is not None:
            raise NoTest(f"there is no channel {name} that tells people")
        message = _test_message(parts, by)
        rows = [
            Notification(
                key=key(f"{parts.store.instance}/test/{now.isoformat()}", 0, 0, address),
                address=address,
                message=message,
                created_at=now,
                due_at=now,
            )
            for address in parts.plan.addresses((name,))
        ]
        await parts.store.write(lambda tx: tx.outbox.enqueue(rows))
        parts.dispatcher.wake((name,))
        return len(rows)

    async def veto(self, number: int, by: str, why: str) -> int | Refusal:
        """Stop the commands that were ordered for an incident and have not begun; answers after the commit how many.

        Raises:
            NothingToStop: none waits.
            StoreUnavailable: the store has not confirmed it.
        """
        parts, now = self._parts, self._parts.clock.now()

        def stop(tx: Transaction) -> int | Refusal:
            incident = tx.incidents.get(number)
            return Refusal.NO_INCIDENT if incident is None else veto(tx, incident.conversation, now, by, why)

        try:
            async with asyncio.timeout(COMMIT_WITHIN):
                await parts.pipeline.flush()  # an order that is not committed yet could not be found
                stopped = await parts.store.write(stop)
        except TimeoutError:
            raise StoreUnavailable("the store has not confirmed that the command is stopped") from None
        if stopped == 0:
            raise NothingToStop(f"no command of incident {number} waits to be run")
        parts.dispatcher.wake(parts.dispatcher.lines)
        return stopped

    def _line(self, channel: ChannelPlan, doubt: Doubt | None) -> ChannelLine:
        line = self._parts.dispatcher.lines.get(channel.name)
        if line is None:
            return channel_line(channel, LineFacts(), doubt)
        facts = LineFacts(
            last_success=line.last_success,
            failing_since=line.failing_since,
            why=line.last_failure,
            paused_until=line.paused_until,
            budget_left=line.budget_left(self._parts.clock.now()),
        )
        return channel_line(channel, facts, doubt)


def _test_message(parts: Parts, by: str) -> Message:
    name = parts.plan.name
    text = f"{by} tests this channel of Sentinel {name!r}. Nothing is wrong, and nothing needs to be done."
    return Message(
        kind=Kind.TEST, at=parts.clock.now(), source=name, title="Test message", text=text, link=parts.plan.link
    )
