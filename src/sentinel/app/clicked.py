"""What a click on one of Slack's buttons leads to: somebody takes an incident, silences a check, stops a rollback, or is told why
not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from sentinel.base.clock import Clock
from sentinel.channels.clean import moment
from sentinel.channels.slack.buttons import SILENCED_FOR_HOURS, Action, Aim
from sentinel.channels.slack.clicks import Click
from sentinel.channels.slack.options import SlackOptions
from sentinel.core.incident import Acknowledge, Event, Incident, Refusal

SILENCED_FOR: Final = timedelta(hours=SILENCED_FOR_HOURS)
WHY: Final = "by a button in Slack"

_REFUSALS: Final = {
    Refusal.NO_INCIDENT: "There is no such incident here any more.",
    Refusal.NOT_OPEN_YET: "The incident has not opened yet, so there is nothing to take.",
    Refusal.ALREADY_RESOLVED: "It is over already: there is nothing to take.",
    Refusal.ALREADY_YOURS: "You have taken it already.",
}


class Vetoing(Protocol):
    """What a click can ask of deployments."""

    async def veto(self, number: int, by: str, why: str) -> object: ...


class Acting(Protocol):
    """What a click can ask for."""

    @property
    def deployments(self) -> Vetoing: ...

    async def incidents(self) -> Iterable[Incident]: ...

    async def meet(self, number: int, event: Event) -> Incident | Refusal: ...

    def silenced_until(self, check: str) -> datetime | None: ...

    async def silence_check(self, check: str, hold: timedelta, by: str, why: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a click led to."""

    text: str
    done: bool = False  # False: it was refused, and only the clicker is told
    gone: frozenset[Action] = frozenset()  # buttons that make no sense any more


def refused(pressed: Click, options: SlackOptions | None, source: str) -> Said | None:
    """Why a click is not followed, whatever it asks for; None when it may be.

    Args:
        pressed: the click.
        options: of the channel it came from; None when there is no such channel.
        source: name of this Sentinel.
    """
    if pressed.aim.source != source:
        return Said(text=f"This message is of the Sentinel {pressed.aim.source!r}; {source!r} heard the click.")
    if options is None:
        return Said(text=f"The channel {pressed.aim.channel!r} is not in Sentinel's configuration any more.")
    if options.allowed_users and pressed.user not in options.allowed_users:
        return Said(text="You may not do this: `allowed_users` of the channel does not name you.")
    return None


class Doer:
    """Follows clicks, one by one or several at once."""

    def __init__(self, acting: Acting, clock: Clock) -> None:
        self._acting = acting
        self._clock = clock

    async def do(self, pressed: Click, by: str) -> Said:
        """Do what a click asks for, in the name of who clicked.

        Raises:
            SentinelError: it could not be done, or nobody knows yet.
        """
        match pressed.action:
            case Action.ACKNOWLEDGE:
                return await self._acknowledge(pressed.aim, by)
            case Action.SILENCE:
                return await self._silence(pressed.aim.check, by)
            case Action.VETO:
                await self._acting.deployments.veto(pressed.aim.deployment, by, WHY)
                return Said(text=f"Stopped by {by}", done=True, gone=frozenset({Action.VETO}))
            case Action.RUNBOOK:
                return Said(text="", done=True)
            case _:
                assert_never(pressed.action)

    async def _acknowledge(self, aim: Aim, by: str) -> Said:
        # Of two people who click at the same time one takes it; whoever wants to take it over says so by the command.
        known = _meant(aim, await self._acting.incidents())
        number = known.id if known is not None else aim.incident
        if known is not None and known.acknowledgement is not None:
            taken = known.acknowledgement
            who = "You have" if taken.by == by else f"{taken.by} has"
            return Said(
                text=f"{who} it already, until {moment(taken.until)}. To take it over: `sentinel ack {number}`."
            )
        answer = await self._acting.meet(number, Acknowledge(by=by, why=WHY))
        if isinstance(answer, Refusal):
            return Said(text=_REFUSALS.get(answer, "That cannot be done now."))
        until = f" until {moment(answer.acknowledgement.until)}" if answer.acknowledgement else ""
        return Said(text=f"Taken by {by}{until}", done=True, gone=frozenset({Action.ACKNOWLEDGE, Action.SILENCE}))

    async def _silence(self, check: str, by: str) -> Said:
        until = self._clock.now() + SILENCED_FOR
        # Each click would make one more silence, which somebody has to end again.
        known = self._acting.silenced_until(check)
        if known is not None and known > until - SILENCED_FOR / 2:
            return Said(text=f"It is silenced already, until {moment(known)}. `sentinel silence` says by whom and why.")
        await self._acting.silence_check(check, SILENCED_FOR, by, WHY)
        return Said(text=f"Silenced by {by} until {moment(until)}", done=True, gone=frozenset({Action.SILENCE}))


def _meant(aim: Aim, incidents: Iterable[Incident]) -> Incident | None:
    """The open incident that a click is for: the one of the message, or the one that goes on in its thread."""
    here = [one for one in incidents if one.id == aim.incident or one.conversation == aim.conversation]
    return min(here, key=lambda one: (one.id != aim.incident, not one.leads), default=None)
