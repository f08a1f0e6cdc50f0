"""The webhook channel against a real receiver."""

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import structlog.testing
import trustme
from pydantic import ValidationError

from sentinel.base.clock import SystemClock
from sentinel.channels.base import ChannelTools
from sentinel.channels.webhook import WEBHOOK, Webhook, WebhookOptions
from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome, Sent
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.messages import notification
from tests.kit.ports import refusing_port

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def webhook(url: str, **options: Any) -> Webhook:
    return Webhook(WebhookOptions.model_validate({"url": url, **options}), SystemClock())


async def send(channel: Webhook, *, within: float = 5.0) -> Outcome:
    return await channel.send(notification(), None, asyncio.get_running_loop().time() + within)


def failure(outcome: Outcome) -> tuple[Cause, bool]:
    assert isinstance(outcome, Failed)
    return outcome.cause, outcome.permanent


async def test_a_receiver_can_verify_who_sent_it(receiver: HttpReceiver) -> None:
    """H26."""
    assert await send(webhook(receiver.url, secret=SECRET)) == Sent()
    (request,) = receiver.requests
    verified = standardwebhooks.Webhook(SECRET).verify(request.body, dict(request.headers))
    assert verified["summary"].startswith("[CRITICAL] Payroll API")


async def test_a_changed_body_does_not_verify(receiver: HttpReceiver) -> None:
    await send(webhook(receiver.url, secret=SECRET))
    (request,) = receiver.requests
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(request.body.replace(b"CRITICAL", b"WARNING"), dict(request.headers))


async def test_a_repeat_has_the_same_id_and_a_fresh_time(receiver: HttpReceiver) -> None:
    """H26."""
    clock = FakeClock()
    channel = Webhook(WebhookOptions.model_validate({"url": receiver.url, "secret": SECRET}), clock)
    await send(channel)
    clock.step(minutes=5)
    await send(channel)
    one, two = ((r.headers["webhook-id"], int(r.headers["webhook-timestamp"])) for r in receiver.requests)
    assert one[0] == two[0] == "m-12-1-mail"
    assert two[1] - one[1] == 300


async def test_configured_headers_go_along(receiver: HttpReceiver) -> None:
    await send(webhook(f"{receiver.url}/hook?team=ops", headers={"Authorization": "Bearer t"}))
    (request,) = receiver.requests
    assert (request.method, request.target) == ("POST", "/hook?team=ops")
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/json"


async def test_unsigned_messages_say_so_by_having_no_signature(receiver: HttpReceiver) -> None:
    await send(webhook(receiver.url))
    assert "webhook-signature" not in receiver.requests[0].headers


def test_an_unsigned_channel_is_warned_of() -> None:
    options = WebhookOptions.model_validate({"url": "http://127.0.0.1:9/private-path"})
    with structlog.testing.capture_logs() as events:
        WEBHOOK.build("ops-hook", options, ChannelTools(clock=SystemClock(), source="ward"))
    assert [(event["event"], event["channel"]) for event in events] == [("channel.unsigned", "ops-hook")]
    assert "private-path" not in str(events)


@pytest.mark.parametrize("script", [Drop(), Drop(reset=True)])
async def test_a_cut_after_the_request_is_ambiguous(receiver: HttpReceiver, script: Drop) -> None:
    receiver.answer = script
    assert isinstance(await send(webhook(receiver.url)), Ambiguous)


async def test_no_answer_in_time_is_ambiguous(receiver: HttpReceiver) -> None:
    """H23."""
    receiver.answer = Answer(after=asyncio.Event())
    outcome = await send(webhook(receiver.url), within=0.2)
    assert outcome == Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")


async def test_a_refused_connection_is_tried_again() -> None:
    with refusing_port() as port:
        assert failure(await send(webhook(f"http://127.0.0.1:{port}"))) == (Cause.UNREACHABLE, False)


async def test_a_receiver_that_is_not_trusted_gets_nothing(authority: trustme.CA) -> None:
    async with HttpReceiver(tls=server_context(authority)) as receiver:
        assert failure(await send(webhook(receiver.url))) == (Cause.TLS_FAILED, False)
        assert len(receiver.requests) == 0


async def test_an_authority_of_ones_own_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with HttpReceiver(tls=server_context(authority)) as receiver:
        assert await send(webhook(receiver.url, ca_file=tmp_path / "ca.pem")) == Sent()


async def test_how_long_to_wait_is_taken_from_the_receiver(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=429, headers={"Retry-After": "3"})
    outcome = await send(webhook(receiver.url))
    assert isinstance(outcome, Failed)
    assert outcome.cause is Cause.RATE_LIMITED
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 3


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://example.org"},
        {"url": "https://"},
        {"url": "https://user:pass@example.org"},
        {"url": "https://example.org/a b"},
        {"url": "https://example.org:99999"},
        {"url": "https://example..org"},
        {"url": "https://[::1"},
        {"url": "https://example.org", "secret": "whsec_c2hvcnQ="},
        {"url": "https://example.org", "secret": "not base64!"},
        {"url": "https://example.org", "headers": {"Webhook-Id": "x"}},
        {"url": "https://example.org", "headers": {"X\nY": "x"}},
        {"url": "https://example.org", "headers": {"X": "a\r\nb"}},
        {"url": "https://example.org", "headres": {}},
    ],
)
def test_unusable_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookOptions.model_validate(options)


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
