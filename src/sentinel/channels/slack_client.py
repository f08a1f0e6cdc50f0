"""Slack by slack-sdk: posts, updates, and what its answers mean.

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
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.answer import cut_off, judge_status, not_connected, retry_after, timed_out
from sentinel.channels.blocks import Post, post
from sentinel.channels.render import words
from sentinel.channels.slack_post import SlackOptions, compose, metadata
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Notification, Outcome, Receipt, Sent

REPLY_LIMIT: Final = 4_096  # bytes read of a reply that is a word or an error
#: A reply to chat.postMessage repeats the whole message, each character outside of ASCII as six bytes.
ECHO_LIMIT: Final = 262_144  # bytes
UPDATE_WITHIN: Final = 5.0  # seconds for bringing the first message up to date
_WORD: Final = re.compile(r"[a-z][a-z_]{1,60}")  # Slack's errors are words such as `channel_not_found`

#: In no hierarchy and with no handler, so that no setting makes it speak: slack-sdk logs whole URLs.
_SILENT: Final = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001  see above

#: Nobody brings these back: a new channel, bot or address takes their place, and the configuration has to name it.
_GONE: Final = frozenset(
    {"is_archived", "channel_is_archived", "no_service", "no_team", "account_inactive", "token_revoked"}
)
#: The message itself is not taken, and will be the same tomorrow.
_UNUSABLE: Final = frozenset(
    {
        "msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long",
        "too_many_attachments", "invalid_arguments", "invalid_payload",
    }
)  # fmt: skip
#: Whoever runs this can mend these: renew a token, grant a scope, invite the bot (a private channel that it is no member of
#: is `channel_not_found` to it). So they are tried again.
_CREDENTIALS: Final = frozenset(
    {
        "invalid_auth", "not_authed", "token_expired", "missing_scope", "invalid_token", "no_permission",
        "not_allowed_token_type", "access_denied", "org_login_required",
    }
)  # fmt: skip
_REFUSED: Final = frozenset(
    {
        "channel_not_found", "not_in_channel", "restricted_action", "posting_to_general_channel_denied",
        "action_prohibited", "user_not_found",
    }
)  # fmt: skip
_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
#: The thread's first message is gone; the message itself can still be posted.
_NO_THREAD: Final = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message", "invalid_thread_ts"})

_UNREADABLE: Final = Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="the answer was not Slack's")


def judge_word(word: str) -> Failed:
    """What one of Slack's words for an error means for a delivery."""
    detail = f"Slack says {word}"
    if final := _final(word, detail):
        return final
    if word in _LIMITED:
        return Failed(cause=Cause.RATE_LIMITED, detail=detail)
    if word in _CREDENTIALS:
        return Failed(cause=Cause.CREDENTIAL_REFUSED, detail=detail)
    return Failed(cause=Cause.REFUSED if word in _REFUSED else Cause.SERVER_ERROR, detail=detail)


def _final(word: str, detail: str) -> Failed | None:
    """What the words mean after which no other attempt can help; None for all others."""
    if word in _GONE:
        return Failed(cause=Cause.GONE, detail=detail, permanent=True)
    return Failed(cause=Cause.REFUSED, detail=detail, permanent=True) if word in _UNUSABLE else None


class _Refused(Exception):
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


class _Attempt:
    """One attempt: its session with one connection, and how far it came."""

    def __init__(self, clock: Clock) -> None:
        self.left = False  # the request began to leave
        self._clock = clock

    def session(self) -> aiohttp.ClientSession:
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
            raise _Refused(await self._refusal(response))
        return response

    async def _refusal(self, response: aiohttp.ClientResponse) -> Failed:
        wait = retry_after(response.headers.get("Retry-After"), self._clock.now())
        word = "" if 300 <= response.status < 400 else await _word(response)
        response.close()
        outcome = judge_status(response.status, wait, word=word)
        assert isinstance(outcome, Failed), "a status that is no success"
        return _final(word, outcome.detail) or outcome

    async def outcome(self, sending: Awaitable[Outcome], deadline: float) -> Outcome:
        """How the attempt ended. Raises nothing but a cancellation."""
        try:
            async with asyncio.timeout_at(deadline):
                return await sending
        except TimeoutError:
            return timed_out(left=self.left)
        except _Refused as refused:
            return refused.outcome
        except aiohttp.ClientConnectorError as error:
            return not_connected(error)
        except (aiohttp.ClientError, OSError):
            return cut_off(left=self.left)
        except (SlackClientError, ValueError, AttributeError, RecursionError):
            # What slack-sdk raises for a reply that is no text, no JSON, no object in JSON, or nested too deep.
            return _UNREADABLE


async def _word(response: aiohttp.ClientResponse) -> str:
    """Slack's word for the error, from the first bytes of the reply; empty when there is none."""
    with contextlib.suppress(aiohttp.ClientError, OSError, ValueError, RecursionError):
        text = (await response.content.read(REPLY_LIMIT)).decode().strip()
        told = json.loads(text).get("error", "") if text.startswith("{") else text
        return told if isinstance(told, str) and _WORD.fullmatch(told) else ""
    return ""


class SlackHook:
    """An incoming webhook."""

    def __init__(self, options: SlackOptions, url: Secret, clock: Clock) -> None:
        self._options = options
        self._url = url
        self._clock = clock

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        attempt = _Attempt(self._clock)
        async with attempt.session() as session:
            return await attempt.outcome(self._send(session, notification), deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""

    async def _send(self, session: aiohttp.ClientSession, notification: Notification) -> Outcome:
        client = AsyncWebhookClient(self._url.reveal(), session=session, logger=_SILENT, retry_handlers=[])
        client.proxy = None  # slack-sdk takes one from the environment, whatever NO_PROXY says
        composed = compose(self._options, notification)
        reply = await client.send(
            text=composed.text,
            blocks=composed.blocks,
            unfurl_links=False,
            unfurl_media=False,
            metadata=metadata(notification),
        )
        if reply.body.strip() == "ok":
            return Sent()
        return Ambiguous(cause=Cause.PROTOCOL_ERROR, detail="answered with success, but not with `ok`")


class SlackBot:
    """A bot with a token."""

    def __init__(self, options: SlackOptions, token: Secret, clock: Clock) -> None:
        self._options = options
        self._token = token
        self._clock = clock

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:
        thread = first if first and first.get("ts") and first.get("channel") else None
        attempt = _Attempt(self._clock)
        async with attempt.session() as session:
            client = self._client(session)
            outcome = await attempt.outcome(self._post(client, notification, thread), deadline)
            if isinstance(outcome, Sent) and thread is not None:
                # Lets the first message show the present state. The news has arrived, so a failure here changes nothing.
                limit = min(deadline, asyncio.get_running_loop().time() + UPDATE_WITHIN)
                await attempt.outcome(self._update(client, notification, thread), limit)
            return outcome

    async def close(self) -> None:
        """Holds nothing between attempts."""

    def _client(self, session: aiohttp.ClientSession) -> AsyncWebClient:
        client = AsyncWebClient(
            self._token.reveal(), self._options.api_url, session=session, logger=_SILENT, retry_handlers=[]
        )
        client.proxy = None  # slack-sdk takes one from the environment, whatever NO_PROXY says
        return client

    async def _post(self, client: AsyncWebClient, notification: Notification, thread: Receipt | None) -> Outcome:
        composed = compose(self._options, notification)
        try:
            return _receipt(await self._call(client, notification, composed, thread))
        except SlackApiError as error:
            word = _word_of(error)
            if thread is None or word not in _NO_THREAD:
                return judge_word(word) if word else _UNREADABLE
        return await self._post(client, notification, None)

    async def _call(
        self, client: AsyncWebClient, notification: Notification, composed: Post, thread: Receipt | None
    ) -> AsyncSlackResponse:
        broadcast = self._options.broadcast_resolved and notification.message.kind is Kind.RESOLVED
        return await client.chat_postMessage(
            channel=thread["channel"] if thread else self._options.channel,
            text=composed.text,
            blocks=composed.blocks,
            thread_ts=thread["ts"] if thread else None,
            reply_broadcast=broadcast if thread else None,
            unfurl_links=False,
            unfurl_media=False,
            metadata=metadata(notification),
        )

    async def _update(self, client: AsyncWebClient, notification: Notification, first: Receipt) -> Outcome:
        present = post(words(notification.message))
        await client.chat_update(channel=first["channel"], ts=first["ts"], text=present.text, blocks=present.blocks)
        return Sent()


def _receipt(reply: AsyncSlackResponse) -> Outcome:
    ts, channel = reply.get("ts"), reply.get("channel")
    if isinstance(ts, str) and isinstance(channel, str):
        return Sent(receipt={"ts": ts, "channel": channel})
    return Sent()


def _word_of(error: SlackApiError) -> str:
    response = error.response
    told = (
        response.get("error") if isinstance(response, AsyncSlackResponse) and isinstance(response.data, dict) else None
    )
    return told if isinstance(told, str) and _WORD.fullmatch(told) else ""
