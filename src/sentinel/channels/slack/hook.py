"""Slack by an incoming webhook: one message each. It has no threads, and nothing it posted can be changed by it."""

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.slack.attempt import SILENT, Attempt
from sentinel.channels.slack.compose import compose, metadata
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.wording import Wording
from sentinel.core.notification import Ambiguous, Cause, Notification, Outcome, Receipt, Sent


class SlackHook:
    """An incoming webhook."""

    def __init__(self, name: str, options: SlackOptions, url: Secret, clock: Clock, wording: Wording) -> None:
        self._name = name
        self._options = options
        self._url = url
        self._clock = clock
        self._wording = wording

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        attempt = Attempt(self._clock)
        async with attempt.session() as session:
            return await attempt.outcome(self._send(session, notification), deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""

    async def _send(self, session: aiohttp.ClientSession, notification: Notification) -> Outcome:
        client = AsyncWebhookClient(self._url.reveal(), session=session, logger=SILENT, retry_handlers=[])
        client.proxy = None  # slack-sdk takes one from the environment, whatever NO_PROXY says
        composed = compose(self._name, self._options, notification, self._wording)
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
