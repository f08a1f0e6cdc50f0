"""Socket Mode: a connection that Sentinel opens to Slack, and through which Slack reports clicks.

slack-sdk's own client tries again without end or bound, queues without limit, pings by the wall clock and logs addresses that
hold a ticket. So its values are used here (`SocketModeRequest`, `SocketModeResponse`, `apps.connections.open`), and the
connection is aiohttp's.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.slack.attempt import UNREADABLE, Attempt, judge_error, web_client
from sentinel.channels.slack.reply import SLACK
from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome, Sent

log = structlog.get_logger()

OPEN_WITHIN: Final = 15.0  # seconds for the address and for the connection, each
ANSWER_WITHIN: Final = 2.0  # seconds to confirm a click; Slack shows an error after 3
HEARTBEAT: Final = 15.0  # seconds between pings of ours; half of it for the answer
MESSAGE_LIMIT: Final = 512 * 1024  # bytes: a click repeats the message that was clicked
CLOSED_WITHIN: Final = 1.0  # seconds for Slack's farewell
DRAINED_WITHIN: Final = 15.0  # seconds that a connection goes on that Slack is about to close; it warns 10 s before

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries
#: A token that is refused, or an app without Socket Mode, has to be mended by a person.
SLOW_WAIT: Final = 300.0  # seconds
#: A connection that lasted so long was a good one: the next one is tried at once.
GOOD_AFTER: Final = 30.0  # seconds

#: Takes a payload over, without waiting; False when there is too much to do.
Take = Callable[[Mapping[str, Any]], bool]

Problem = Failed | Ambiguous


class Listener:
    """The connection of one app. `run` it as a task; cancel that to end it."""

    def __init__(self, token: Secret, api_url: str, clock: Clock, rng: Random, take: Take) -> None:
        self._token = token
        self._api_url = api_url
        self._clock = clock
        self._rng = rng
        self._take = take
        self._draining: set[asyncio.Task[None]] = set()
        self._tries = 0  # since there was a good connection
        self.connected = False
        self.since = clock.now()  # since when it is connected, or is not
        self.problem = ""  # why there is no connection; empty while there is one

    async def run(self) -> None:
        """Be connected, for ever."""
        try:
            while True:
                began = self._clock.monotonic()
                problem = await self._once()
                if self._clock.monotonic() - began > GOOD_AFTER:
                    self._tries = 0
                self._tries += 1
                await self._clock.sleep(self._pause(problem))
        finally:
            for task in self._draining:
                task.cancel()
            await asyncio.gather(*self._draining, return_exceptions=True)
            self.connected = False

    def _pause(self, problem: Problem | None) -> float:
        if isinstance(problem, Failed) and problem.cause in (Cause.CREDENTIAL_REFUSED, Cause.GONE):
            return SLOW_WAIT * self._rng.uniform(0.9, 1.1)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._tries - 1, 16)) * self._rng.uniform(0.5, 1.5)
        if isinstance(problem, Failed) and problem.retry_after is not None:
            wait = max(wait, min(problem.retry_after.total_seconds(), SLOW_WAIT))
        return wait

    async def _once(self) -> Problem | None:
        """One connection, until it ended or is about to; answers why there was none."""
        answer = await self._address()
        if not isinstance(answer, Sent):
            return self._down(answer)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        serving = None
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                socket = await session.ws_connect(
                    answer.receipt["url"],
                    heartbeat=HEARTBEAT,
                    max_msg_size=MESSAGE_LIMIT,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSED_WITHIN),
                )
            leaving = asyncio.Event()
            serving = asyncio.create_task(self._serve(session, socket, leaving), name="slack socket")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return self._down(Failed(cause=Cause.UNREACHABLE, detail=f"no connection: {type(error).__name__}"))
        finally:
            if serving is None:
                await session.close()
        return await self._until_it_leaves(serving, leaving)

    async def _until_it_leaves(self, serving: "asyncio.Task[None]", leaving: asyncio.Event) -> Problem | None:
        self._draining.add(serving)
        serving.add_done_callback(self._draining.discard)
        warned = asyncio.create_task(leaving.wait())
        try:
            await asyncio.wait([serving, warned], return_when=asyncio.FIRST_COMPLETED)
        finally:
            warned.cancel()
        if serving.done():
            return self._down(Failed(cause=Cause.UNREACHABLE, detail="the connection ended"))
        # The next one is opened while this one still reports clicks.
        asyncio.get_running_loop().call_later(DRAINED_WITHIN, serving.cancel)
        return None

    async def _address(self) -> Outcome:
        """Where to connect, as the `url` of a receipt: it holds a ticket and is good for one connection."""
        attempt = Attempt(self._clock)
        async with attempt.session() as session:
            client = web_client(session, self._token, self._api_url)

            async def ask() -> Outcome:
                try:
                    reply = await client.apps_connections_open(app_token=self._token.reveal())
                except SlackApiError as error:
                    return judge_error(error)
                url = str(reply.get("url", ""))
                return Sent(receipt={"url": url}) if _is_slacks(url, self._api_url) else UNREADABLE

            return await attempt.outcome(ask(), asyncio.get_running_loop().time() + OPEN_WITHIN)

    # --- One connection ---------------------------------------------------------------------------------------------

    async def _serve(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, leaving: asyncio.Event
    ) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(socket, _object(message.data), leaving)
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # the connection ended while a click was confirmed: Slack tells the clicker
        finally:
            await socket.close()
            await session.close()

    async def _hear(
        self, socket: aiohttp.ClientWebSocketResponse, said: dict[str, Any], leaving: asyncio.Event
    ) -> None:
        if said.get("type") == "hello":
            self._up()
        elif said.get("type") == "disconnect":
            leaving.set()
        elif (request := SocketModeRequest.from_dict(said)) is not None:
            if request.type == "interactive" and not self._take(request.payload):
                return  # unconfirmed: Slack shows the clicker that it did not work
            async with asyncio.timeout(ANSWER_WITHIN):
                await socket.send_str(json.dumps(SocketModeResponse(request.envelope_id).to_dict()))

    def _up(self) -> None:
        if not self.connected:
            log.info("slack.listening")
            self.since = self._clock.now()
        self.connected, self.problem = True, ""

    def _down(self, why: Problem) -> Problem:
        if self.connected or not self.problem:
            log.warning("slack.not_listening", reason=why.cause.value, detail=why.detail)
        if self.connected:
            self.since = self._clock.now()
        self.connected, self.problem = False, why.detail
        return why


def _is_slacks(url: str, api_url: str) -> bool:
    """Whether an address that the API named is of the same place: what comes from there decides about incidents."""
    try:
        to, api = urlsplit(url), urlsplit(api_url)
        if api.hostname in SLACK:
            return to.scheme == "wss" and (to.hostname or "").endswith(f".{api.hostname}")
        scheme = "wss" if api.scheme == "https" else "ws"
        return (to.scheme, to.hostname, to.port) == (scheme, api.hostname, api.port)
    except ValueError:
        return False


def _object(text: str) -> dict[str, Any]:
    """What was said, if it is an object in JSON with texts and objects where they have to be; else nothing."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict) or not isinstance(said.get("payload", {}), dict):
        return {}
    return said
