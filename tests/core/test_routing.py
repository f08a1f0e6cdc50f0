from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.core.incident import Address, Effect, EffectKind, Incident, Level, Phase
from sentinel.core.routing import Sender, key, route, tell
from sentinel.core.rule import Severity
from tests.core.life import SENDER
from tests.core.made import MINUTE, NOW, POLICY, check, verdict

ADA, BOB, CHAT, HOOK = (
    Address("mail", "ada@example.org"),
    Address("mail", "bob@example.org"),
    Address("chat"),
    Address("hook"),
)
OPEN = Incident(
    check="api",
    policy=POLICY,
    began_at=NOW,
    id=7,
    phase=Phase.OPEN,
    severity=Severity.CRITICAL,
    opened_at=NOW,
    verdict=verdict(Severity.CRITICAL),
)


@pytest.mark.parametrize(("level", "addresses"), [(1, (ADA, BOB)), (2, (ADA, BOB, CHAT)), (3, (HOOK,)), (0, ())])
def test_a_level_is_told_through_its_channels(level: int, addresses: tuple[Address, ...]) -> None:
    assert route(Effect(kind=EffectKind.ESCALATED, level=level), OPEN, SENDER, NOW) == addresses


def test_what_has_no_level_is_told_to_everybody_who_was_told() -> None:
    """Even through a channel that the plan no longer has: whoever was told of the problem is told of its end."""
    told = replace(OPEN, told=(CHAT, Address("pager")))
    assert route(Effect(kind=EffectKind.RESOLVED), told, replace(SENDER, recipients={}), NOW) == told.told


def test_a_channel_that_the_plan_no_longer_has_is_left_out_of_a_level() -> None:
    assert route(Effect(kind=EffectKind.OPENED, level=2), OPEN, replace(SENDER, recipients={"chat": ("",)}), NOW) == (
        CHAT,
    )


def test_a_channel_that_is_named_twice_is_told_once() -> None:
    policy = replace(POLICY, levels=(Level(after=0 * MINUTE, channels=("chat", "chat")),))
    assert route(Effect(kind=EffectKind.OPENED, level=1), replace(OPEN, policy=policy), SENDER, NOW) == (CHAT,)


def test_each_effect_is_one_message_per_address_with_one_sequence() -> None:
    effects = (Effect(kind=EffectKind.OPENED, level=1), Effect(kind=EffectKind.ESCALATED, level=2))
    telling = tell(check(), OPEN, effects, SENDER, NOW)
    assert [(n.address, n.message.sequence) for n in telling.notifications] == [
        (ADA, 1), (BOB, 1), (ADA, 2), (BOB, 2), (CHAT, 2)
    ]  # fmt: skip
    assert (telling.incident.sequence, telling.incident.told) == (2, (ADA, BOB, CHAT))


def test_a_message_is_due_at_once_and_knows_its_incident() -> None:
    row = tell(check(), OPEN, (Effect(kind=EffectKind.OPENED, level=3),), SENDER, NOW).notifications[0]
    assert (row.incident, row.created_at, row.due_at, row.attempts) == (7, NOW, NOW, 0)


def test_an_effect_that_reaches_nobody_still_stands_on_the_timeline() -> None:
    telling = tell(check(), OPEN, (Effect(kind=EffectKind.OPENED),), SENDER, NOW)
    assert (telling.notifications, [e.kind for e in telling.entries]) == ((), ["opened"])


def test_the_timeline_says_how_bad_it_is_and_which_level_was_told() -> None:
    effects = (Effect(kind=EffectKind.OPENED, level=1), Effect(kind=EffectKind.ESCALATED, level=2))
    lines = [entry.text for entry in tell(check(), OPEN, effects, SENDER, NOW).entries]
    assert lines == ["CRITICAL: it fails", "level 2 of 3: mail, chat"]


def test_equal_messages_have_equal_keys_and_different_ones_have_not() -> None:
    keys = [
        key("i1", 7, 1, ADA), key("i1", 7, 1, BOB), key("i1", 7, 2, ADA), key("i1", 8, 1, ADA), key("i2", 7, 1, ADA),
        key("i1", 71, 1, ADA), key("i1", 7, 11, ADA), key("i1", 7, 1, Address("mailada@example.org")),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert key("i1", 7, 1, ADA) == keys[0]


def test_the_link_and_the_name_of_this_sentinel_are_in_every_message() -> None:
    sender = Sender(source="ward", instance="i1", recipients={"chat": ("",)}, link="https://example.org/")
    message = tell(check(), OPEN, (Effect(kind=EffectKind.OPENED, level=2),), sender, NOW).notifications[0].message
    assert (message.source, message.link) == ("ward", "https://example.org/")
