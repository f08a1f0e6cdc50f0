"""Under which name a receiver keeps what belongs together."""

import re
from dataclasses import replace

import pytest

from sentinel.channels.conversation import conversation
from sentinel.core.notification import Kind, Message
from tests.channels.hostile import hostile
from tests.kit.messages import INCIDENT, OPENED, message, notification


def name(told: Message, key: str = "m-1") -> str:
    return conversation(notification(told, key=key))


def test_all_of_one_incident_has_one_name() -> None:
    about = [kind for kind in Kind if message(kind).incident is not None]
    assert {name(message(kind), key=kind.value) for kind in about} == {"sentinel-ward-12"}


def test_who_takes_over_a_conversation_has_its_name() -> None:
    assert name(replace(OPENED, incident=replace(INCIDENT, id=99, thread=12))) == name(OPENED)


def test_the_store_that_works_again_has_the_name_of_the_one_that_did_not() -> None:
    assert name(message(Kind.STORE_UP), "m-2") == name(message(Kind.STORE_DOWN), "m-1") == "sentinel-ward-store"


def test_a_window_has_one_name_from_its_plan_to_its_end() -> None:
    kinds = (Kind.WINDOW_PLANNED, Kind.WINDOW_STARTED, Kind.WINDOW_ENDED)
    assert len({name(message(kind), key=kind.value) for kind in kinds}) == 1


def test_what_stands_for_itself_has_a_name_of_its_own_that_a_repeat_has_again() -> None:
    digest = message(Kind.DIGEST)
    assert name(digest, "m-1") == name(digest, "m-1") != name(digest, "m-2")


def test_two_sentinels_have_different_names() -> None:
    assert name(OPENED) != name(replace(OPENED, source="ward-2"))
    assert name(replace(OPENED, source="Ward é")) != name(replace(OPENED, source="Ward e"))


@pytest.mark.parametrize("kind", Kind)
def test_every_name_can_stand_in_a_path(kind: Kind) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", name(hostile(kind), key="k" * 500))
