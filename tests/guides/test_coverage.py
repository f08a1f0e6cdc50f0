"""Every id of every guide is served by something that exists."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from examples.demo.system import ROOT, find
from tests.guides.kit.coverage import IDS, rows

if TYPE_CHECKING:
    from tests.guides.kit.story import Story

every_system = pytest.mark.parametrize("system", list(IDS))


def configured(system: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(find(system).config.read_text(encoding="utf-8"))
    return config


def stories(system: str) -> list[Story]:
    listed: list[Story] = import_module(f"tests.guides.{system.replace('-', '_')}.stories").STORIES
    return listed


@every_system
def test_messages_are_signed_with_the_name_of_the_system(system: str) -> None:
    assert configured(system)["name"] == system


@every_system
def test_no_id_is_missing_and_none_is_there_twice(system: str) -> None:
    assert [row.id for row in rows(system)] == IDS[system]


@every_system
def test_what_serves_an_id_exists(system: str) -> None:
    checks = {check["name"] for check in configured(system)["checks"]}
    commands = set(re.findall(r"^## (sentinel(?: [a-z-]+)?)", (ROOT / "docs/cli.md").read_text(), re.MULTILINE))
    for row in rows(system):
        assert row.checks or row.commands or row.links, row.id
        assert row.checks <= checks, row.id
        assert row.commands <= commands, row.id
        assert all((ROOT / "docs/guides" / link).exists() for link in row.links), row.id


@every_system
def test_every_check_of_the_configuration_serves_an_id(system: str) -> None:
    named = {name for row in rows(system) for name in row.checks}
    assert {check["name"] for check in configured(system)["checks"]} - named == set()


@every_system
def test_every_story_is_told_in_the_table(system: str) -> None:
    table = {row.id: row for row in rows(system)}
    for story in stories(system):
        for id_ in story.ids:
            assert story.fault in table[id_].faults, story
            assert story.check in table[id_].checks, story


@every_system
def test_every_fault_of_the_table_is_shown_in_a_story(system: str) -> None:
    shown = {(id_, story.fault) for story in stories(system) for id_ in story.ids}
    assert {(row.id, fault) for row in rows(system) for fault in row.faults} - shown == set()
