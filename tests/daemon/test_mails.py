"""Mails of a real daemon: the chart of what it measured, words of one's own, one conversation."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from tests.kit.eventually import eventually
from tests.kit.theatre import story

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.kit.smtp import SmtpMessage
    from tests.kit.stage import Stage


def read(mail: SmtpMessage) -> EmailMessage:
    return message_from_bytes(mail.content, policy=policy.default)


def page(mail: SmtpMessage) -> str:
    body = read(mail).get_body(("html",))
    assert body is not None
    content: str = body.get_content()
    return content


@story
async def test_a_mail_shows_what_was_measured_and_the_next_continues_its_conversation(stage: Stage) -> None:
    stage.tell("mail")
    await stage.daemon.start()
    await stage.target.requests.reach(6, within=15)
    await eventually(lambda: len(stage.daemon.ledger.ask("SELECT slot FROM results")) >= 5, within=15)
    stage.target.fail()
    await stage.mail.messages.reach(2, within=15)
    opened = stage.mail.messages[0]
    assert b"Content-Type: image/png" in opened.content
    assert "response time from" in page(opened)
    stage.target.recover()
    await stage.mail.messages.reach(4, within=15)
    resolved = [mail for mail in stage.mail.messages if mail.recipients == opened.recipients][-1]
    assert read(resolved)["References"] == read(opened)["Message-ID"]


@story
async def test_words_of_ones_own_are_tried_at_the_start_and_at_a_reload(stage: Stage) -> None:
    folder = stage.daemon.folder / "templates"
    folder.mkdir()
    template = folder / "headline.txt"
    template.write_text("{{ message.check.title if message.check else m.headline }} ist gestört")
    stage.tell("mail", "hook")
    stage.daemon.config["templates"] = {"folder": "templates"}
    await stage.daemon.start()
    stage.target.fail()
    await stage.mail.messages.reach(2, within=15)
    assert read(stage.mail.messages[0])["Subject"].startswith("[CRITICAL] api ist gestört")
    await stage.hears("opened")
    assert stage.hook.requests[0].json()["summary"].startswith("[CRITICAL] api ist gestört")
    template.write_text("{{ m.headlin }}")
    checked = await stage.daemon.say("config", "check")
    assert checked.code == 78
    assert "headline.txt, line 1: `m.headlin`" in checked.text
