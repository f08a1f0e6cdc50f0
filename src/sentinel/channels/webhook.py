"""The webhook channel: one signed POST of JSON to a URL, as Standard Webhooks describe (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import structlog
from pydantic import field_validator

from sentinel.base.addresses import checked_url
from sentinel.base.clock import Clock
from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.base.units import format_duration
from sentinel.channels.base import ChannelKind, ChannelTools, Rehearsal
from sentinel.channels.fields import CaFile
from sentinel.channels.payload import dump, payload
from sentinel.channels.poster import TIMEOUT, Post, Poster
from sentinel.channels.wording import Wording
from sentinel.core.notification import Cause, Failed, Kind, Notification, Outcome, Receipt

log = structlog.get_logger()

#: An order to undo a deployment is sent no later than this after its time: what was right then may be wrong after a night in
#: which Sentinel was down.
LATEST: Final = timedelta(minutes=10)

_PREFIX: Final = "whsec_"
_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64  # bytes, by the specification of Standard Webhooks
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*")
#: These follow from the message itself.
_OWN_HEADERS: Final = frozenset(
    {
        "host", "content-length", "content-type", "connection", "transfer-encoding", "expect", "user-agent",
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }
)  # fmt: skip


class WebhookOptions(Options):
    """A URL that gets every message as signed JSON."""

    url: SecretField
    """Where to post, with http:// or https://. It is kept secret, because many such addresses hold a token."""

    secret: SecretField | None = None
    """Signs each message, so that the receiver can tell who sent it: `whsec_` and 24 to 64 bytes in base64, as the
    receiver gives it. Without it messages go unsigned, and Sentinel warns of that when it starts."""

    headers: Mapping[str, SecretField] = {}
    """More headers for each request, such as `Authorization`. The values are kept secret."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this address instead of the system's."""

    _url = field_validator("url")(checked_url)

    @field_validator("secret")
    @classmethod
    def _secret(cls, value: Secret | None) -> Secret | None:
        if value is not None and not _SHORTEST_SECRET <= len(_key(value)) <= _LONGEST_SECRET:
            raise ValueError("`whsec_` followed by 24 to 64 bytes in base64")
        return value

    @field_validator("headers")
    @classmethod
    def _headers(cls, value: Mapping[str, Secret]) -> Mapping[str, Secret]:
        for name, text in value.items():
            if not _TOKEN.fullmatch(name) or name.lower() in _OWN_HEADERS:
                raise ValueError("names of headers that Sentinel does not set itself, such as Authorization")
            if not _VISIBLE.fullmatch(text.reveal()):
                raise ValueError("values of headers in visible ASCII characters")
        return value


def _key(secret: Secret) -> bytes:
    try:
        return base64.b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return b""


def signature(secret: Secret, key: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` for a body: HMAC-SHA256 over id, time and body."""
    signed = b".".join((key.encode(), str(timestamp).encode(), body))
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


class Webhook:
    """Posts to one URL."""

    def __init__(self, options: WebhookOptions, clock: Clock, wording: Wording | None = None) -> None:
        self._options = options
        self._clock = clock
        self._wording = wording or Wording()
        self._poster = Poster(options.url, clock, ca_file=options.ca_file)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        if notification.message.kind is Kind.ROLLBACK and (refused := self._too_late(notification)):
            return refused
        return await self._poster.post((self._post(notification),), deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""

    def rehearse(self, order: Notification) -> Rehearsal:
        """What `send` would post; of the URL no more than the host, since the rest may be a token."""
        return Rehearsal(
            url=_shown(self._options.url), body=self._post(order).content.decode(), timeout=timedelta(seconds=TIMEOUT)
        )

    def _too_late(self, order: Notification) -> Failed | None:
        late = self._clock.now() - (order.due_at or order.created_at)
        if late <= LATEST:
            return None
        detail = f"its time was over {format_duration(late - LATEST)} ago"
        return Failed(cause=Cause.TOO_LATE, detail=detail, permanent=True)

    def _post(self, notification: Notification) -> Post:
        content = dump(payload(notification, self._wording.words))
        headers = {name: value.reveal() for name, value in self._options.headers.items()}
        headers |= self._standard_headers(notification.key, content)
        return Post(url=self._options.url, content=content, headers=headers)

    def _standard_headers(self, key: str, body: bytes) -> dict[str, str]:
        timestamp = int(self._clock.now().timestamp())
        headers = {"webhook-id": key, "webhook-timestamp": str(timestamp)}
        if self._options.secret is not None:
            headers["webhook-signature"] = signature(self._options.secret, key, timestamp, body)
        return headers


def _shown(url: Secret) -> str:
    parts = urlsplit(url.reveal())
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}/…"


def _build(name: str, options: WebhookOptions, tools: ChannelTools) -> Webhook:
    if options.secret is None:
        log.warning("channel.unsigned", channel=name, hint="set `secret`, so that the receiver can tell who sends")
    return Webhook(options, tools.clock, tools.wording)


WEBHOOK: Final = ChannelKind(
    name="webhook",
    summary="Posts each message as JSON to a URL, signed as Standard Webhooks describe.",
    options=WebhookOptions,
    build=_build,
    timeout=TIMEOUT,
    at_once=32,  # a receiver is a program: it can take a storm as it is
)
