"""Clicks on Slack's buttons become what people can ask of Sentinel: to take an incident, silence a check, stop a rollback.

They come through a connection of ours (Socket Mode) or as signed requests. Slack waits three seconds for a word that the click
was heard, so it is acted upon afterwards. A refusal is told to the clicker alone.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from sentinel.app.clicked import Acting, Doer, Said, refused
from sentinel.app.journal import Pen
from sentinel.base.clock import Clock
from sentinel.base.errors import SentinelError
from sentinel.base.redact import Secret
from sentinel.channels.slack.buttons import Action, Aim
from sentinel.channels.slack.clicks import Click, click, read, without_buttons
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.slack.signature import Seen, is_signed
from sentinel.core.access import Via
from sentinel.core.journal import Deed
from sentinel.core.notification import Sent
from sentinel.core.plan import Plan

if TYPE_CHECKING:
    from sentinel.channels.slack.listening import Listener

log = structlog.get_logger()

#: Clicks that are acted upon at the same time; Slack shows whoever clicks beyond that it did not work.
MOST_AT_ONCE: Final = 50

#: After a fault of ours in a connection it is opened again so many seconds later.
AFTER_A_FAULT: Final = 60.0

#: For so long clicks may go unheard before people are told: Slack itself closes connections now and then.
DEAF_FOR: Final = timedelta(minutes=5)

#: Seconds that a stop leaves to clicks that are acted upon.
GRACE: Final = 2.0

#: What each action is called in the journal, and what it is done to.
_DEEDS: Final[Mapping[Action, Callable[[Aim], tuple[str, str]]]] = {
    Action.ACKNOWLEDGE: lambda aim: ("incident.acknowledge", f"incident {aim.incident}"),
    Action.SILENCE: lambda aim: ("silence.add", f"check {aim.check}"),
    Action.VETO: lambda aim: ("deployment.veto", f"deployment {aim.deployment}"),
}

#: One app of Slack: its token and where its API is.
App = tuple[Secret, str]


class Heard(StrEnum):
    """What becomes of a request that says it is Slack's."""

    TAKEN = "taken"
    NOT_SLACKS = "not_slacks"  # unsigned, signed by somebody else, long ago, or not for the first time
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """The connection of one app, kept up by a task."""

    listener: "Listener"
    task: "asyncio.Task[None]"


class Writing(Protocol):
    """What clicks want of the journal."""

    def doing(self, deed: Deed) -> AbstractAsyncContextManager[Pen]:
        """Write down what is done within."""
        ...


class Clicks:
    """Hears of clicks and acts upon them. `equip` it with each plan, and `stop` it in the end."""

    def __init__(self, acting: Acting, clock: Clock, rng: Random, journal: Writing) -> None:
        self._doer = Doer(acting, clock)
        self._journal = journal
        self._clock = clock
        self._rng = rng
        self._source = ""
        self._channels: Mapping[str, SlackOptions] = {}
        self._names: Mapping[str, str] = {}
        self._seen = Seen()
        self._listening: dict[App, Ear] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def equip(self, plan: Plan) -> None:
        """Go by this plan from now on: its channels say which apps there are and who may click, its people who is who."""
        self._source = plan.name
        self._channels = {
            channel.name: channel.options for channel in plan.channels if isinstance(channel.options, SlackOptions)
        }
        self._names = {
            address.recipient: person.name
            for person in plan.people.values()
            for address in person.addresses
            if address.channel in self._channels and address.recipient
        }
        apps = {app for options in self._channels.values() if (app := _app(options)) is not None}
        outdated = [self._listening.pop(app).task for app in self._listening.keys() - apps]
        for app in apps - self._listening.keys():
            self._listening[app] = self._ear(app)
        await _end(outdated)
        if plan.web.port is None and any(options.signing_secret for options in self._channels.values()):
            log.warning("slack.cannot_hear", why="buttons by `signing_secret` need `web.port`")

    async def stop(self) -> None:
        """Hear of nothing more, and let what was heard of be done for a moment."""
        await _end(ear.task for ear in self._listening.values())
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=GRACE)
            await _end(late)

    def trouble(self) -> str:
        """Why buttons have done nothing for a while; empty while clicks are heard."""
        now = self._clock.now()
        deaf = (ear.listener for ear in self._listening.values() if not ear.listener.connected)
        return next((one.problem or "no answer" for one in deaf if now - one.since > DEAF_FOR), "")

    def request(self, body: bytes, timestamp: str, signature: str) -> Heard:
        """Take a request in that says it is Slack's; never waits.

        Args:
            body: as it came.
            timestamp: of the header `X-Slack-Request-Timestamp`.
            signature: of the header `X-Slack-Signature`.
        """
        now = self._clock.now()
        signing = {name: options.signing_secret for name, options in self._channels.items()}
        ours = {
            name for name, secret in signing.items() if secret and is_signed(secret, timestamp, body, signature, now)
        }
        if not ours or not self._seen.first_time(signature, now):
            return Heard.NOT_SLACKS
        payload = read(body)
        return Heard.TAKEN if payload is None or self._take(payload, ours) else Heard.TOO_MANY

    # --- Socket Mode ------------------------------------------------------------------------------------------------

    def _ear(self, app: App) -> "Ear":
        # slack-sdk and aiohttp take 25 MB: only who has buttons pays for them.
        from sentinel.channels.slack.listening import Listener  # noqa: PLC0415

        token, api_url = app
        listener = Listener(token, api_url, self._clock, self._rng, lambda payload: self._hear(app, payload))
        return Ear(listener=listener, task=asyncio.create_task(self._listen(listener), name="slack"))

    async def _listen(self, listener: "Listener") -> None:
        while True:
            try:
                await listener.run()
            except Exception:
                # A connection that ended here would leave the buttons dead for good.
                log.exception("slack.listener_failed")
                await self._clock.sleep(AFTER_A_FAULT)

    def _hear(self, app: App, payload: Mapping[str, Any]) -> bool:
        return self._take(payload, {name for name, options in self._channels.items() if _app(options) == app})

    # --- A click ----------------------------------------------------------------------------------------------------

    def _take(self, payload: Mapping[str, Any], channels: set[str]) -> bool:
        """Act upon a payload that came from the app of these channels; False when there is too much to do."""
        pressed = click(payload)
        if pressed is None:
            return True
        if len(self._under_way) >= MOST_AT_ONCE:
            log.warning("slack.too_many_clicks")
            return False
        task = asyncio.create_task(self._follow(pressed, channels), name="click")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return True

    async def _follow(self, pressed: Click, channels: set[str]) -> None:
        aim, by = pressed.aim, self._names.get(pressed.user, f"slack:{pressed.user}")
        options = self._channels.get(aim.channel) if aim.channel in channels else None
        try:
            said = refused(pressed, options, self._source) or await self._do(pressed, by)
        except SentinelError as error:
            said = Said(text=f"{error}. {error.hint}".strip())
        except Exception:
            # A fault of ours: the clicker must not believe that somebody has the incident now.
            log.exception("click.failed", action=pressed.action.value, **_about(aim))
            said = Said(text="That did not work: a fault in Sentinel; its log has the details.")
        log.info("slack.clicked", action=pressed.action.value, **_about(aim), by=by, done=said.done)
        await self._answer(pressed, options or self._any(channels), said)

    async def _do(self, pressed: Click, by: str) -> Said:
        """Do it, with a word in the journal unless it is refused."""
        aim = pressed.aim
        action, subject = _DEEDS[pressed.action](aim)
        deed = Deed(at=self._clock.now(), by=by, via=Via.SLACK, action=action, subject=subject)
        async with self._journal.doing(deed) as pen:
            said = await self._doer.do(pressed, by)
            if not said.done:
                pen.withdraw()
        return said

    # --- The answer -------------------------------------------------------------------------------------------------

    def _any(self, channels: set[str]) -> SlackOptions | None:
        return next((self._channels[name] for name in channels if name in self._channels), None)

    async def _answer(self, pressed: Click, options: SlackOptions | None, said: Said) -> None:
        url = pressed.response_url
        if url is None or options is None:
            return
        # As above.
        from sentinel.channels.slack.reply import replace_message, tell_clicker  # noqa: PLC0415

        if not said.done:
            outcome = await tell_clicker(url, options.api_url, said.text, self._clock)
        elif options.token is None or pressed.action is not Action.ACKNOWLEDGE:
            # A bot's message is brought up to date by the news that the incident was taken; here nothing else would do it.
            blocks = without_buttons(pressed, said.gone, said.text)
            outcome = await replace_message(url, options.api_url, pressed.text, blocks, self._clock)
        else:
            return
        if not isinstance(outcome, Sent):
            log.info("click.not_answered", reason=outcome.cause.value, detail=outcome.detail)


def _about(aim: Aim) -> dict[str, int | str]:
    return {"deployment": aim.deployment} if aim.deployment else {"incident": aim.incident, "check": aim.check}


def _app(options: SlackOptions) -> App | None:
    return None if options.app_token is None else (options.app_token, options.api_url)


async def _end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
