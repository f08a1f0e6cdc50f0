"""The sink takes what the real clients send, answers as the real services do, and shows it safely."""

from __future__ import annotations

import asyncio
import json
import smtplib
import sys
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosmtplib
import httpx2
import pytest
import pytest_asyncio
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from standardwebhooks import Webhook

from examples.sink.arrivals import KEPT
from sentinel.base.clock import SystemClock
from tests.kit.process import Child, Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
SECRET = "whsec_c2luay1zaW5rLXNpbmstc2luay1zaW5rLXNpbms="
TOKEN = "xoxb-sink"


class Sink:
    """A started sink, reached by the clients that reach the real services."""

    def __init__(self, child: Child, url: str, smtp_port: int, directory: Path) -> None:
        self.child = child
        self.smtp_port = smtp_port
        self.directory = directory
        self.client = httpx2.AsyncClient(base_url=url, timeout=10.0)
        self.slack = AsyncWebClient(token=TOKEN, base_url=f"{url}/slack/api/", retry_handlers=[])
        self.hook = AsyncWebhookClient(f"{url}/slack/hook", retry_handlers=[])

    async def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = (await self.client.get("/messages.json")).json()["messages"]
        return messages

    async def newest(self) -> dict[str, Any]:
        return (await self.messages())[0]

    async def mail(self, mail: EmailMessage) -> None:
        refused, _ = await aiosmtplib.send(mail, hostname="127.0.0.1", port=self.smtp_port, start_tls=False)
        assert refused == {}

    async def webhook(self, body: str, *, secret: str = SECRET, age: timedelta = timedelta(0)) -> httpx2.Response:
        sent_at = SystemClock().now() - age
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", sent_at, body),
        }
        return await self.client.post("/webhook", content=body.encode(), headers=headers)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sink(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sink]:
    directory = tmp_path_factory.mktemp("sink")
    command = (sys.executable, "-m", "examples.sink", "--smtp-port", "0", "--http-port", "0", "--data", directory)
    environment = {"SLACK_BOT_TOKEN": TOKEN, "WEBHOOK_SECRET": SECRET}
    async with Children() as children:
        child = await children.start(*command, env=environment, cwd=ROOT)
        ready = await child.line(r"sink page on (http://127\.0\.0\.1:\d+), mail on 127\.0\.0\.1:(\d+)")
        sink = Sink(child, ready[1], int(ready[2]), directory)
        async with sink.client:
            yield sink


def alert(subject: str = "[CRITICAL] api-health is down", html: str | None = None) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "monitor@example.org", "ops@example.org", subject
    mail["Message-ID"] = f"<{abs(hash((subject, html)))}@example.org>"
    mail.set_content("api-health fails since 14:30.\n.\nA line of one dot stands above.\n")
    if html is not None:
        mail.add_alternative(html, subtype="html")
    return mail


async def test_a_mail_arrives_with_its_parts(sink: Sink) -> None:
    await sink.mail(alert(html="<p>down</p>"))
    message = await sink.newest()
    assert (message["kind"], message["title"]) == ("mail", "[CRITICAL] api-health is down")
    assert message["text"] == "api-health fails since 14:30.\n.\nA line of one dot stands above.\n"
    assert message["html"] == "<p>down</p>\n"
    assert message["facts"]["To"] == "ops@example.org"


async def test_a_picture_within_a_mail_is_shown_with_it(sink: Sink) -> None:
    mail = alert(html='<img src="cid:chart@example.org"><img src="cid:gone@example.org">')
    page = mail.get_body(("html",))
    assert page is not None
    page.add_related(b"picture", "image", "png", cid="<chart@example.org>")
    await sink.mail(mail)
    shown = (await sink.newest())["html"]
    assert shown.strip() == '<img src="data:image/png;base64,cGljdHVyZQ=="><img src="cid:gone@example.org">'


async def test_a_sign_of_life_is_shown(sink: Sink) -> None:
    assert (await sink.client.get("/alive")).status_code == 204
    assert "Last sign of life" in (await sink.client.get("/")).text


async def test_the_same_mail_again_is_shown_as_a_repeat(sink: Sink) -> None:
    await sink.mail(alert("said twice"))
    first = await sink.newest()
    await sink.mail(alert("said twice"))
    assert (await sink.newest())["repeat_of"] == first["number"]


async def test_mails_of_one_conversation_stand_together_on_the_page(sink: Sink) -> None:
    for subject in ("opened, in a row", "recovered, in a row"):
        mail = alert(subject)
        mail["References"] = "<incident-1@example.org>"
        await sink.mail(mail)
        await sink.hook.send(text=f"between: {subject}")
    page = (await sink.client.get("/")).text
    [article] = [part for part in page.split("<article") if "recovered, in a row</h3>" in part]
    assert "<h2>opened, in a row</h2>" in article


async def test_a_mail_that_cannot_be_read_is_shown_all_the_same(sink: Sink) -> None:
    broken = b"Subject: =?nope?q?x?=\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff\xfe\r\n"
    await aiosmtplib.send(
        broken,
        sender="monitor@example.org",
        recipients=["ops@example.org"],
        hostname="127.0.0.1",
        port=sink.smtp_port,
        start_tls=False,
    )
    assert (await sink.newest())["facts"]["To"] == "ops@example.org"


async def test_a_mail_is_kept_as_a_file_and_printed(sink: Sink) -> None:
    await sink.mail(alert("kept and printed"))
    number = (await sink.newest())["number"]
    assert b"kept and printed" in (sink.directory / f"{number % KEPT:03d}-mail.eml").read_bytes()
    await sink.child.line("kept and printed")


async def test_two_mails_go_over_one_connection_with_a_reset_between(sink: Sink) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.smtp_port, start_tls=False)
    async with client:
        await client.send_message(alert("first of two"))
        await client.rset()
        await client.noop()
        await client.send_message(alert("second of two"))
    assert [message["title"] for message in (await sink.messages())[:2]] == ["second of two", "first of two"]


async def test_a_mail_too_large_is_refused_and_the_connection_goes_on(sink: Sink) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.smtp_port, start_tls=False)
    async with client:
        await client.ehlo()
        await client.mail("monitor@example.org")
        await client.rcpt("ops@example.org")
        with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
            await client.data((b"y" * 990 + b"\n") * 8600)
        assert refusal.value.code == 552
        await client.send_message(alert("after the large one"))


@pytest.mark.parametrize(
    ("commands", "last"),
    [
        (["MAIL FROM:<a@example.org>"], 503),
        (["EHLO x", "RCPT TO:<a@example.org>"], 503),
        (["EHLO x", "DATA"], 503),
        (["EHLO x", "MAIL a@example.org"], 501),
        (["EHLO x", "MAIL FROM:<a@example.org> SIZE=9999999"], 552),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<>"], 501),
        (["EHLO x", "VRFY a"], 502),
        (["QUIT"], 221),
    ],
)
async def test_commands_out_of_order_are_refused(sink: Sink, commands: list[str], last: int) -> None:
    assert await asyncio.to_thread(replies, sink.smtp_port, commands) == last


async def test_a_line_without_end_closes_the_connection(sink: Sink) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", sink.smtp_port)
    await reader.readline()
    writer.write(b"x" * 100_000)
    async with asyncio.timeout(5):
        assert await rest(reader) == b""
    writer.close()


async def test_slack_says_who_the_token_belongs_to(sink: Sink) -> None:
    assert (await sink.slack.auth_test())["user"] == "sentinel"


async def test_a_slack_thread_is_gathered_and_its_first_message_updated(sink: Sink) -> None:
    first = await sink.slack.chat_postMessage(channel="#ops", text="api-health is down")
    await sink.slack.chat_postMessage(channel="#ops", text="escalated to level 2", thread_ts=first["ts"])
    await sink.slack.chat_update(channel=first["channel"], ts=first["ts"], text="api-health has recovered")
    reply, parent = (await sink.messages())[:2]
    assert reply["thread"] == parent["key"]
    assert (parent["title"], parent["updates"]) == ("api-health has recovered", 1)


async def test_a_reply_to_what_is_not_there_stands_in_the_channel(sink: Sink) -> None:
    posted = await sink.slack.chat_postMessage(channel="#ops", text="still down", thread_ts="1.000001")
    assert "thread_ts" not in posted["message"]
    assert (await sink.newest())["thread"] == ""


async def test_rich_text_and_buttons_are_shown(sink: Sink) -> None:
    pieces = [
        {"type": "text", "text": "Since: ", "style": {"bold": True}},
        {"type": "text", "text": "14:30\nWhy: down"},
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": pieces}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}}]},
    ]
    await sink.slack.chat_postMessage(channel="#ops", text="down", blocks=blocks)
    message = await sink.newest()
    assert (message["text"], message["facts"]["Buttons"]) == ("Since: 14:30\nWhy: down", "Acknowledge")


async def test_blocks_and_metadata_are_shown(sink: Sink) -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "CRITICAL"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Since* 14:30"}]},
    ]
    event = {"event_type": "incident", "event_payload": {"id": "n-1"}}
    await sink.slack.chat_postMessage(channel="C012345678", text="down", blocks=blocks, metadata=event)
    message = await sink.newest()
    assert message["text"] == "CRITICAL\n*Since* 14:30"
    assert json.loads(message["facts"]["Metadata"]) == event


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "#ops", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#ops", "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        (
            {
                "channel": "#ops",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
            },
            "invalid_blocks",
        ),
    ],
)
async def test_slack_refuses_what_slack_refuses(sink: Sink, call: dict[str, Any], error: str) -> None:
    with pytest.raises(SlackApiError) as refusal:
        await sink.slack.chat_postMessage(**call)
    assert refusal.value.response["error"] == error


async def test_slack_refuses_a_message_that_says_nothing(sink: Sink) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answer = await sink.client.post("/slack/api/chat.postMessage", json={"channel": "#ops"}, headers=bearer)
    assert answer.json() == {"ok": False, "error": "no_text"}


@pytest.mark.parametrize(("channel", "error"), [("#ops", "channel_not_found"), ("C012345678", "message_not_found")])
async def test_an_update_needs_an_id_and_a_message(sink: Sink, channel: str, error: str) -> None:
    with pytest.raises(SlackApiError, match=error):
        await sink.slack.chat_update(channel=channel, ts="1.000001", text="x")


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("Bearer xoxb-other", "invalid_auth")])
async def test_slack_refuses_a_wrong_token(sink: Sink, token: str, error: str) -> None:
    answer = await sink.client.post("/slack/api/auth.test", headers={"Authorization": token})
    assert answer.json() == {"ok": False, "error": error}


async def test_an_incoming_webhook_is_answered_as_slack_does(sink: Sink) -> None:
    answer = await sink.hook.send(text="down, by the incoming webhook")
    assert (answer.status_code, answer.body) == (200, "ok")
    assert (await sink.newest())["title"] == "down, by the incoming webhook"
    refused = await sink.hook.send(text="")
    assert (refused.status_code, refused.body) == (400, "no_text")


async def test_a_signed_webhook_is_taken_and_shown(sink: Sink) -> None:
    assert (await sink.webhook('{"summary": "API health is down"}')).status_code == 204
    message = await sink.newest()
    assert (message["title"], message["facts"]["Signature"]) == ("API health is down", "verified")


async def test_webhooks_about_one_incident_stand_together(sink: Sink) -> None:
    for summary in ("a trouble", "its end"):
        await sink.webhook(json.dumps({"summary": summary, "incident": {"id": 7, "thread": 4}}))
    page = (await sink.client.get("/")).text
    [article] = [part for part in page.split("<article") if "its end</h3>" in part]
    assert "<h2>a trouble</h2>" in article


async def test_a_webhook_with_a_wrong_signature_is_refused(sink: Sink) -> None:
    answer = await sink.webhook("{}", secret="whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI=")
    assert (answer.status_code, answer.json()["error"]) == (401, "webhook-signature does not match")


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_webhook_of_another_time_is_refused(sink: Sink, minutes: int) -> None:
    answer = await sink.webhook("{}", age=timedelta(minutes=minutes))
    assert answer.json()["error"] == "webhook-timestamp is too far off"


async def test_a_webhook_without_signature_or_json_is_refused(sink: Sink) -> None:
    assert (await sink.client.post("/webhook", content=b"{}")).status_code == 401
    assert (await sink.webhook("no json")).json()["error"] == "the body is not JSON"


async def test_the_page_escapes_what_arrived_and_shuts_html_in(sink: Sink) -> None:
    await sink.mail(alert("<script>alert(1)</script>", html='<img src=x onerror="alert(2)">'))
    page = await sink.client.get("/")
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text
    assert 'srcdoc="&lt;img' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_control_characters_do_not_reach_the_terminal(sink: Sink) -> None:
    await sink.hook.send(text="cleared \x1b[2J screen")
    assert "\x1b" not in (await sink.child.line("cleared"))[0]


async def test_only_the_last_messages_are_kept(sink: Sink) -> None:
    for number in range(KEPT + 5):
        await sink.client.post("/slack/hook", json={"text": f"message {number}"})
    assert len(await sink.messages()) == KEPT
    assert len(list(sink.directory.iterdir())) == KEPT


async def test_it_ends_cleanly_with_a_connection_open(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "examples.sink", "--smtp-port", "0", "--http-port", "0", "--data", tmp_path)
    async with Children() as children:
        child = await children.start(*command, cwd=ROOT)
        port = int((await child.line(r"mail on 127\.0\.0\.1:(\d+)"))[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"220")
        assert await child.terminate() == 0
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the peer closes, in order or by a reset."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def replies(port: int, commands: list[str]) -> int:
    """The code of the last reply to the commands, said one by one."""
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        return [client.docmd(command)[0] for command in commands][-1]
