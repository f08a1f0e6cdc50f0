"""Every way in which a channel can be set up, each towards a port of this host and full of secrets, for the kit."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sentinel.base.clock import SystemClock
from sentinel.channels.base import ChannelTools
from sentinel.channels.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.base.fields import Options
    from sentinel.channels.base import Channel

#: Planted in every secret of every way.
SECRETS = (
    "canary-password",
    "canary-token",
    "canary-path",
    "Y2FuYXJ5LXNpZ25pbmctc2VjcmV0",
    "canary-header",
    "canaryroutingkey",
)
#: What receivers say about people.
PEOPLE = ("jane.doe@example.org", "Jane Doe", "MRN-4711")
RECIPIENT = "jane.doe@example.org"

_SIGNING = "whsec_" + base64.b64encode(b"canary-signing-secret-000").decode()

_WAYS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "email": (
        "email",
        lambda port: {
            "host": "127.0.0.1",
            "port": port,
            "sender": "sentinel@example.org",
            "recipients": [RECIPIENT],
        },
    ),
    "email with a login": (
        "email",
        lambda port: {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "sentinel@example.org",
            "recipients": [RECIPIENT],
            "username": "sentinel",
            "password": "canary-password",
        },
    ),
    "slack with a token": (
        "slack",
        lambda port: {
            "token": "xoxb-canary-token",
            "channel": "#ops",
            "api_url": f"http://127.0.0.1:{port}/api/",
            "app_token": "xapp-canary-token",
        },
    ),
    "slack by webhook": (
        "slack",
        lambda port: {
            "webhook_url": f"http://127.0.0.1:{port}/services/canary-path",
            "signing_secret": "canary-token-of-slack",
        },
    ),
    "webhook": (
        "webhook",
        lambda port: {
            "url": f"http://127.0.0.1:{port}/canary-path?token=canary-token",
            "secret": _SIGNING,
            "headers": {"Authorization": "Bearer canary-header"},
        },
    ),
    "pagerduty": (
        "pagerduty",
        lambda port: {"url": f"http://127.0.0.1:{port}/gateway", "routing_key": "canaryroutingkey" * 2},
    ),
    "opsgenie": (
        "opsgenie",
        lambda port: {"url": f"http://127.0.0.1:{port}/", "api_key": "canary-token", "teams": ["Ops"]},
    ),
    "teams": ("teams", lambda port: {"url": f"http://127.0.0.1:{port}/canary-path?sig=canary-token"}),
    "discord": ("discord", lambda port: {"url": f"http://127.0.0.1:{port}/canary-path/canary-token?thread_id=7"}),
}
NAMES = tuple(_WAYS)
HTTP = tuple(name for name in NAMES if not name.startswith("email"))
KINDS = {kind for kind, _ in _WAYS.values()}


def options(way: str, port: int = 9) -> Options:
    kind, given = _WAYS[way]
    return CATALOGUE[kind].options.model_validate(given(port))


def channel(way: str, port: int) -> Channel:
    kind, _ = _WAYS[way]
    tools = ChannelTools(clock=SystemClock(), source="ward")
    return CATALOGUE[kind].build("alerts", options(way, port), tools)
