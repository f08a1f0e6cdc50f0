"""Options of the Slack channel, and what is posted by them."""

import re
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import field_validator, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.channels.blocks import Post, post
from sentinel.channels.fields import checked_url
from sentinel.channels.render import words
from sentinel.core.notification import Kind, Message, Notification

EVENT: Final = "sentinel_notification"  # type of the metadata that carries the key

_WHEN: Final = re.compile(r"warning|critical|level[1-9][0-9]?")
#: Slack's syntax for calling somebody: the channel, a person, a group.
_CALL: Final = re.compile(r"<(!here|!channel|!everyone|@[UW][A-Z0-9]{2,20}|!subteam\^S[A-Z0-9]{2,20})>")
#: Only these call somebody; news of recovery wakes nobody.
_CALLING: Final = frozenset(
    {Kind.OPENED, Kind.WORSENED, Kind.ESCALATED, Kind.REMINDED, Kind.ACKNOWLEDGEMENT_EXPIRED, Kind.STORE_DOWN}
)


class SlackOptions(Options):
    """Either `token` and `channel`, or `webhook_url`."""

    token: SecretField | None = None
    """Token of a bot (`xoxb-…`) with the scope `chat:write`. The bot must be a member of the channel."""

    channel: str = ""
    """The channel to post to, by its id (`C0123456789`, better, since a channel can be renamed) or as `#name`."""

    webhook_url: SecretField | None = None
    """Address of an incoming webhook, instead of a token. It has no threads and cannot update a message."""

    api_url: str = "https://slack.com/api/"
    """Where Slack's API is; another address leads through a gateway of your own."""

    mentions: Mapping[str, str] = {}
    """Whom to call, by severity or level of escalation: `{"critical": "<!here>", "level2": "<!subteam^S0123456789>"}`."""

    broadcast_resolved: bool = False
    """Show the recovery in the channel too, not only in the thread of its incident."""

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if value and not re.fullmatch(r"#?[^\s#@<>&]{1,80}", value):
            raise ValueError("a channel's id such as C0123456789, or its name such as #alerts")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _webhook_url(cls, value: Secret | None) -> Secret | None:
        return value and checked_url(value)

    @field_validator("api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        checked_url(Secret(value))
        return value if value.endswith("/") else f"{value}/"

    @field_validator("mentions")
    @classmethod
    def _mentions(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for when, call in value.items():
            if not _WHEN.fullmatch(when):
                raise ValueError("keys `warning`, `critical`, or `level1`, `level2` …")
            if not all(_CALL.fullmatch(one) for one in call.split()):
                raise ValueError("calls in Slack's syntax: <!here>, <!channel>, <@U0123456789>, <!subteam^S0123456789>")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.token is None) == (self.webhook_url is None):
            raise ValueError("either `token` with `channel`, or `webhook_url`")
        if self.token is not None and not self.channel:
            raise ValueError("`channel` beside `token`: the channel to post to")
        return self


def compose(options: SlackOptions, notification: Notification) -> Post:
    """The message as it is posted."""
    message = notification.message
    return post(words(message), mention=mention(options.mentions, message), repeat=notification.is_repeat)


def mention(mentions: Mapping[str, str], message: Message) -> str:
    """Whom the message calls: by its level of escalation where that has a mention, otherwise by its severity."""
    if message.kind not in _CALLING:
        return ""
    level = message.incident.level if message.incident else 0
    return mentions.get(f"level{level}") or mentions.get(message.severity.name.lower(), "")


def metadata(notification: Notification) -> dict[str, Any]:
    """What goes along unseen, by which a repeat can be told."""
    message = notification.message
    incident = {"incident": message.incident.id} if message.incident else {}
    return {"event_type": EVENT, "event_payload": {"key": notification.key, "kind": message.kind.value, **incident}}
