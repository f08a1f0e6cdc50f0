"""What is said of how deployments are judged and proven, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentinel.config.undoing import advice_on_deployments
from tests.config.test_people import TREE

if TYPE_CHECKING:
    from tests.kit.config import ConfigFolder

CHECK = TREE["checks"][0] | {"tags": ["hr", "post"]}


def said(config: ConfigFolder, **more: Any) -> list[str]:
    channels = TREE["channels"] | {"undo": {"kind": "command", "command": ["/usr/bin/true"]}}
    pay = {"match": {"tags": ["hr"]}, "rollback": {"channel": "undo"}} | more
    tree = TREE | {"checks": [CHECK], "channels": channels, "deployments": {"pay": pay}}
    return list(advice_on_deployments(config.plan(tree)))


def test_where_all_is_as_meant_nothing_is_said(config: ConfigFolder) -> None:
    assert said(config) == []


def test_a_watch_too_short_for_its_results_is_pointed_out(config: ConfigFolder) -> None:
    [line] = said(config, watch={"for": "1s", "at": []})
    assert "20 results (`samples`), one every 10s, take 3m20s" in line


def test_a_tag_that_proves_no_rollback_is_pointed_out(config: ConfigFolder) -> None:
    [line] = said(config, rollback={"channel": "undo", "verify": ["post", "smokey"]})
    assert "no check of the system has the tag 'smokey'" in line
