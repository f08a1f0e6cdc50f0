"""What people can ask of the channels of a running Sentinel: how each does, and to stop a command before it runs."""

import asyncio

from sentinel.app.parts import Parts
from sentinel.app.proving import doubted
from sentinel.base.errors import SentinelError, StoreUnavailable
from sentinel.core.incident import Refusal
from sentinel.core.plan import ChannelPlan
from sentinel.core.proof import Doubt
from sentinel.engine.commands import veto
from sentinel.reports.channels import ChannelLine, LineFacts, channel_line
from sentinel.store.database import Transaction

#: Seconds that a person waits for a commit.
COMMIT_WITHIN = 8.0


class NothingToStop(SentinelError):
    """No command waits to be run."""

    exit_code = 1
    hint = "it has begun, was stopped before, or was never ordered: `sentinel incident ID` shows what happened"


class ChannelVerbs:
    """The questions about channels, and their answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def all(self) -> list[ChannelLine]:
        """How each channel does; answered from memory, at once."""
        doubts = {doubt.channel: doubt for doubt in doubted(self._parts, self._parts.clock.now())}
        return [self._line(channel, doubts.get(channel.name)) for channel in self._parts.plan.channels]

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
