"""Verifies and shows webhooks signed as Standard Webhooks do (https://www.standardwebhooks.com)."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from examples.sink.arrivals import Kind, Message

TOLERANCE = 300  # seconds a timestamp may be off, as the specification's own libraries have it


class WebhookRefusedError(Exception):
    """The call is not what it must be; the message says why and may be sent back."""


def key_of(secret: str) -> bytes:
    """The key within a whsec_ secret. ValueError when it is none."""
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret starts with whsec_")
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def verify(headers: Mapping[str, str], body: bytes, key: bytes, now: float) -> None:
    """WebhookRefusedError unless the call was signed with the key within the tolerance of `now` (seconds)."""
    sent_at = headers.get("webhook-timestamp", "")
    if not headers.get("webhook-id") or not sent_at.isascii() or not sent_at.isdigit():
        raise WebhookRefusedError("webhook-id or webhook-timestamp is missing")
    if abs(int(sent_at[:12]) - now) > TOLERANCE:
        raise WebhookRefusedError("webhook-timestamp is too far off")
    expected = hmac.digest(key, f"{headers['webhook-id']}.{sent_at}.".encode() + body, "sha256")
    if not any(hmac.compare_digest(expected, given) for given in signatures(headers)):
        raise WebhookRefusedError("webhook-signature does not match")


def signatures(headers: Mapping[str, str]) -> list[bytes]:
    """The v1 signatures of the header; several while a secret is being changed."""
    found: list[bytes] = []
    for item in headers.get("webhook-signature", "").split()[:10]:
        version, _, text = item.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(text, validate=True))
            except binascii.Error:
                continue
    return found


def readable(headers: Mapping[str, str], body: bytes, key: bytes | None) -> Message:
    """The call as a message; WebhookRefusedError when it is not in order."""
    try:
        content = json.loads(body)
    except ValueError:
        raise WebhookRefusedError("the body is not JSON") from None
    if key is not None:
        verify(headers, body, key, time.time())
    facts = content if isinstance(content, dict) else {}
    name = facts.get("summary") or facts.get("type")
    identity = headers.get("webhook-id", "")
    return Message(
        kind=Kind.WEBHOOK,
        title=name if isinstance(name, str) else "webhook",
        text=json.dumps(content, indent=2, ensure_ascii=False),
        facts=(("webhook-id", identity), ("Signature", "verified" if key else "not checked: no secret is set")),
        key=f"webhook {identity}" if identity else "",
        thread=conversation(facts),
    )


def conversation(facts: Mapping[str, Any]) -> str:
    """The incident that a call of Sentinel is about, or whose conversation it continues; empty for all other calls."""
    incident = facts.get("incident")
    number = incident.get("thread") or incident.get("id") if isinstance(incident, dict) else None
    return f"webhook incident {number}" if isinstance(number, int) else ""
