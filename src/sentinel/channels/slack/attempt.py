"""One call to Slack: bounded in time and bytes, without redirects, and judged by how far it came.

slack-sdk would repeat a request by itself after a dropped connection, and so post twice (its default retry handler); it
follows redirects, reads replies without a bound and logs URLs. So it gets no retry handlers, a session that refuses
redirects and long replies, and a logger that is silent.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.answer import cut_off, judge_status, not_connected, retry_after, timed_out
from sentinel.channels.slack.answers import final, judge_word
from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome

REPLY_LIMIT: Final = 4_096  # bytes read of a reply that is a word or an error
#: A reply to chat.postMessage repeats the whole message, each character outside of ASCII as six bytes; one to
#: conversations.history has up to 15 messages.
ECHO_LIMIT: Final = 1_000_000  # bytes
_WORD: Final = re.compile(r"[a-z][a-z_]{1,60}")  # Slack's errors are words such as `channel_not_found`

#: In no hierarchy and with no handler, so that no setting makes it speak: slack-sdk logs whole URLs.
SILENT: Final = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001  see above

UNREADABLE: Final = Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="the answer was not Slack's")


def web_client(session: aiohttp.ClientSession, token: Secret, api_url: str) -> AsyncWebClient:
    """slack-sdk's client for one attempt."""
    client = AsyncWebClient(token.reveal(), api_url, session=session, logger=SILENT, retry_handlers=[])
    client.proxy = None  # slack-sdk takes one from the environment, whatever NO_PROXY says
    return client


def word_of(error: SlackApiError) -> str:
    """Slack's word for an error; empty when it gave none."""
    response = error.response
    told = (
        response.get("error") if isinstance(response, AsyncSlackResponse) and isinstance(response.data, dict) else None
    )
    return told if isinstance(told, str) and _WORD.fullmatch(told) else ""


def judge_error(error: SlackApiError) -> Outcome:
    """What an error that Slack answered means for a delivery."""
    word = word_of(error)
    return judge_word(word) if word else UNREADABLE


class Refused(Exception):
    """Slack, or something in its place, answered with a status that is not a success."""

    def __init__(self, outcome: Failed) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _BoundedResponse(aiohttp.ClientResponse):
    """A response of which no more than `ECHO_LIMIT` bytes are read."""

    async def read(self) -> bytes:
        if self._body is None:
            body = b""
            while chunk := await self.content.read(ECHO_LIMIT + 1 - len(body)):
                body += chunk
                if len(body) > ECHO_LIMIT:
                    self.close()
                    raise aiohttp.ClientPayloadError("the reply is too long")
            self._body = body
        return self._body


class Attempt:
    """One attempt: its session with one connection, and how far it came."""

    def __init__(self, clock: Clock) -> None:
        self.left = False  # the request began to leave
        self._clock = clock

    def session(self) -> aiohttp.ClientSession:
        """For this attempt alone; the caller closes it."""
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._leaves)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),  # the attempt's deadline stands above
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=_BoundedResponse,
            middlewares=(self._only_success,),
            trace_configs=[trace],
        )

    async def _leaves(self, _session: aiohttp.ClientSession, _context: SimpleNamespace, _what: Any) -> None:
        self.left = True

    async def _only_success(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        if not 200 <= response.status < 300:
            raise Refused(await self._refusal(response))
        return response

    async def _refusal(self, response: aiohttp.ClientResponse) -> Failed:
        wait = retry_after(response.headers.get("Retry-After"), self._clock.now())
        word = "" if 300 <= response.status < 400 else await _word(response)
        response.close()
        outcome = judge_status(response.status, wait, word=word)
        assert isinstance(outcome, Failed), "a status that is no success"
        return final(word, outcome.detail) or outcome

    async def outcome(self, sending: Awaitable[Outcome], deadline: float) -> Outcome:
        """How the attempt ended. Raises nothing but a cancellation."""
        try:
            async with asyncio.timeout_at(deadline):
                return await sending
        except TimeoutError:
            return timed_out(left=self.left)
        except Refused as refused:
            return refused.outcome
        except aiohttp.ClientConnectorError as error:
            return not_connected(error)
        except (aiohttp.ClientError, OSError):
            return cut_off(left=self.left)
        except (SlackClientError, ValueError, AttributeError, RecursionError):
            # What slack-sdk raises for a reply that is no text, no JSON, no object in JSON, or nested too deep.
            return UNREADABLE


async def _word(response: aiohttp.ClientResponse) -> str:
    """Slack's word for the error, from the first bytes of the reply; empty when there is none."""
    with contextlib.suppress(aiohttp.ClientError, OSError, ValueError, RecursionError):
        text = (await response.content.read(REPLY_LIMIT)).decode().strip()
        told = json.loads(text).get("error", "") if text.startswith("{") else text
        return told if isinstance(told, str) and _WORD.fullmatch(told) else ""
    return ""
