"""Why a message comes late, or through another channel, stands where people read it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.channels import discord, opsgenie, pagerduty, teams
from sentinel.channels.plain import plain
from sentinel.channels.render import words
from sentinel.channels.slack.blocks import post
from sentinel.channels.wording import Wording
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Notification, copied, why_copied
from tests.kit.messages import NOW, message, notification

NOTE = "The channel slack has taken no message since 2026-03-02 03:08:05 UTC (refused), so it comes this way."
KINDS = (Kind.OPENED, Kind.RESOLVED, Kind.REPORT, Kind.WINDOW_STARTED)


def copy_of(kind: Kind) -> Notification:
    why = why_copied("slack", NOW - timedelta(minutes=10), "refused")
    return copied(notification(message(kind)), Address("mail"), "m-12-1-copy", why, NOW)


def shown_by_mail(row: Notification) -> str:
    made = Wording().mail(words(row.message), row.message)
    assert NOTE in made.html
    return made.text


#: What each channel shows of a row to people.
SHOWN: dict[str, Callable[[Notification], str]] = {
    "email": shown_by_mail,
    "slack": lambda row: json.dumps(post(words(row.message)).blocks),
    "discord": lambda row: json.dumps(discord.body(words(row.message), row)).replace("\\\\", ""),
    "teams": lambda row: json.dumps(teams.card(words(row.message))),
    "pagerduty": lambda row: json.dumps(pagerduty.event(row, words(row.message))),
    "opsgenie": lambda row: json.dumps(list(opsgenie.requests(row, words(row.message)))),
    "apprise": lambda row: plain(words(row.message), 10_000),
}


@pytest.mark.parametrize("channel", SHOWN)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_says_why_it_comes_this_way(channel: str, kind: Kind) -> None:
    if channel == "pagerduty" and kind is Kind.RESOLVED:
        kind = Kind.ESCALATED  # to end an alert PagerDuty takes no words
    assert NOTE in SHOWN[channel](copy_of(kind))


def test_the_note_stands_before_everything_else() -> None:
    assert words(copy_of(Kind.OPENED).message).lines[0].text == NOTE


def test_a_message_that_comes_in_time_has_no_note() -> None:
    assert "Note" not in {line.label for line in words(replace(message(Kind.OPENED), note="")).lines}
