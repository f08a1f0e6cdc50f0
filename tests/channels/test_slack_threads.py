"""The life of a thread in Slack: one per incident, kept current, whatever people do to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.channels.base import ChannelTools
from sentinel.channels.slack import SLACK
from sentinel.channels.slack.bot import MOST_TURNED
from sentinel.channels.slack.options import SlackOptions
from sentinel.core.incident import Address
from sentinel.core.notification import AboutOther, Ambiguous, Kind, Message, News, Outcome, Receipt, Sent
from sentinel.core.rule import Severity
from tests.kit.messages import INCIDENT, NOW, OPENED, message, notification
from tests.kit.slack import APP_TOKEN, BOT_TOKEN, Posted, SlackServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.channels.base import Channel


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


class Line:
    """One channel, and what the store would remember of what it sent."""

    def __init__(self, slack: SlackServer, **options: Any) -> None:
        given = {"token": BOT_TOKEN, "channel": "#ops", "api_url": slack.api_url, "app_token": APP_TOKEN, **options}
        tools = ChannelTools(clock=SystemClock(), source="ward")
        self.channel: Channel = SLACK.build("ops", SlackOptions.model_validate(given), tools)
        self.first: Receipt | None = None
        self.keys = 0

    async def tell(self, told: Message | Kind, *, to: str = "", ambiguous: int = 0) -> Outcome:
        """Send a message; a repeat has the key of the one before."""
        self.keys += not ambiguous
        row = notification(message(told) if isinstance(told, Kind) else told, key=f"k{self.keys}", ambiguous=ambiguous)
        row = replace(row, address=Address("ops", to))
        outcome = await self.channel.send(row, self.first, asyncio.get_running_loop().time() + 5.0)
        if self.first is None and isinstance(outcome, Sent):
            self.first = outcome.receipt
        return outcome


async def test_the_first_message_shows_the_state_and_the_thread_what_happened(slack: SlackServer) -> None:
    line = Line(slack)
    for kind in (Kind.OPENED, Kind.REMINDED, Kind.ACKNOWLEDGED):
        await line.tell(kind)
    (first,) = slack.top()
    assert ["still" in one.header for one in slack.replies(first)] == [True, False]
    assert first.header == ":white_circle: ACKNOWLEDGED: Payroll API: taken by kim"
    await line.tell(Kind.RESOLVED)
    assert first.header == ":large_green_circle: RESOLVED: Payroll API: well again after 18 min"


async def test_a_reply_says_only_what_its_first_message_does_not(slack: SlackServer) -> None:
    line = Line(slack)
    for kind in (Kind.OPENED, Kind.ACKNOWLEDGED, Kind.RESOLVED):
        await line.tell(kind)
    assert [labels(one) for one in slack.replies(slack.top()[0])] == [
        ["Acknowledged: "],
        ["From: ", "To: ", "Lasted: ", "It was: "],
    ]


async def test_a_reply_that_the_channel_sees_says_everything(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    await line.tell(Kind.ESCALATED)
    assert {"What: ", "Runbook: ", "Acknowledge with: "} <= set(labels(slack.replies(slack.top()[0])[0]))


def labels(posted: Posted) -> list[str]:
    lines = (block for block in posted.blocks if block["type"] == "rich_text")
    return [
        one["text"] for block in lines for one in block["elements"][0]["elements"] if "bold" in one.get("style", {})
    ]


async def test_a_reminder_leaves_the_first_message_as_it_opened(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    before = slack.top()[0].header
    await line.tell(Kind.REMINDED)
    assert slack.top()[0].header == before
    assert slack.top()[0].updates == 1


async def test_the_first_message_names_the_others_in_the_trouble(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    others = (AboutOther(check="login", title="Login", incident=13, severity=Severity.CRITICAL),)
    await line.tell(replace(message(Kind.UPDATED), others=others, others_count=1))
    assert "Login (critical, incident 13)" in str(slack.top()[0].blocks)


async def test_the_buttons_are_there_while_nobody_has_it(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    await line.tell(Kind.ESCALATED)
    (first,) = slack.top()
    assert first.actions == ["sentinel_acknowledge", "sentinel_silence", "sentinel_runbook"]
    assert slack.replies(first)[0].actions == []
    await line.tell(Kind.ACKNOWLEDGED)
    assert first.actions == []
    await line.tell(Kind.ACKNOWLEDGEMENT_EXPIRED)
    assert "sentinel_acknowledge" in first.actions
    await line.tell(Kind.RESOLVED)
    assert first.actions == []


async def test_without_a_way_back_there_are_no_buttons(slack: SlackServer) -> None:
    await Line(slack, app_token=None).tell(Kind.OPENED)
    assert slack.top()[0].actions == []


async def test_important_turns_stand_in_the_channel_too(slack: SlackServer) -> None:
    line = Line(slack)
    for kind in (Kind.OPENED, Kind.ESCALATED, Kind.REMINDED, Kind.WORSENED, Kind.ACKNOWLEDGED):
        await line.tell(kind)
    assert [one.broadcast for one in slack.replies(slack.top()[0])] == [True, False, True, False]


async def test_who_is_kept_informed_has_nothing_to_take(slack: SlackServer) -> None:
    line = Line(slack)
    for _ in range(2):
        await line.tell(replace(OPENED, kind=Kind.PROGRESS))
        (first,) = slack.top()
        assert first.actions == []
        assert "Acknowledge with" not in str(first.blocks)
    assert [one.broadcast for one in slack.replies(first)] == [True]
    await line.tell(Kind.RESOLVED)
    assert "RESOLVED" in first.header


async def test_progress_leaves_the_buttons_to_whoever_can_take_it(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    await line.tell(replace(OPENED, kind=Kind.PROGRESS))
    assert "sentinel_acknowledge" in slack.top()[0].actions


async def test_a_reply_to_a_deleted_message_becomes_the_first_of_its_thread(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    slack.delete(slack.top()[0])
    await line.tell(Kind.REMINDED)
    await line.tell(Kind.RESOLVED)
    (successor,) = slack.top()
    assert [one.header for one in slack.replies(successor)] == [successor.header]
    assert "RESOLVED" in successor.header


@pytest.mark.parametrize("word", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_has_a_successor(slack: SlackServer, word: str) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    slack.refuse("chat.update", word)
    assert isinstance(await line.tell(Kind.ACKNOWLEDGED), Sent)
    await line.tell(Kind.RESOLVED)
    old, new = slack.top()
    assert ("CRITICAL" in old.header, "RESOLVED" in new.header) == (True, True)
    assert len(slack.replies(new)) == 1


@pytest.mark.parametrize("word", ["thread_not_found", "cannot_reply_to_message", "thread_locked"])
async def test_a_thread_that_takes_no_reply_goes_on_in_the_channel(slack: SlackServer, word: str) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    slack.refuse("chat.postMessage", word)
    await line.tell(Kind.REMINDED)
    await line.tell(Kind.RESOLVED)
    assert len(slack.top()) == 2
    assert len(slack.replies(slack.top()[1])) == 1


async def test_an_incident_goes_on_in_the_thread_of_another(slack: SlackServer) -> None:
    """Its own first message was a reply, and that is what the store has of it."""
    line = Line(slack)
    await line.tell(Kind.OPENED)
    reply = await line.tell(replace(OPENED, incident=replace(INCIDENT, id=13, thread=12)))
    assert isinstance(reply, Sent)
    line.first = reply.receipt
    await line.tell(Kind.RESOLVED)
    (first,) = slack.top()
    assert len(slack.replies(first)) == 2
    assert "RESOLVED" in first.header


async def test_a_person_has_a_thread_of_their_own(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED, to="U0KIM")
    await line.tell(Kind.RESOLVED, to="U0KIM")
    assert {one.channel for one in slack.messages} == {"D0KIM"}
    assert slack.calls[0].arguments["channel"] == "U0KIM"
    assert "RESOLVED" in slack.top()[0].header


# --- Repeats ---------------------------------------------------------------------------------------------------------


async def test_what_arrived_after_all_is_not_posted_twice(slack: SlackServer) -> None:
    """H05."""
    line = Line(slack, channel="C0OPS")
    slack.silent.append("chat.postMessage")
    assert isinstance(await line.tell(Kind.OPENED), Ambiguous)
    outcome = await line.tell(Kind.OPENED, ambiguous=1)
    assert outcome == Sent(receipt={"ts": slack.messages[0].ts, "channel": "C0OPS"})
    assert len(slack.messages) == 1


async def test_a_reply_that_arrived_after_all_is_found_in_its_thread(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    slack.silent.append("chat.postMessage")
    assert isinstance(await line.tell(Kind.RESOLVED), Ambiguous)
    assert isinstance(await line.tell(Kind.RESOLVED, ambiguous=1), Sent)
    (first,) = slack.top()
    assert len(slack.replies(first)) == 1
    assert "RESOLVED" in first.header


async def test_a_repeat_is_marked_where_the_bot_may_not_look(slack: SlackServer) -> None:
    line = Line(slack, channel="C0OPS")
    slack.silent.append("chat.postMessage")
    slack.refuse("conversations.history", "missing_scope")
    await line.tell(Kind.OPENED)
    await line.tell(Kind.OPENED, ambiguous=1)
    assert ["(repeat)" in one.header for one in slack.messages] == [False, True]
    assert slack.messages[0].metadata == slack.messages[1].metadata


async def test_a_repeat_that_never_arrived_is_posted(slack: SlackServer) -> None:
    line = Line(slack, channel="C0OPS")
    await line.tell(Kind.OPENED, ambiguous=1)
    assert len(slack.top()) == 1


# --- Digests ---------------------------------------------------------------------------------------------------------


def digest(*kinds: Kind, incident: int = 12) -> Message:
    """A digest with news of these kinds."""
    news = (
        News(
            kind=kind,
            at=NOW,
            check="payroll-api",
            title="Payroll API",
            incident=incident,
            severity=Severity.OK if kind is Kind.RESOLVED else Severity.CRITICAL,
            explanation="status 503, expected 2xx",
        )
        for kind in kinds
    )
    return replace(message(Kind.DIGEST), news=tuple(news))


@pytest.mark.parametrize(
    ("kind", "shown", "buttons"),
    [
        (Kind.RESOLVED, ":large_green_circle: RESOLVED: Payroll API: well again after 18 min", 0),
        (Kind.ACKNOWLEDGED, ":white_circle: ACKNOWLEDGED: Payroll API: taken", 0),
        (Kind.REMINDED, ":red_circle: CRITICAL: Payroll API: status 503, expected 2xx", 3),
    ],
)
async def test_a_digest_brings_the_first_messages_up_to_date(
    slack: SlackServer, kind: Kind, shown: str, buttons: int
) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    line.first = None
    await line.tell(digest(kind))
    first, summary = slack.top()
    assert (first.header, len(first.actions)) == (shown, buttons)
    assert summary.updates == 0


async def test_a_digest_about_others_changes_no_first_message(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    line.first = None
    await line.tell(digest(Kind.RESOLVED, incident=99))
    assert slack.top()[0].updates == 0


async def test_what_is_over_is_forgotten(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.OPENED)
    line.first = None
    await line.tell(digest(Kind.RESOLVED))
    await line.tell(digest(Kind.RESOLVED))
    assert slack.top()[0].updates == 1


async def test_a_digest_in_a_storm_changes_only_so_many(slack: SlackServer) -> None:
    line = Line(slack)
    for number in range(MOST_TURNED + 3):
        line.first = None
        await line.tell(replace(OPENED, incident=replace(INCIDENT, id=number + 1)))
    line.first = None
    every = tuple(digest(Kind.RESOLVED, incident=number + 1).news[0] for number in range(MOST_TURNED + 3))
    await line.tell(replace(message(Kind.DIGEST), news=every))
    assert sum(one.updates for one in slack.top()) == MOST_TURNED


# --- Canaries --------------------------------------------------------------------------------------------------------


async def test_canaries_are_one_message_that_is_brought_up_to_date(slack: SlackServer) -> None:
    line = Line(slack)
    canary = message(Kind.CANARY)
    for hours in range(3):
        line.first = None
        assert isinstance(await line.tell(replace(canary, at=canary.at + timedelta(hours=hours))), Sent)
    (one,) = slack.messages
    assert (one.updates, "05:18:05 UTC" in one.note) == (2, True)


async def test_a_canary_that_was_deleted_is_posted_again(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.CANARY)
    slack.delete(slack.messages[0])
    line.first = None
    assert isinstance(await line.tell(Kind.CANARY), Sent)
    assert len(slack.top()) == 1


async def test_a_canary_is_refused_like_any_message(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.CANARY)
    slack.tokens.clear()
    assert not isinstance(await line.tell(Kind.CANARY), Sent)


# --- Deployments -----------------------------------------------------------------------------------------------------


async def test_a_deployment_is_one_thread_whose_first_message_shows_how_it_stands(slack: SlackServer) -> None:
    line = Line(slack)
    for kind in (Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_PROGRESS, Kind.DEPLOYMENT_ENDED):
        await line.tell(kind)
    (first,) = slack.top()
    assert first.header.startswith(":large_green_circle: DEPLOYED: payroll 2.4.1 is in place after 18 min")
    assert [one.broadcast for one in slack.replies(first)] == [True, True]


async def test_the_button_that_stops_a_rollback_is_there_until_it_runs(slack: SlackServer) -> None:
    line = Line(slack)
    await line.tell(Kind.DEPLOYMENT_STARTED)
    (first,) = slack.top()
    assert first.actions == []
    await line.tell(Kind.DEPLOYMENT_FAILED)
    assert first.actions == ["sentinel_veto"]
    await line.tell(Kind.ROLLBACK_STARTED)
    assert first.actions == []
    assert labels(slack.replies(first)[-1]) == ["Rollback: ", "Reason: ", "Checks: "]


async def test_the_papers_of_a_deployment_stand_in_its_thread_and_leave_its_first_message(slack: SlackServer) -> None:
    line = Line(slack)
    for kind in (Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_ENDED, Kind.REPORT):
        await line.tell(kind)
    (first,) = slack.top()
    assert "DEPLOYED" in first.header
    assert slack.replies(first)[-1].header == ":white_circle: REPORT: Daily report of 2026-03-01"
