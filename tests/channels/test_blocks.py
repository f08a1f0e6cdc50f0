"""Messages for Slack within Slack's limits."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.channels.blocks import BLOCKS_LIMIT, HEADER_LIMIT, SECTION_LIMIT, TOTAL_LIMIT, Post, post
from sentinel.channels.render import words
from sentinel.core.notification import Kind, Message
from tests.kit.messages import FINDING, OPENED, message


def texts(said: Post) -> list[str]:
    """The text of every block, in order."""
    return [(block.get("text") or block["elements"][0])["text"] for block in said.blocks]


def check_limits(told: Message) -> None:
    said = post(words(told), mention="<!here>", repeat=True)
    header, *sections, _ = texts(said)
    assert len(header) <= HEADER_LIMIT
    assert all(0 < len(section) <= SECTION_LIMIT for section in sections)
    assert len(said.blocks) <= BLOCKS_LIMIT
    assert sum(map(len, texts(said))) <= TOTAL_LIMIT
    assert len(said.text) <= 4_000


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_message_fits(kind: Kind) -> None:
    check_limits(message(kind))


@pytest.mark.parametrize("letter", ["x", "&", "<", "é", "🔥", "`", "\n", "a\n"])
def test_a_giant_message_fits(letter: str) -> None:
    giant = letter * 60_000
    findings = tuple(replace(FINDING, explanation=giant) for _ in range(60))
    check_limits(replace(OPENED, explanation=giant, hint=giant, source=giant, text=giant, findings=findings))


@settings(deadline=None)
@given(st.text(alphabet="&<>`a\n", max_size=9_000))
def test_no_escape_is_cut_in_two(text: str) -> None:
    for section in texts(post(words(replace(message(Kind.REPORT), text=text))))[1:]:
        rest = section.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert not set(rest) & set("&<>")


def test_text_of_others_calls_nobody_and_links_nowhere() -> None:
    said = post(words(replace(OPENED, explanation="<!channel> <https://example.org|pay> & more")))
    assert "&lt;!channel&gt; &lt;https://example.org|pay&gt; &amp; more" in texts(said)[1]
    assert "<" not in said.text


def test_a_report_stands_in_a_block_of_code() -> None:
    section = texts(post(words(replace(message(Kind.REPORT), text="a  1\nb  2 ```"))))[1]
    assert section == "```\na  1\nb  2 '''\n```"


def test_a_repeat_is_marked() -> None:
    said = post(words(OPENED), repeat=True)
    assert "CRITICAL (repeat): " in texts(said)[0]
    assert said.text.endswith("(repeat)")
