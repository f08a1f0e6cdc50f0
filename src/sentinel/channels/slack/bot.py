"""Slack by a bot's token: a thread for each incident, whose first message shows the present state.

What people do to a thread must lose no news. A reply to a message that was deleted is put into the channel by Slack itself,
and only its answer tells so; a first message that cannot be changed any more is succeeded by another one.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.slack.answers import NO_THREAD, NO_UPDATE, judge_word
from sentinel.channels.slack.attempt import Attempt, judge_error, web_client, word_of
from sentinel.channels.slack.blocks import Post
from sentinel.channels.slack.compose import EVENT, compose, first_post, is_broadcast, metadata
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.slack.threads import Threads
from sentinel.channels.wording import Wording
from sentinel.core.notification import Failed, Kind, Message, Notification, Outcome, Receipt, Sent

UPDATE_WITHIN: Final = 5.0  # seconds for bringing the first message up to date
LOOK_WITHIN: Final = 4.0  # seconds for finding out whether a message is there already

#: Messages that are looked through for a key. Slack gives apps outside of its directory no more in one call.
LOOKED_THROUGH: Final = 15
#: A message may be a little older on Slack's clock than its row is on ours.
_CLOCKS_APART: Final = timedelta(minutes=2)

#: First messages that are brought up to date after a digest, within `UPDATE_WITHIN` together.
MOST_TURNED: Final = 20


class SlackBot:
    """A bot with a token."""

    def __init__(self, name: str, options: SlackOptions, token: Secret, clock: Clock, wording: Wording) -> None:
        self._name = name
        self._options = options
        self._token = token
        self._clock = clock
        self._wording = wording
        self._threads = Threads()
        self._canaries: dict[str, Receipt] = {}  # the latest of each recipient: one message, brought up to date
        self._ids: dict[str, str] = {}  # of channels and conversations, by what they were addressed by

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:
        """As `Channel.send` says.

        1. Look for the message, where an attempt before this one may have arrived.
        2. Post it, into the thread if there is one.
        3. Bring the thread's first message up to date. The news has arrived, so a failure here changes nothing.
        """
        attempt = Attempt(self._clock)
        async with attempt.session() as session:
            client = web_client(session, self._token, self._options.api_url)
            if notification.message.kind is Kind.CANARY:
                return await attempt.outcome(self._canary(client, notification), deadline)
            thread = self._threads.top(first)
            found = await self._found(client, notification, thread, deadline) if notification.is_repeat else None
            outcome = found or await attempt.outcome(self._post(client, notification, thread), deadline)
            if isinstance(outcome, Sent):
                limit = min(deadline, asyncio.get_running_loop().time() + UPDATE_WITHIN)
                updating = self._bring_up_to_date(client, notification, first, thread, outcome.receipt)
                await Attempt(self._clock).outcome(updating, limit)
            return outcome

    async def close(self) -> None:
        """Holds nothing between attempts."""

    # --- Posting ----------------------------------------------------------------------------------------------------

    async def _post(self, client: AsyncWebClient, notification: Notification, thread: Receipt | None) -> Outcome:
        composed = await self._composed(notification, reply=thread is not None)
        try:
            return self._receipt(notification, await self._call(client, notification, composed, thread), thread)
        except SlackApiError as error:
            if thread is None or word_of(error) not in NO_THREAD:
                return judge_error(error)
        return await self._post(client, notification, None)

    async def _composed(self, notification: Notification, *, reply: bool) -> Post:
        # A digest of thousands takes tens of milliseconds: not on the loop that schedules probes.
        return await asyncio.to_thread(compose, self._name, self._options, notification, self._wording, reply=reply)

    async def _call(
        self, client: AsyncWebClient, notification: Notification, composed: Post, thread: Receipt | None
    ) -> AsyncSlackResponse:
        return await client.chat_postMessage(
            channel=thread["channel"] if thread else self._channel(notification),
            text=composed.text,
            blocks=composed.blocks,
            thread_ts=thread["ts"] if thread else None,
            reply_broadcast=is_broadcast(self._options, notification.message) if thread else None,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            metadata=metadata(notification),
        )

    def _channel(self, notification: Notification) -> str:
        """Where a new message goes: to the address's own channel or person, or to the channel of the options."""
        return notification.address.recipient or self._options.channel

    def _receipt(self, notification: Notification, reply: AsyncSlackResponse, thread: Receipt | None) -> Sent:
        ts, channel = reply.get("ts"), reply.get("channel")
        if not isinstance(ts, str) or not isinstance(channel, str):
            return Sent()
        self._ids[self._channel(notification)] = channel
        threaded = {"thread_ts": thread["ts"]} if thread and _is_threaded(reply) else {}
        return Sent(receipt={"ts": ts, "channel": channel, **threaded})

    # --- The thread's first message ---------------------------------------------------------------------------------

    async def _bring_up_to_date(
        self,
        client: AsyncWebClient,
        notification: Notification,
        opening: Receipt | None,
        thread: Receipt | None,
        sent: Receipt,
    ) -> Outcome:
        """Let first messages show the present state.

        Args:
            client: for the calls.
            notification: the message that was just sent.
            opening: the first message of its thread that the store knows.
            thread: the one below which the thread goes on.
            sent: what Slack said of the message that was just sent.
        """
        recipient, message = notification.address.recipient, notification.message
        if message.kind is Kind.REPORT:
            return Sent()  # the papers of a deployment stand in its thread, and say nothing of how it goes
        for top, shown in islice(self._threads.turned(recipient, message), MOST_TURNED):
            await self._show(client, notification, top, top, shown)
        if opening is None or thread is None:
            self._threads.note(recipient, message, sent)
            return Sent()
        self._threads.note(recipient, message, thread)
        if sent and "thread_ts" not in sent:
            # Slack put the reply into the channel, since the thread's first message is gone: it is the first one now.
            self._threads.move(opening, sent)
            thread = sent
        return await self._show(client, notification, opening, thread, message)

    async def _show(
        self, client: AsyncWebClient, notification: Notification, opening: Receipt, top: Receipt, message: Message
    ) -> Outcome:
        """Let a thread's first message show the state after a message, or have another one take its place."""
        informs = self._threads.informs(notification.address.recipient, message)
        present = await asyncio.to_thread(
            first_post, self._name, self._options, message, self._wording, informs=informs
        )
        try:
            return await self._update(client, top, present)
        except SlackApiError as error:
            if word_of(error) not in NO_UPDATE:
                return judge_error(error)
        successor = self._receipt(notification, await self._call(client, notification, present, None), None).receipt
        if successor:
            self._threads.move(opening, successor)
        return Sent()

    async def _update(self, client: AsyncWebClient, at: Receipt, shown: Post) -> Outcome:
        await client.chat_update(
            channel=at["channel"], ts=at["ts"], text=shown.text, blocks=shown.blocks, parse="none", link_names=False
        )
        return Sent()

    # --- Canaries ---------------------------------------------------------------------------------------------------

    async def _canary(self, client: AsyncWebClient, notification: Notification) -> Outcome:
        """Bring the canary before this one up to date; the first one, or one that is gone, is posted."""
        recipient = notification.address.recipient
        known = self._canaries.get(recipient)
        try:
            if known is not None:
                await self._update(client, known, await self._composed(notification, reply=False))
                return Sent(receipt=known)
        except SlackApiError as error:
            if word_of(error) not in NO_UPDATE:
                return judge_error(error)
        outcome = await self._post(client, notification, None)
        if isinstance(outcome, Sent) and outcome.receipt:
            self._canaries[recipient] = outcome.receipt
        return outcome

    # --- Repeats ----------------------------------------------------------------------------------------------------

    async def _found(
        self, client: AsyncWebClient, notification: Notification, thread: Receipt | None, deadline: float
    ) -> Sent | None:
        """The message, if an attempt before has brought it there. None also when the bot may not read what is there."""
        limit = min(deadline, asyncio.get_running_loop().time() + LOOK_WITHIN)
        outcome = await Attempt(self._clock).outcome(self._look(client, notification, thread), limit)
        return outcome if isinstance(outcome, Sent) else None

    async def _look(self, client: AsyncWebClient, notification: Notification, thread: Receipt | None) -> Outcome:
        channel = thread["channel"] if thread else self._id(notification)
        if not channel:
            return _NOT_FOUND
        since = str((notification.created_at - _CLOCKS_APART).timestamp())
        limits: dict[str, Any] = {"oldest": since, "limit": LOOKED_THROUGH, "include_all_metadata": True}
        try:
            if thread:
                reply = await client.conversations_replies(channel=channel, ts=thread["ts"], **limits)
            else:
                reply = await client.conversations_history(channel=channel, **limits)
        except SlackApiError:
            return _NOT_FOUND
        return next((_sent(one, channel) for one in _messages(reply) if _key(one) == notification.key), _NOT_FOUND)

    def _id(self, notification: Notification) -> str:
        """The id of the channel, by which alone its history can be read; empty as long as only its name is known."""
        channel = self._channel(notification)
        return self._ids.get(channel) or (channel if channel[:1] in ("C", "G", "D") else "")


_NOT_FOUND: Final[Failed] = judge_word("message_not_found")


def _is_threaded(reply: AsyncSlackResponse) -> bool:
    """Whether Slack put the message into the thread that was asked for. An answer without the message says nothing else."""
    message = reply.get("message")
    return not isinstance(message, dict) or "thread_ts" in message


def _messages(reply: AsyncSlackResponse) -> list[Mapping[str, Any]]:
    messages = reply.get("messages")
    return [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []


def _key(message: Mapping[str, Any]) -> str:
    """The key in a message's metadata; empty when it has none of ours."""
    kept = message.get("metadata")
    if not isinstance(kept, dict) or kept.get("event_type") != EVENT or not isinstance(kept.get("event_payload"), dict):
        return ""
    return str(kept["event_payload"].get("key", ""))


def _sent(message: Mapping[str, Any], channel: str) -> Sent:
    ts, thread = message.get("ts"), message.get("thread_ts")
    threaded = {"thread_ts": thread} if isinstance(thread, str) else {}
    return Sent(receipt={"ts": ts, "channel": channel, **threaded}) if isinstance(ts, str) else Sent()
