"""What really arrives of a deployment: mails at a mail server, and a thread in Slack."""

from __future__ import annotations

import asyncio
import email.policy
from dataclasses import replace
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from sentinel.channels.base import ChannelTools
from sentinel.channels.email import Email, EmailOptions
from sentinel.channels.slack import SLACK
from sentinel.channels.slack.options import SlackOptions
from sentinel.core.commanding import WROTE
from sentinel.core.deployment.plan import OnFail, RollbackPlan
from sentinel.core.notification import Sent, State
from sentinel.core.plan import ChannelPlan
from sentinel.engine.line import Route
from tests.kit.deploying import HR, PAYROLL, Release, configured
from tests.kit.eventually import eventually
from tests.kit.scene import MINUTE
from tests.kit.slack import BOT_TOKEN, SlackServer
from tests.kit.smtp import SmtpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage
    from pathlib import Path

    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

UNDONE = RollbackPlan(channel="undo", on_fail=OnFail.PROPOSE, veto=5 * MINUTE)
#: Who waits for a release is not who is called when it fails: `mail` is for on-call, and nobody looks at it here.
PLAN = replace(PAYROLL, channels=("board", "chat"), rollback=UNDONE)


class Told:
    """A release whose stakeholders hear by mail and in Slack."""

    def __init__(self, release: Release, mails: SmtpServer, slack: SlackServer) -> None:
        self.release = release
        self.mails = mails
        self.slack = slack

    async def begin(self) -> None:
        tools = ChannelTools(clock=self.release.clock, source="ward")
        to = {
            "host": "127.0.0.1",
            "port": self.mails.port,
            "sender": "s@example.org",
            "recipients": ["boss@example.org"],
        }
        chat = {"token": BOT_TOKEN, "channel": "#ops", "api_url": self.slack.api_url, "app_token": "xapp-1"}
        mail = Email(EmailOptions.model_validate(to), tools)
        chatting = SLACK.build("chat", SlackOptions.model_validate(chat), tools)
        routes = {"board": Route(channel=mail, timeout=5.0), "chat": Route(channel=chatting, timeout=5.0)}
        await self.release.dispatcher.start()
        await self.release.dispatcher.equip(routes)

    async def arrive(self, count: int) -> None:
        """Wait until so many messages have arrived by each way, and are known to have."""
        await self.mails.messages.reach(count)
        await eventually(lambda: len(self.slack.messages) == count)
        async with asyncio.timeout(10.0):
            while await self._under_way():  # noqa: ASYNC110 - only the store says that a row is settled
                await asyncio.sleep(0.01)

    async def _under_way(self) -> bool:
        rows = await self.release.store.read(lambda tx: tx.outbox.list((State.QUEUED, State.SENDING)))
        return any(row.address.channel in PLAN.channels for row in rows)

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(one.content, policy=email.policy.default) for one in self.mails.messages]


@pytest.fixture
async def told(tmp_path: Path, store: Store, clock: FakeClock) -> AsyncIterator[Told]:
    whole = configured(tmp_path, PLAN, HR)
    board = ChannelPlan(name="board", kind="email", options=None, recipients=("boss@example.org",))
    chat = ChannelPlan(name="chat", kind="slack", options=None, recipients=("",))
    whole = replace(whole, channels=(*whole.channels, board, chat))
    async with SmtpServer() as mails, SlackServer() as slack, Release(whole, store, clock) as release:
        told = Told(release, mails, slack)
        await told.begin()
        yield told
        await release.dispatcher.stop()


async def test_a_release_that_is_rolled_back_is_one_thread_from_its_start_to_its_end(told: Told) -> None:
    """EM-4: start, an update each quarter of an hour, and what came of it, to those who wait for it."""
    release = told.release
    await release.start(from_version="2.4.0", window=40 * MINUTE, backup_id="nightly-7")
    await told.arrive(1)
    await release.follow(minutes=15)
    await told.arrive(2)
    await release.desk.fail(1, "ci", "the migration stopped")
    await told.arrive(3)
    await release.follow(minutes=6)
    row = await release.begin_order()
    await release.follow(seconds=1)
    await told.arrive(4)
    await release.end_order(row, Sent(receipt={WROTE: "canary-output"}))
    await release.follow(seconds=1)
    await told.arrive(5)
    await release.prove()
    await told.arrive(6)
    subjects = [str(letter["Subject"]).strip() for letter in told.letters]
    assert [subject.partition("]")[0] for subject in subjects] == [
        "[DEPLOYMENT", "[DEPLOYMENT", "[DEPLOYMENT FAILED", "[ROLLBACK", "[ROLLBACK", "[ROLLED BACK",
    ]  # fmt: skip
    first = told.letters[0]["Message-ID"]
    assert {letter["References"] for letter in told.letters[1:]} == {first}
    (top,) = told.slack.top()
    assert len(told.slack.replies(top)) == 5
    assert top.header.startswith(":large_yellow_circle: ROLLED BACK: payroll 2.4.1 was rolled back")
    assert "canary-output" not in str([letter.as_string() for letter in told.letters] + [top.blocks])


async def test_what_fails_says_until_when_it_can_be_stopped_and_offers_a_button(told: Told) -> None:
    await told.release.start()
    await told.arrive(1)
    await told.release.desk.fail(1, "ci", "the migration stopped")
    await told.arrive(2)
    (top,) = told.slack.top()
    assert top.actions == ["sentinel_veto"]
    body = told.letters[1].get_body(("plain",))
    assert body is not None
    assert 'sentinel deploy veto 1 --why "not now"' in body.get_content()
    await told.release.desk.veto(1, "ann", "we look first")
    await told.arrive(3)
    assert top.header.startswith(":large_yellow_circle: ROLLBACK STOPPED")
    assert top.actions == []


async def test_what_people_write_reaches_stakeholders_and_no_log(told: Told) -> None:
    with structlog.testing.capture_logs() as logs:
        await told.release.start(backup_id="canary-backup", impact="canary-impact")
        await told.arrive(1)
        await told.release.desk.note(1, "ann", "canary-note")
        await told.release.desk.fail(1, "ann", "canary-reason")
        await told.arrive(2)
    letter: Any = told.letters[1].get_body(("plain",))
    assert "canary-reason" in letter.get_content()
    assert "canary" not in str(logs)
