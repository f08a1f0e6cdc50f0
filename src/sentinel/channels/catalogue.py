"""Every kind of channel, by name. What a kind needs is imported when a channel of it is built."""

from typing import Final

from sentinel.channels.apprise import APPRISE
from sentinel.channels.base import ChannelKind
from sentinel.channels.command import COMMAND
from sentinel.channels.discord import DISCORD
from sentinel.channels.email import EMAIL
from sentinel.channels.opsgenie import OPSGENIE
from sentinel.channels.pagerduty import PAGERDUTY
from sentinel.channels.slack import SLACK
from sentinel.channels.teams import TEAMS
from sentinel.channels.webhook import WEBHOOK

_KINDS: Final = (EMAIL, SLACK, TEAMS, DISCORD, PAGERDUTY, OPSGENIE, WEBHOOK, APPRISE, COMMAND)

CATALOGUE: Final[dict[str, ChannelKind]] = {kind.name: kind for kind in _KINDS}
