"""Options of the Slack channel."""

import re
from collections.abc import Mapping
from typing import Final, Self

from pydantic import field_validator, model_validator

from sentinel.base.addresses import checked_url
from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret

_WHEN: Final = re.compile(r"warning|critical|level[1-9][0-9]?")
#: Slack's syntax for calling somebody: the channel, a person, a group.
_CALL: Final = re.compile(r"<(!here|!channel|!everyone|@[UW][A-Z0-9]{2,20}|!subteam\^S[A-Z0-9]{2,20})>")
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,20}")


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
    """Show the recovery in the channel too, not only in the thread of its incident. What got worse or escalated always is."""

    app_token: SecretField | None = None
    """App-level token (`xapp-…`, scope `connections:write`), for buttons by Socket Mode: Sentinel keeps a connection to Slack,
    and nothing has to reach Sentinel from outside."""

    signing_secret: SecretField | None = None
    """Signing secret of the app, for buttons by requests: Slack posts them to `/slack/interactions` of the TCP port of `web`."""

    allowed_users: tuple[str, ...] = ()
    """Slack's ids (`U0123456789`) of those who may use the buttons; empty: everybody who sees the message."""

    @field_validator("allowed_users")
    @classmethod
    def _allowed_users(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_USER.fullmatch(user) for user in value):
            raise ValueError("ids of people as Slack has them, such as U0123456789")
        return value

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

    @model_validator(mode="after")
    def _one_way_back(self) -> Self:
        if self.app_token is not None and self.signing_secret is not None:
            raise ValueError("either `app_token` or `signing_secret`: an app has Socket Mode on or off")
        if self.app_token is not None and not self.app_token.reveal().startswith("xapp-"):
            raise ValueError("an `app_token` that begins with xapp-: the token of the app, not the one of its bot")
        return self

    @property
    def has_buttons(self) -> bool:
        """Whether a click can reach Sentinel."""
        return self.app_token is not None or self.signing_secret is not None
