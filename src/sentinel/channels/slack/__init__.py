"""The Slack channel: by a bot's token, with a thread per incident, or by an incoming webhook.

With a token the first message of an incident stands in the channel and is kept up to date; all others go into its thread.
Slack has no idempotency key: a repeat after an ambiguous attempt is marked, and carries the same key in its metadata.
"""

import re
from typing import Final

from sentinel.channels.base import FOR_PEOPLE, Channel, ChannelKind, ChannelTools
from sentinel.channels.slack.options import SlackOptions

_ID: Final = re.compile(r"[UWCDG][A-Z0-9]{4,20}")

TIMEOUT: Final = 20.0  # seconds for one attempt


def _build(name: str, options: SlackOptions, tools: ChannelTools) -> Channel:
    # slack-sdk and aiohttp take 25 MB and a quarter of a second: only who has such a channel pays for them.
    from sentinel.channels.slack.bot import SlackBot  # noqa: PLC0415
    from sentinel.channels.slack.hook import SlackHook  # noqa: PLC0415

    if options.webhook_url is not None:
        return SlackHook(name, options, options.webhook_url, tools.clock, tools.wording)
    assert options.token is not None, "checked by the options"
    return SlackBot(name, options, options.token, tools.clock, tools.wording)


def _own_address(options: SlackOptions, written: str) -> str:
    if options.webhook_url is not None:
        raise ValueError("no `recipient`: an incoming webhook has one address; people are reached with a bot's token")
    if not _ID.fullmatch(written):
        raise ValueError("the id of a Slack user or channel, such as U012AB3CD: their profile shows it")
    return written


SLACK: Final = ChannelKind(
    name="slack",
    summary="Posts to a Slack channel, one thread per incident, or to an incoming webhook.",
    options=SlackOptions,
    build=_build,
    own_address=_own_address,
    timeout=TIMEOUT,
    gap=1.0,  # about one message a second per channel, api.slack.com/docs/rate-limits
    budget=FOR_PEOPLE,
)
