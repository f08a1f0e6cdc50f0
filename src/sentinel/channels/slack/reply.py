"""Answers to clicks: to the clicker alone, or in place of the clicked message.

A `response_url` comes with the click, so it is looked at before anything goes there: only Slack's own host will do, or the host
of `api_url` where that is a gateway.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.slack.attempt import Attempt
from sentinel.channels.slack.blocks import SECTION_LIMIT, Block, escape
from sentinel.core.notification import Cause, Failed, Outcome, Sent

REPLY_WITHIN: Final = 5.0  # seconds
SLACK: Final = frozenset(
    {"slack.com", "slack-gov.com"}
)  # hosts of Slack's API; beside each is `hooks.` of the same name


def is_slacks(url: str, api_url: str) -> bool:
    """Whether an address that came with a click may be answered at.

    Args:
        url: the address.
        api_url: where the channel's API is, from the configuration.
    """
    try:
        to, api = urlsplit(url), urlsplit(api_url)
        if to.username is not None or to.password is not None:
            return False
        if api.hostname in SLACK:
            return (to.scheme, to.hostname, to.port) in {
                ("https", f"hooks.{api.hostname}", port) for port in (None, 443)
            }
        return (to.scheme, to.hostname, to.port) == (api.scheme, api.hostname, api.port)
    except ValueError:
        return False


async def tell_clicker(url: Secret, api_url: str, text: str, clock: Clock) -> Outcome:
    """Show a text to the one who clicked, and to nobody else."""
    body = {"response_type": "ephemeral", "replace_original": False, "text": escape(text)[:SECTION_LIMIT]}
    return await _answer(url, api_url, body, clock)


async def replace_message(url: Secret, api_url: str, text: str, blocks: Sequence[Block], clock: Clock) -> Outcome:
    """Put these blocks in place of the message that was clicked; `text` is in Slack's own form."""
    return await _answer(url, api_url, {"replace_original": True, "text": text, "blocks": list(blocks)}, clock)


async def _answer(url: Secret, api_url: str, body: dict[str, Any], clock: Clock) -> Outcome:
    if not is_slacks(url.reveal(), api_url):
        return Failed(cause=Cause.REFUSED, detail="the address to answer at is not Slack's", permanent=True)
    attempt = Attempt(clock)
    async with attempt.session() as session:
        deadline = asyncio.get_running_loop().time() + REPLY_WITHIN
        return await attempt.outcome(_post(session, url, body), deadline)


async def _post(session: aiohttp.ClientSession, url: Secret, body: dict[str, Any]) -> Outcome:
    async with session.post(url.reveal(), json=body, allow_redirects=False):
        return Sent()
