"""The email channel against a real SMTP server."""

import asyncio
import email.policy
import ssl
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from sentinel.base.clock import SystemClock
from sentinel.base.units import Unit
from sentinel.channels.base import ChannelTools, SeriesSource, no_series
from sentinel.channels.email import EMAIL, Email, EmailOptions, route
from sentinel.channels.route import Tls
from sentinel.channels.wording import Wording
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Message, Outcome, Sent
from sentinel.core.rule import Severity
from sentinel.core.series import Point, Series
from tests.kit.messages import OPENED, message, news, notification
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer
from tests.kit.smtp import SmtpScript, SmtpServer

KIM = "kim@example.org"
MOST_SENT = 50_000_000  # bytes of an answer
LOGIN: dict[str, Any] = {"username": "sentinel", "password": "correct-horse"}


def options(**more: Any) -> EmailOptions:
    base = {"host": "127.0.0.1", "sender": "Sentinel <s@example.org>", "recipients": [KIM]}
    return EmailOptions.model_validate(base | more)


async def send(
    port: int,
    *,
    within: float = 5.0,
    first: dict[str, str] | None = None,
    told: Message = OPENED,
    to: str = KIM,
    series: SeriesSource = no_series,
    wording: Wording | None = None,
    **more: Any,
) -> Outcome:
    tools = ChannelTools(clock=SystemClock(), source="ward", series=series, wording=wording or Wording())
    channel = Email(options(port=port, **more), tools)
    return await channel.send(notification(told, to=to), first, asyncio.get_running_loop().time() + within)


async def measured(check: str, reading: str, since: datetime, until: datetime) -> Series | None:
    """A value a minute of whatever was asked for."""
    minutes = range((until - since) // timedelta(minutes=1))
    points = tuple(Point(at=since + timedelta(minutes=n), value=0.1 * n, severity=Severity.OK) for n in minutes)
    return Series(reading=reading, unit=Unit.SECONDS, points=points)


async def test_a_mail_arrives_and_its_receipt_is_its_message_id(smtp: SmtpServer) -> None:
    assert await send(smtp.port) == Sent(receipt={"message_id": "<m-12-1-mail@example.org>"})
    (mail,) = smtp.messages
    assert (mail.sender, mail.recipients) == ("s@example.org", (KIM,))
    assert message_from_bytes(mail.content)["Message-ID"] == "<m-12-1-mail@example.org>"


async def test_the_receipt_of_the_first_mail_continues_its_thread(smtp: SmtpServer) -> None:
    first = await send(smtp.port)
    assert isinstance(first, Sent)
    await send(smtp.port, first={"message_id": "<m-12-0@example.org>"})
    assert message_from_bytes(smtp.messages[1].content)["In-Reply-To"] == "<m-12-0@example.org>"


@pytest.mark.parametrize(
    ("script", "cause", "permanent"),
    [
        (SmtpScript(greeting="421 4.3.2 come back later"), Cause.SERVER_ERROR, False),
        (SmtpScript(greeting="554 5.3.2 no mail here"), Cause.REFUSED, True),
        (SmtpScript(greeting="hello?"), Cause.PROTOCOL_ERROR, False),
        (SmtpScript(mail="451 4.3.0 try again"), Cause.SERVER_ERROR, False),
        (SmtpScript(mail="421 4.3.0 closing"), Cause.SERVER_ERROR, False),
        (SmtpScript(mail="550 5.7.1 sender refused"), Cause.REFUSED, True),
        (SmtpScript(mail="530 5.7.0 log in first"), Cause.CREDENTIAL_REFUSED, False),
        (SmtpScript(refused={KIM: "450 4.2.1 greylisted"}), Cause.SERVER_ERROR, False),
        (SmtpScript(refused={KIM: "550 5.1.1 unknown"}), Cause.GONE, True),
        (SmtpScript(refused={KIM: "550 no such user"}), Cause.GONE, True),
        (SmtpScript(refused={KIM: "554 5.7.1 relaying denied"}), Cause.REFUSED, True),
        (SmtpScript(data="451 4.3.0 no room"), Cause.SERVER_ERROR, False),
        (SmtpScript(data="554 5.6.0 no"), Cause.REFUSED, True),
        (SmtpScript(accepted="421 4.3.0 closing"), Cause.SERVER_ERROR, False),
        (SmtpScript(accepted="451 4.3.0 disk full"), Cause.SERVER_ERROR, False),
        (SmtpScript(accepted="554 5.7.1 looks like spam"), Cause.REFUSED, True),
    ],
)
async def test_every_refusal_is_retried_or_final(
    smtp: SmtpServer, script: SmtpScript, cause: Cause, permanent: bool
) -> None:
    smtp.script = script
    outcome = await send(smtp.port)
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (cause, permanent)


async def test_details_hold_the_code_and_nothing_else_that_the_server_says(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(refused={KIM: f"550 5.1.1 <{KIM}> unknown"})
    outcome = await send(smtp.port)
    assert isinstance(outcome, Failed)
    assert outcome.detail == "answered 550 5.1.1 to the recipient"


async def test_no_answer_to_the_data_is_ambiguous(smtp: SmtpServer) -> None:
    """H15."""
    smtp.script = SmtpScript(accept_after=asyncio.Event())
    outcome = await send(smtp.port, within=1.0)
    assert isinstance(outcome, Ambiguous)
    assert outcome.cause is Cause.TIMEOUT
    assert len(smtp.messages) == 1


async def test_a_reset_after_the_data_is_ambiguous(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(reset_after_message=True)
    assert isinstance(await send(smtp.port), Ambiguous)


async def test_a_nonsensical_answer_to_the_data_is_ambiguous(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(accepted="well, thanks")
    assert isinstance(await send(smtp.port), Ambiguous)


async def test_a_hung_goodbye_changes_nothing(smtp: SmtpServer) -> None:
    """H17."""
    smtp.script = SmtpScript(hang_on_quit=True)
    assert isinstance(await send(smtp.port, within=1.0), Sent)


async def test_no_greeting_is_tried_again(smtp: SmtpServer) -> None:
    """H11."""
    smtp.script = SmtpScript(greeting=None)
    outcome = await send(smtp.port, within=0.3)
    assert outcome == Failed(cause=Cause.TIMEOUT, detail="no answer to the connection in time")


async def test_a_refused_connection_is_tried_again() -> None:
    with refusing_port() as port:
        outcome = await send(port)
    assert outcome == Failed(cause=Cause.UNREACHABLE, detail="connection refused")


async def test_a_login_is_made_over_tls_only(authority: trustme.CA, tmp_path: Path) -> None:
    async with tls_server(authority) as smtp:
        smtp.script = SmtpScript(credentials=("sentinel", "correct-horse"))
        assert isinstance(await send(smtp.port, ca_file=trusted(authority, tmp_path), **LOGIN), Sent)
        assert (smtp.messages[0].user, smtp.messages[0].encrypted) == ("sentinel", True)


async def test_without_tls_the_password_stays_here(smtp: SmtpServer) -> None:
    """H18."""
    smtp.script = SmtpScript(credentials=("sentinel", "correct-horse"))
    outcome = await send(smtp.port, **LOGIN)
    assert outcome == Failed(cause=Cause.TLS_FAILED, detail="the server offers no STARTTLS")
    assert not any(command.startswith("AUTH") for command in smtp.connections[0].commands)


async def test_who_says_none_logs_in_without_tls(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(credentials=("sentinel", "correct-horse"))
    assert isinstance(await send(smtp.port, security="none", **LOGIN), Sent)


async def test_a_wrong_password_is_tried_once_per_attempt_and_again_later(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(credentials=("sentinel", "another"))
    outcome = await send(smtp.port, security="none", **LOGIN)
    assert outcome == Failed(cause=Cause.CREDENTIAL_REFUSED, detail="answered 535 5.7.8 to the login")
    assert smtp.connections[0].commands.count("AUTH") == 1


async def test_a_server_without_login_is_told(smtp: SmtpServer) -> None:
    outcome = await send(smtp.port, security="none", **LOGIN)
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (Cause.CREDENTIAL_REFUSED, False)


async def test_what_is_said_before_tls_begins_is_no_answer(authority: trustme.CA, tmp_path: Path) -> None:
    """H18: Somebody on the way sends replies along with the one to STARTTLS (GHSA-vxj7-4xrp-5vr4)."""
    async with tls_server(authority) as smtp:
        smtp.script = SmtpScript(credentials=("sentinel", "another"), injected="250 hello\r\n235 2.7.0 welcome")
        outcome = await send(smtp.port, ca_file=trusted(authority, tmp_path), **LOGIN)
        assert isinstance(outcome, Failed)
        assert not outcome.permanent
        assert len(smtp.messages) == 0


@pytest.mark.parametrize("endless", [b"2", b"250-and on\r\n", b"250 and on\r\n", b"\0" * 100 + b"\r\n"])
async def test_an_answer_without_an_end_is_cut_off(endless: bytes) -> None:
    """H21."""
    sent = 0

    async def script(connection: Connection) -> None:
        nonlocal sent
        await connection.send(b"220 mail.example.org ESMTP\r\n")
        while sent < MOST_SENT:
            await connection.send(endless * 1_000)
            sent += len(endless) * 1_000

    async with RawServer(script) as server:
        outcome = await send(server.port, within=3.0)
    assert isinstance(outcome, Failed)
    assert sent < MOST_SENT


async def test_one_refused_recipient_holds_up_no_other(smtp: SmtpServer) -> None:
    """H13."""
    smtp.script = SmtpScript(refused={"gone@example.org": "550 5.1.1 unknown"})
    outcomes = {to: await send(smtp.port, to=to) for to in (KIM, "gone@example.org", "lee@example.org")}
    assert [type(outcome) for outcome in outcomes.values()] == [Sent, Failed, Sent]
    assert [mail.recipients for mail in smtp.messages] == [(KIM,), ("lee@example.org",)]


async def test_a_repeat_after_an_unclear_attempt_has_the_same_message_id(smtp: SmtpServer) -> None:
    smtp.next_scripts.append(SmtpScript(accept_after=asyncio.Event()))
    assert isinstance(await send(smtp.port, within=0.5), Ambiguous)
    assert isinstance(await send(smtp.port), Sent)
    assert len({message_from_bytes(mail.content)["Message-ID"] for mail in smtp.messages}) == 1
    assert len(smtp.messages) == 2


async def test_single_dots_and_long_lines_arrive_as_they_were(smtp: SmtpServer) -> None:
    """H20."""
    text = "above\n.\n..\n.below\n" + "é" * 5_000
    await send(smtp.port, told=replace(message(Kind.TEST), text=text))
    (mail,) = smtp.messages
    plain = message_from_bytes(mail.content, policy=email.policy.default).get_body(("plain",))
    assert plain is not None
    assert text in plain.get_content().replace("\r\n", "\n")
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998


async def test_a_chart_comes_with_the_mail_when_there_is_something_to_draw(smtp: SmtpServer) -> None:
    await send(smtp.port, series=measured)
    assert b"Content-Type: image/png" in smtp.messages[0].content


async def test_charts_can_be_left_out(smtp: SmtpServer) -> None:
    await send(smtp.port, series=measured, charts=False)
    assert b"Content-Type: image/png" not in smtp.messages[0].content


async def test_a_mail_does_not_wait_for_its_chart(smtp: SmtpServer) -> None:
    async def never(*_: object) -> Series | None:
        await asyncio.Event().wait()
        return None

    began = asyncio.get_running_loop().time()
    assert isinstance(await send(smtp.port, within=30.0, series=never), Sent)
    assert asyncio.get_running_loop().time() - began < 10.0
    assert b"image/png" not in smtp.messages[0].content


async def test_a_mail_is_in_the_words_of_the_user(smtp: SmtpServer) -> None:
    await send(smtp.port, wording=Wording({"headline.txt": "{{ message.check.title }} ist gestört"}))
    subject = message_from_bytes(smtp.messages[0].content, policy=email.policy.default)["Subject"]
    assert subject == "[CRITICAL] Payroll API ist gestört (incident 12, level 1 of 3)"


async def test_a_digest_of_5000_messages_arrives_whole(smtp: SmtpServer) -> None:
    many = replace(message(Kind.DIGEST), news=tuple(map(news, range(5_000))), others_count=5_000)
    assert isinstance(await send(smtp.port, told=many), Sent)
    parsed = message_from_bytes(smtp.messages[0].content, policy=email.policy.default)
    (listed,) = parsed.iter_attachments()
    assert listed.get_content().count("connection refused") == 5_000


async def test_a_mail_leaves_its_biggest_files_out_where_the_server_takes_only_small_ones(
    smtp: SmtpServer, tmp_path: Path
) -> None:
    for name, size in (("day.mail.html", 500), ("day.html", 90_000), ("day.csv", 800), ("day.pdf", 40_000)):
        (tmp_path / name).write_text("<!--notes-->" + "x" * size)
    names = tuple(str(tmp_path / name) for name in ("day.mail.html", "day.html", "day.csv", "day.pdf"))
    smtp.script = SmtpScript(size=30_000)
    assert isinstance(await send(smtp.port, told=replace(message(Kind.REPORT), files=names)), Sent)
    [arrived] = smtp.messages
    mail = message_from_bytes(arrived.content, policy=email.policy.default)
    assert len(arrived.content) <= 30_000
    assert [part.get_filename() for part in mail.iter_attachments()] == ["day.csv"]
    assert b"day.html is not attached" in arrived.content
    assert b"day.pdf is not attached" in arrived.content


async def test_a_mail_that_is_too_large_without_any_file_is_refused_with_both_sizes(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(size=100)
    failed = await send(smtp.port)
    assert isinstance(failed, Failed)
    assert failed.permanent
    assert "takes mails of 100 bytes" in failed.detail
    assert not smtp.messages


async def test_a_refusal_for_want_of_room_says_what_it_may_mean(smtp: SmtpServer) -> None:
    smtp.script = SmtpScript(accepted="552 5.3.4 too big for kim")
    failed = await send(smtp.port)
    assert isinstance(failed, Failed)
    assert failed.detail == (
        "answered 552 5.3.4 to the message: the mail is larger than the server takes, or the mailbox is full"
    )


async def test_tls_is_used_where_it_is_offered_whatever_the_certificate(authority: trustme.CA) -> None:
    async with tls_server(authority) as smtp:
        assert isinstance(await send(smtp.port), Sent)
        assert smtp.messages[0].encrypted


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
async def test_a_certificate_that_is_not_trusted_gets_no_mail(
    authority: trustme.CA, security: str, implicit: bool
) -> None:
    async with tls_server(authority, implicit=implicit) as smtp:
        outcome = await send(smtp.port, security=security)
        assert isinstance(outcome, Failed)
        assert (outcome.cause, outcome.permanent) == (Cause.TLS_FAILED, False)
        assert len(smtp.messages) == 0


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
async def test_a_trusted_certificate_gets_the_mail(
    authority: trustme.CA, tmp_path: Path, security: str, implicit: bool
) -> None:
    async with tls_server(authority, implicit=implicit) as smtp:
        assert isinstance(await send(smtp.port, security=security, ca_file=trusted(authority, tmp_path)), Sent)


@pytest.mark.parametrize(
    ("given", "port", "tls"),
    [
        ({}, 25, Tls.OFFERED),
        ({"port": 587}, 587, Tls.REQUIRED),
        ({"port": 465}, 465, Tls.IMPLICIT),
        ({"security": "tls"}, 465, Tls.IMPLICIT),
        ({"security": "starttls"}, 587, Tls.REQUIRED),
        ({"security": "none"}, 25, Tls.NEVER),
        ({"port": 465, "security": "starttls"}, 465, Tls.REQUIRED),
        (LOGIN, 587, Tls.REQUIRED),
        (LOGIN | {"port": 25}, 25, Tls.REQUIRED),
        (LOGIN | {"port": 2525, "security": "none"}, 2525, Tls.NEVER),
    ],
)
def test_port_and_security_follow_from_what_was_said(given: dict[str, Any], port: int, tls: Tls) -> None:
    way = route(EmailOptions.model_validate({"host": "smtp.example.org", "sender": KIM, "recipients": [KIM], **given}))
    assert (way.port, way.tls) == (port, tls)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "smtp", "smtp.example.org.", "smtp_1.example.org"])
def test_a_server_has_a_name_or_an_address(host: str) -> None:
    assert options(host=host).host == host


async def test_a_name_in_any_script_may_send(smtp: SmtpServer) -> None:
    assert isinstance(await send(smtp.port, sender="Überwachung Süd <s@example.org>"), Sent)
    assert smtp.messages[0].content.isascii()
    assert smtp.messages[0].sender == "s@example.org"


def test_each_recipient_is_an_address_of_its_own() -> None:
    assert EMAIL.recipients(options(recipients=[KIM, "lee@example.org"])) == (KIM, "lee@example.org")


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": []},
        {"recipients": [KIM, KIM]},
        {"recipients": ["kim"]},
        {"recipients": ["kim@example.org\r\nRCPT TO:<eve@example.org>"]},
        {"recipients": ["Kim <kim@example.org>"]},
        {"sender": "Sentinel\r\nBcc: eve@example.org <s@example.org>"},
        {"sender": "nobody"},
        {"host": "smtp example org"},
        {"host": "smtp..example.org"},
        {"hello": "a\nb"},
        {"hello": "::1"},
        {"username": "sentinel"},
        {"password": "alone"},
        {"security": "ssl"},
        {"sender": "=?utf-8?q?=0ABcc:?= <s@example.org>"},
        {"recipients": ["=?utf-8?q?=0ABcc:?=@example.org"]},
        {"port": 0},
    ],
)
def test_unusable_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        options(**wrong)


def tls_server(authority: trustme.CA, *, implicit: bool = False) -> SmtpServer:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return SmtpServer(tls=context, implicit_tls=implicit)


def trusted(authority: trustme.CA, folder: Path) -> Path:
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return folder / "ca.pem"
