"""The card that Microsoft Teams gets."""

from collections.abc import Iterator
from typing import Any

import pytest

from sentinel.channels.payload import size
from sentinel.channels.render import words
from sentinel.channels.teams import CARD_LIMIT, card
from sentinel.core.notification import Kind, Message
from tests.channels.hostile import MANY, hostile, storm
from tests.kit.messages import OPENED, message


def content(told: Message) -> dict[str, Any]:
    (attachment,) = card(words(told))["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    made: dict[str, Any] = attachment["content"]
    return made


def elements(part: Any) -> Iterator[dict[str, Any]]:
    """Every element of a card, however deep."""
    if isinstance(part, dict):
        if "type" in part:
            yield part
        for value in part.values():
            yield from elements(value)
    elif isinstance(part, list):
        for value in part:
            yield from elements(value)


def texts(told: Message) -> list[str]:
    return [element["text"] for element in elements(content(told)) if element["type"] == "TextRun"]


def test_a_card_says_what_how_bad_and_where_to_look() -> None:
    assert texts(OPENED)[0].startswith("[CRITICAL] Payroll API: response_time is 6.2 s")
    assert "critical: 6.2 s, above 5 s" in texts(OPENED)
    assert content(OPENED)["body"][0]["style"] == "attention"
    assert [action["title"] for action in content(OPENED)["actions"]] == ["Runbook", "Look at"]


def test_the_other_tones_have_their_colours() -> None:
    kinds = (Kind.EASED, Kind.RESOLVED, Kind.REPORT)
    assert [content(message(kind))["body"][0]["style"] for kind in kinds] == ["warning", "good", "emphasis"]


@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_read_as_markup_and_only_addresses_of_the_configuration_are_links(kind: Kind) -> None:
    found = list(elements(content(hostile(kind))))
    assert {element["type"] for element in found} <= {"AdaptiveCard", "Container", "RichTextBlock", "TextRun"}


@pytest.mark.parametrize("kind", Kind)
def test_a_card_is_never_larger_than_teams_takes(kind: Kind) -> None:
    assert size(card(words(hostile(kind, times=20)), repeat=True)) <= CARD_LIMIT


def test_a_storm_is_listed_as_far_as_there_is_room_and_counted() -> None:
    listed = texts(storm(Kind.DIGEST))
    assert size(card(words(storm(Kind.DIGEST)))) <= CARD_LIMIT
    shown = sum(1 for text in listed if text.startswith("Till "))
    assert 50 < shown < MANY
    assert listed[-1] == f"… and {MANY - shown} more"


def test_a_repeat_is_marked() -> None:
    assert card(words(OPENED), repeat=True)["attachments"][0]["content"]["fallbackText"].endswith(" (repeat)")
