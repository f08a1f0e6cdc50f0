"""What Discord gets."""

import asyncio
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.channels import discord
from sentinel.channels.discord import body, escaped, wait_of
from sentinel.channels.plain import units
from sentinel.channels.render import words
from sentinel.core.notification import Failed, Kind, Message
from tests.channels.hostile import MANY, NASTY, hostile, storm
from tests.channels.ways import channel
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.messages import OPENED, message, notification

MEANS_SOMETHING = re.compile(r"(?<!\\)(?:\\\\)*(?:[*_~`|<\[\]@]|://)|^[ ]*[>#+-]", re.MULTILINE)


def made(told: Message) -> dict[str, Any]:
    return body(words(told), notification(told))


def embed(told: Message) -> dict[str, Any]:
    (only,) = made(told)["embeds"]
    return dict(only)


def shown(text: str) -> str:
    """What Discord shows of a text: of a backslash and a sign, the sign."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def test_a_message_says_what_how_bad_and_where_to_look() -> None:
    fields = {field["name"]: field["value"] for field in embed(OPENED)["fields"]}
    assert shown(made(OPENED)["content"]).startswith("[CRITICAL] Payroll API: response_time is 6.2 s")
    assert shown(fields["How bad"]) == "critical: 6.2 s, above 5 s"
    assert fields["Runbook"] == "https://example.org/runbooks/payroll"
    assert embed(OPENED)["color"] == 0xB3261E


@pytest.mark.parametrize("kind", Kind)
def test_nobody_is_mentioned_and_no_sign_means_anything(kind: Kind) -> None:
    told = made(hostile(kind))
    assert told["allowed_mentions"] == {"parse": []}
    texts = [told["content"], told["embeds"][0].get("description", "")]
    texts += [field["value"] for field in told["embeds"][0]["fields"]]
    assert not [text for text in texts if MEANS_SOMETHING.search(text)]


@pytest.mark.parametrize("kind", Kind)
def test_the_limits_are_kept_whatever_is_to_be_said(kind: Kind) -> None:
    for told in (message(kind), hostile(kind, times=20)):
        check_limits(made(told))


def check_limits(told: dict[str, Any]) -> None:
    (only,) = told["embeds"]
    texts = [only.get("description", ""), only["footer"]["text"]]
    texts += [text for field in only["fields"] for text in field.values()]
    assert units(told["content"]) <= discord.CONTENT_LIMIT
    assert sum(map(units, texts)) <= discord.EMBED_LIMIT
    assert units(texts[0]) <= discord.DESCRIPTION_LIMIT
    assert len(only["fields"]) <= discord.FIELDS
    assert all(field["name"] and 0 < units(field["value"]) <= discord.VALUE_LIMIT for field in only["fields"])


def test_a_storm_is_listed_as_far_as_there_is_room_and_counted() -> None:
    told = storm(Kind.DIGEST)
    check_limits(made(told))
    *rows, last = embed(told)["description"].split("\n")
    assert len(rows) > 20
    assert last == f"… and {MANY - len(rows)} more"


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(1, 60))
def test_a_text_is_shown_as_it_is_or_cut(text: str, limit: int) -> None:
    told = escaped(text, limit)
    assert units(told) <= limit
    assert shown(told) == text or text.startswith(shown(told).removesuffix("…").rstrip())


@pytest.mark.parametrize("text", ["> quoted", "# loud", "- item", "+ item", ">>> all of it", "a\n  -# small"])
def test_no_line_begins_with_what_means_something(text: str) -> None:
    assert not MEANS_SOMETHING.search(escaped(text, 100))
    assert shown(escaped(text, 100)) == text


def test_what_means_nothing_stays_easy_to_read_on_a_telephone() -> None:
    assert escaped("till-1: 6.2 s (incident 7) & more!", 100) == "till-1: 6.2 s (incident 7) & more!"


def test_a_text_that_means_harm_is_shown_as_it_is() -> None:
    plain = NASTY.replace("\ud800", "")
    assert shown(escaped(plain, 100_000)) == plain


async def test_it_waits_until_the_message_is_there_and_keeps_the_thread(receiver: HttpReceiver) -> None:
    soon = asyncio.get_running_loop().time() + 5
    await channel("discord", receiver.port).send(notification(), None, soon)
    assert receiver.requests[0].target == "/canary-path/canary-token?thread_id=7&wait=true"


async def test_how_long_to_wait_is_taken_from_the_body_when_no_header_says_it(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=429, body=b'{"message": "You are being rate limited.", "retry_after": 64.57}')
    soon = asyncio.get_running_loop().time() + 5
    outcome = await channel("discord", receiver.port).send(notification(), None, soon)
    assert isinstance(outcome, Failed)
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 64.57


@pytest.mark.parametrize(
    "reply", [b"", b"{", b"[]", b"null", b'{"retry_after": "soon"}', b'{"retry_after": NaN}', b"\xff", b"[" * 4_096]
)
def test_a_body_that_says_nothing_is_no_wait(reply: bytes) -> None:
    assert wait_of(reply) is None


@pytest.mark.parametrize(("seconds", "waited"), [(b"-5", 0), (b"1e300", 86_400), (b"Infinity", 86_400)])
def test_a_wait_is_bounded(seconds: bytes, waited: float) -> None:
    wait = wait_of(b'{"retry_after": ' + seconds + b"}")
    assert wait is not None
    assert wait.total_seconds() == waited


def test_a_repeat_is_marked() -> None:
    assert shown(body(words(OPENED), notification(), repeat=True)["content"]).endswith(" (repeat)")
