"""Whether anybody would hear: what is said of a configuration, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sentinel.config.hearing import advice_on_telling
from tests.config.test_people import TREE

if TYPE_CHECKING:
    from tests.kit.config import ConfigFolder

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LEVEL = {"after": 0, "channels": ["mail", "team"]}
CHECK = TREE["checks"][0] | {"tags": ["hr"]}


def said(config: ConfigFolder, **more: Any) -> list[str]:
    return list(advice_on_telling(config.plan(TREE | {"checks": [CHECK]} | more), NOW))


def test_where_everybody_hears_nothing_is_said(config: ConfigFolder) -> None:
    assert said(config) == []
    assert list(advice_on_telling(config.plan({"checks": [CHECK]}), NOW)) == []


def test_a_route_behind_a_wider_one_is_named(config: ConfigFolder) -> None:
    wide, narrow = {"policy": "default"}, {"match": {"tags": ["hr"]}, "policy": "default"}
    [line] = said(config, routes=[wide, narrow])
    assert line == (
        "`routes[1]` never has a turn: whatever it takes (tag hr) is taken by `routes[0]` before; put the narrower one first"
    )


def test_a_route_for_no_check_is_named(config: ConfigFolder) -> None:
    [line] = said(config, routes=[{"match": {"checks": ["payroll-*"]}, "when": "night", "policy": "default"}])
    assert line == "`routes[0]` never has a turn: no check is meant by it (check payroll-*, while night)"


def test_a_policy_a_channel_and_a_schedule_of_no_use_are_named(config: ConfigFolder) -> None:
    hook = {"kind": "webhook", "url": "${HOOK}"}
    second = TREE["on_call"] | {"second": {"people": ["anna"], "start": "2026-03-02"}}
    policies = TREE["policies"] | {"idle": {"levels": [LEVEL]}}
    tree = TREE | {
        "checks": [CHECK],
        "on_call": second,
        "policies": policies,
        "channels": TREE["channels"] | {"hook": hook},
    }
    lines = list(advice_on_telling(config.plan(tree, {"HOOK": "https://hooks.example.org/x"}), NOW))
    assert lines == [
        "policy 'idle' is used by no check and no route",
        "channel 'hook' tells nobody anything: no level, person or report names it",
        "schedule 'second' calls nobody: no level names it in `on_call`",
    ]


def test_a_time_at_which_nobody_is_on_call_is_named(config: ConfigFolder) -> None:
    by_night = TREE["on_call"]["primary"] | {"when": "night"}
    [line] = said(config, on_call={"primary": by_night})
    assert line == (
        "policy 'default', level 1: nobody is on call by primary from 2026-03-10 12:00 UTC to 2026-03-10 21:00 UTC, "
        "so only team would be told"
    )


def test_a_rotation_that_has_not_begun_leaves_the_channels_of_its_level(config: ConfigFolder) -> None:
    later = {"people": ["anna"], "start": "2027-03-02"}
    policy = {"levels": [LEVEL | {"on_call": ["primary"]}]}
    [line] = said(config, on_call={"primary": later}, policies={"default": policy})
    assert line.endswith("nobody is on call by primary from 2026-03-10 12:00 UTC on, so only mail, team would be told")


def test_a_policy_that_only_runs_a_command_is_pointed_out(config: ConfigFolder) -> None:
    tree = {
        "checks": [{**CHECK, "policy": "deaf"}],
        "channels": {"run": {"kind": "command", "command": ["/bin/true"]}},
        "policies": {"deaf": {"levels": [{"after": 0, "channels": ["run"]}]}},
    }
    lines = advice_on_telling(config.plan(tree), NOW)
    assert "policy 'deaf' tells no person anything: its levels name commands only" in lines


def test_a_policy_that_keeps_warnings_to_itself_is_pointed_out(config: ConfigFolder) -> None:
    policies = {**TREE.get("policies", {}), "default": {"levels": [{**LEVEL, "severity": "critical"}]}}
    assert any("tells nobody of a warning" in line for line in said(config, policies=policies))


def test_a_channel_that_undoes_deployments_or_tells_of_them_is_of_use(config: ConfigFolder) -> None:
    channels = TREE["channels"] | {
        "undo": {"kind": "command", "command": ["/usr/bin/true"]},
        "board": TREE["channels"]["mail"],
    }
    pay = {"match": {"tags": ["hr"]}, "channels": ["board"], "rollback": {"channel": "undo"}}
    assert said(config, channels=channels, deployments={"pay": pay}) == []
