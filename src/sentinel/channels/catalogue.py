"""Every kind of channel, by name. What a kind needs is imported when a channel of it is built."""

from typing import Final

from sentinel.channels.base import ChannelKind
from sentinel.channels.command import COMMAND
from sentinel.channels.email import EMAIL
from sentinel.channels.slack import SLACK
from sentinel.channels.webhook import WEBHOOK

CATALOGUE: Final[dict[str, ChannelKind]] = {kind.name: kind for kind in (EMAIL, SLACK, WEBHOOK, COMMAND)}
