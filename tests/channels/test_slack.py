"""The Slack channel against a receiver in Slack's place."""

import asyncio
import json
import ssl
from dataclasses import replace
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from sentinel.base.clock import SystemClock
from sentinel.channels.base import Channel, ChannelTools
from sentinel.channels.slack import SLACK
from sentinel.channels.slack.compose import mention
from sentinel.channels.slack.options import SlackOptions
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Message, Outcome, Receipt, Sent
from tests.kit.http_receiver import Answer, Drop, HttpReceiver, Received
from tests.kit.messages import INCIDENT, OPENED, message, notification
from tests.kit.ports import refusing_port

FIRST = {"ts": "1700000000.000100", "channel": "C042"}
POSTED: dict[str, Any] = {"ok": True, "ts": "1700000001.000200", "channel": "C042"}


def answer(body: dict[str, Any], status: int = 200, **headers: str) -> Answer:
    return Answer(
        status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
    )


def bot(url: str, **options: Any) -> Channel:
    given = {"token": "xoxb-1", "channel": "#ops", "api_url": f"{url}/api", **options}
    return SLACK.build("slack", SlackOptions.model_validate(given), ChannelTools(clock=SystemClock(), source="ward"))


def hook(url: str) -> Channel:
    options = SlackOptions.model_validate({"webhook_url": f"{url}/services/T0/B0/x"})
    return SLACK.build("slack", options, ChannelTools(clock=SystemClock(), source="ward"))


async def send(
    channel: Channel,
    told: Message = OPENED,
    *,
    first: Receipt | None = None,
    within: float = 5.0,
    ambiguous: int = 0,
) -> Outcome:
    return await channel.send(
        notification(told, ambiguous=ambiguous), first, asyncio.get_running_loop().time() + within
    )


def failure(outcome: Outcome) -> tuple[Cause, bool]:
    assert isinstance(outcome, Failed)
    return outcome.cause, outcome.permanent


# --- A bot with a token ----------------------------------------------------------------------------------------------


async def test_the_first_message_is_posted_to_the_channel(receiver: HttpReceiver) -> None:
    receiver.answer = answer(POSTED)
    assert await send(bot(receiver.url)) == Sent(receipt={"ts": POSTED["ts"], "channel": "C042"})
    (request,) = receiver.requests
    assert request.target == "/api/chat.postMessage"
    assert request.headers["authorization"] == "Bearer xoxb-1"
    assert fields(request)["channel"] == "#ops"
    assert "thread_ts" not in fields(request)


async def test_later_ones_go_into_its_thread_and_bring_it_up_to_date(receiver: HttpReceiver) -> None:
    receiver.answer = answer(POSTED)
    await send(bot(receiver.url), message(Kind.RESOLVED), first=FIRST)
    posted, updated = receiver.requests
    assert (fields(posted)["thread_ts"], fields(posted)["channel"]) == (FIRST["ts"], "C042")
    assert updated.target == "/api/chat.update"
    assert fields(updated)["ts"] == FIRST["ts"]
    assert "RESOLVED" in header(updated)


@pytest.mark.parametrize(
    "broken",
    [
        Answer(status=500),
        answer({"ok": False, "error": "message_not_found"}),
        Answer(body=b"?"),
        Drop(),
        Drop(reset=True),
    ],
)
async def test_a_failed_update_changes_nothing(receiver: HttpReceiver, broken: Answer | Drop) -> None:
    receiver.next_answers.extend([answer(POSTED), broken])
    assert isinstance(await send(bot(receiver.url), first=FIRST), Sent)


async def test_a_hung_update_changes_nothing(receiver: HttpReceiver) -> None:
    receiver.next_answers.extend([answer(POSTED), Answer(after=asyncio.Event())])
    assert isinstance(await send(bot(receiver.url), first=FIRST, within=1.0), Sent)


async def test_a_message_whose_thread_is_gone_is_posted_to_the_channel(receiver: HttpReceiver) -> None:
    receiver.next_answers.append(answer({"ok": False, "error": "thread_not_found"}))
    receiver.answer = answer(POSTED)
    assert isinstance(await send(bot(receiver.url), first=FIRST), Sent)
    assert fields(receiver.requests[1])["channel"] == "#ops"


async def test_a_recovery_can_be_shown_in_the_channel_too(receiver: HttpReceiver) -> None:
    receiver.answer = answer(POSTED)
    await send(bot(receiver.url, broadcast_resolved=True), message(Kind.RESOLVED), first=FIRST)
    assert fields(receiver.requests[0])["reply_broadcast"] is True


async def test_a_repeat_is_marked_and_carries_the_same_key(receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Drop())
    receiver.answer = answer(POSTED)
    assert isinstance(await send(bot(receiver.url)), Ambiguous)
    await send(bot(receiver.url), ambiguous=1)
    one, two = receiver.requests
    assert fields(one)["metadata"] == fields(two)["metadata"]
    assert fields(two)["metadata"]["event_payload"]["key"] == "m-12-1-mail"
    assert "(repeat)" in header(two)
    assert "(repeat)" not in header(one)


@pytest.mark.parametrize(
    ("word", "cause", "permanent"),
    [
        ("channel_not_found", Cause.REFUSED, False),
        ("is_archived", Cause.GONE, True),
        ("not_in_channel", Cause.REFUSED, False),
        ("invalid_blocks", Cause.REFUSED, True),
        ("invalid_auth", Cause.CREDENTIAL_REFUSED, False),
        ("token_revoked", Cause.GONE, True),
        ("account_inactive", Cause.GONE, True),
        ("missing_scope", Cause.CREDENTIAL_REFUSED, False),
        ("ratelimited", Cause.RATE_LIMITED, False),
        ("internal_error", Cause.SERVER_ERROR, False),
        ("something_new", Cause.SERVER_ERROR, False),
    ],
)
async def test_every_word_of_slack_is_retried_or_final(
    receiver: HttpReceiver, word: str, cause: Cause, permanent: bool
) -> None:
    receiver.answer = answer({"ok": False, "error": word})
    assert failure(await send(bot(receiver.url))) == (cause, permanent)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("wait", ["3", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_the_rate_limit_is_told_with_its_patience(receiver: HttpReceiver, wait: str) -> None:
    receiver.answer = answer({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": wait})
    outcome = await send(bot(receiver.url))
    assert isinstance(outcome, Failed)
    assert outcome.cause is Cause.RATE_LIMITED
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() >= 3
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>hi</html>", b"[1]", b"{}", b"[" * 50_000, b"\xff\xfe", b"x" * 300_000])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
async def test_an_answer_that_is_not_slacks_is_ambiguous(receiver: HttpReceiver, body: bytes, kind: str) -> None:
    receiver.answer = Answer(body=body, headers={"Content-Type": kind})
    assert isinstance(await send(bot(receiver.url)), Ambiguous)


# --- An incoming webhook ---------------------------------------------------------------------------------------------


async def test_an_incoming_webhook_takes_the_message(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"ok")
    assert await send(hook(receiver.url), first=FIRST) == Sent()
    (request,) = receiver.requests
    assert request.target == "/services/T0/B0/x"
    assert request.json()["text"].startswith("[CRITICAL] Payroll API")


@pytest.mark.parametrize(
    ("status", "body", "cause", "permanent"),
    [
        (400, b"invalid_payload", Cause.REFUSED, True),
        (403, b"invalid_token", Cause.CREDENTIAL_REFUSED, False),
        (404, b"no_service", Cause.GONE, True),
        (404, b"channel_not_found", Cause.REFUSED, False),
        (404, b"<html>", Cause.REFUSED, False),
        (410, b"channel_is_archived", Cause.GONE, True),
        (429, b"rate_limited", Cause.RATE_LIMITED, False),
        (500, b"server_error", Cause.SERVER_ERROR, False),
        (502, b"<html>", Cause.SERVER_ERROR, False),
    ],
)
async def test_what_an_incoming_webhook_refuses(
    receiver: HttpReceiver, status: int, body: bytes, cause: Cause, permanent: bool
) -> None:
    receiver.answer = Answer(status=status, body=body)
    assert failure(await send(hook(receiver.url))) == (cause, permanent)


async def test_slacks_own_word_stands_in_the_detail(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=404, body=b"no_service")
    outcome = await send(hook(receiver.url))
    assert isinstance(outcome, Failed)
    assert outcome.detail == "answered 404 no_service"


async def test_a_success_that_is_not_ok_is_ambiguous(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=b"<html>Please log in</html>")
    assert isinstance(await send(hook(receiver.url)), Ambiguous)


# --- Both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [bot, hook])
async def test_no_answer_in_time_is_ambiguous(receiver: HttpReceiver, way: Any) -> None:
    """H06."""
    receiver.answer = Answer(after=asyncio.Event())
    assert await send(way(receiver.url), within=0.3) == Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")


@pytest.mark.parametrize("way", [bot, hook])
async def test_a_refused_connection_is_tried_again(way: Any) -> None:
    with refusing_port() as port:
        assert failure(await send(way(f"http://127.0.0.1:{port}"))) == (Cause.UNREACHABLE, False)


@pytest.mark.parametrize("way", [bot, hook])
async def test_a_receiver_that_is_not_trusted_gets_nothing(authority: trustme.CA, way: Any) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with HttpReceiver(tls=context) as receiver:
        assert failure(await send(way(receiver.url))) == (Cause.TLS_FAILED, False)
        assert len(receiver.requests) == 0


async def test_a_proxy_in_the_environment_is_not_used(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    receiver.answer = answer(POSTED)
    assert isinstance(await send(bot(receiver.url)), Sent)


MENTIONS = {"critical": "<!here>", "level2": "<!subteam^S0123>"}


@pytest.mark.parametrize(
    ("told", "called"),
    [
        (OPENED, "<!here>"),
        (message(Kind.ESCALATED), "<!subteam^S0123>"),
        (replace(OPENED, incident=replace(INCIDENT, level=3)), "<!here>"),
        (message(Kind.EASED), ""),
        (message(Kind.ACKNOWLEDGED), ""),
        (message(Kind.RESOLVED), ""),
        (message(Kind.TEST), ""),
    ],
)
def test_who_is_called_follows_the_level_then_the_severity(told: Message, called: str) -> None:
    options = SlackOptions.model_validate({"token": "xoxb-1", "channel": "#ops", "mentions": MENTIONS})
    assert mention(options, told) == called


async def test_who_is_called_stands_in_the_message_and_not_in_the_update(receiver: HttpReceiver) -> None:
    receiver.answer = answer(POSTED)
    await send(bot(receiver.url, mentions=MENTIONS), first=FIRST)
    posted, updated = receiver.requests
    assert b"<!here>" in posted.body
    assert b"<!here>" not in updated.body


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"token": "xoxb-1"},
        {"channel": "#ops"},
        {"token": "xoxb-1", "channel": "#ops", "webhook_url": "https://example.org/x"},
        {"token": "xoxb-1", "channel": "a b"},
        {"webhook_url": "example.org/x"},
        {"webhook_url": "https://example.org/x", "mentions": {"urgent": "<!here>"}},
        {"webhook_url": "https://example.org/x", "mentions": {"critical": "@here"}},
        {"token": "xoxb-1", "channel": "#ops", "api_url": "slack.com"},
        {"token": "xoxb-1", "channel": "#ops", "app_token": "xapp-1", "signing_secret": "s"},
        {"token": "xoxb-1", "channel": "#ops", "app_token": "xoxb-1"},
        {"token": "xoxb-1", "channel": "#ops", "app_token": "xapp-1", "allowed_users": ["@kim"]},
    ],
)
def test_unusable_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SlackOptions.model_validate(options)


def fields(request: Received) -> dict[str, Any]:
    body: dict[str, Any] = request.json()
    return body


def header(request: Received) -> str:
    text: str = fields(request)["blocks"][0]["text"]["text"]
    return text
