"""Messages for Slack within Slack's limits."""

from dataclasses import replace

import pytest

from sentinel.channels.render import words
from sentinel.channels.slack.blocks import BLOCKS_LIMIT, HEADER_LIMIT, SECTION_LIMIT, TOTAL_LIMIT, Post, post
from sentinel.channels.slack.buttons import buttons
from sentinel.core.notification import Kind, Message, News
from sentinel.core.rule import Severity
from tests.kit.messages import CHECK, FINDING, NOW, OPENED, message


def pieces(part: object) -> list[str]:
    """Every text within a block, in order."""
    if isinstance(part, list):
        return [text for item in part for text in pieces(item)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if isinstance(part.get("text"), str) else pieces(part.get("text"))
    return own + pieces(part.get("elements"))


def texts(said: Post) -> list[str]:
    """The text of every block, in order."""
    return ["".join(pieces(block)) for block in said.blocks]


def marked_up(part: object) -> list[str]:
    """Every text that Slack reads markup in."""
    if isinstance(part, list):
        return [text for item in part for text in marked_up(item)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if part.get("type") == "mrkdwn" else []
    return own + [text for value in part.values() for text in marked_up(value)]


def check_limits(told: Message) -> None:
    said = post(words(told), mention="<!here>", repeat=True, actions=buttons(told, "ops"))
    header, *sections = texts(said)
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
    """H07."""
    giant = letter * 60_000
    findings = tuple(replace(FINDING, explanation=giant) for _ in range(60))
    check_limits(replace(OPENED, explanation=giant, hint=giant, source=giant, text=giant, findings=findings))


def test_a_giant_message_still_says_what_to_do_and_where_to_look() -> None:
    findings = tuple(replace(FINDING, explanation="x" * 9_000) for _ in range(60))
    told = replace(OPENED, explanation="x" * 9_000, hint="y" * 9_000, findings=findings)
    lines = texts(post(words(told)))[1]
    assert "\nAcknowledge with: sentinel ack 12" in lines
    assert lines.endswith(f"Look at: {OPENED.link}")


HOSTILE = "<!channel> @channel <https://example.org|pay> *bold* `code` :fire: #general & </script>"


def test_text_of_others_stands_where_slack_reads_no_markup() -> None:
    told = replace(OPENED, explanation=HOSTILE, hint=HOSTILE, source=HOSTILE, check=replace(CHECK, title=HOSTILE))
    said = post(words(told), mention="<!here>", actions=buttons(told, "ops"))
    assert marked_up(list(said.blocks)) == ["<!here>"]
    assert not set("<>") & set(said.text)


def test_what_is_copied_from_it_is_what_was_written() -> None:
    said = post(words(replace(OPENED, explanation=HOSTILE)))
    assert f"Why: {HOSTILE}\n" in texts(said)[1]


def test_only_addresses_of_the_configuration_are_links() -> None:
    said = post(words(replace(OPENED, explanation="https://example.org/pay", hint="https://example.org/hint")))
    links = [one["url"] for one in said.blocks[1]["elements"][0]["elements"] if one["type"] == "link"]
    assert links == [CHECK.runbook, OPENED.link]


def test_an_address_that_is_no_page_is_no_link() -> None:
    said = post(words(replace(OPENED, check=replace(CHECK, runbook="javascript:alert(1)"), link="")))
    assert "link" not in {one["type"] for one in said.blocks[1]["elements"][0]["elements"]}


def test_a_report_stands_in_a_block_of_code() -> None:
    block = post(words(replace(message(Kind.REPORT), text="a  1\nb  2 ```"))).blocks[1]
    assert block["elements"][0]["type"] == "rich_text_preformatted"
    assert pieces(block) == ["a  1\nb  2 ```"]


def test_a_digest_of_thousands_names_the_urgent_ones_and_counts_the_rest() -> None:
    well = News(
        kind=Kind.RESOLVED, at=NOW, check="a", title="", incident=1, severity=Severity.OK, explanation="well again"
    )
    bad = replace(well, kind=Kind.OPENED, severity=Severity.CRITICAL, check="b", incident=2, explanation="x" * 300)
    told = replace(message(Kind.DIGEST), news=(bad,) * 20 + (well,) * 5_000, link="https://sentinel.example.org/")
    check_limits(told)
    rows = texts(post(words(told)))[2]
    assert rows.startswith("• CRITICAL b: xxx")
    assert rows.endswith(f"and {5_020 - rows.count('•')} more on https://sentinel.example.org/")


def test_a_repeat_is_marked() -> None:
    said = post(words(OPENED), repeat=True)
    assert "CRITICAL (repeat): " in texts(said)[0]
    assert said.text.endswith("(repeat)")
