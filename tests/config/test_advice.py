"""What can be used, though it is hardly what anybody means, is said and not refused."""

from dataclasses import replace
from typing import Any

import pytest

from sentinel.config.advice import advice
from sentinel.core.plan import ChannelPlan
from tests.kit.config import CHECK, ConfigFolder


def said(config: ConfigFolder, **rule: Any) -> list[str]:
    plan = config.plan_of_check(interval="30s", rules=[{"type": "error_rate", "window": "2h"} | rule])
    return list(advice(plan))


def test_an_error_rate_that_one_failure_breaks_is_warned_of(config: ConfigFolder) -> None:
    [line] = said(config, min_samples=30, warning="1%", critical="5%")
    assert line.startswith(
        "check 'api': one failure among 30 results is an error rate of 3.33 %, above the bound of 1 %: "
    )
    assert line.endswith("with min_samples 100, in a window of 54m33s or longer, it does not")


@pytest.mark.parametrize(
    "rule",
    [
        {"min_samples": 100, "warning": "1%", "critical": "5%"},
        {"min_samples": 20, "critical": "5%"},
        {"min_samples": 20, "warning": 0},
    ],
)
def test_an_error_rate_that_takes_two_failures_or_wants_none_is_fine(
    config: ConfigFolder, rule: dict[str, Any]
) -> None:
    assert said(config, **rule) == []


def test_what_is_advised_can_be_used(config: ConfigFolder) -> None:
    assert said(config, window="54m33s", min_samples=100, warning="1%") == []


def test_a_heartbeat_that_nothing_can_reach_is_warned_of(config: ConfigFolder) -> None:
    job = {"name": "job", "kind": "heartbeat", "options": {"token": "${TOKEN}", "every": "1h"}}
    token = {"TOKEN": "a-token-of-a-job-0123456789"}
    [line] = advice(config.plan({"checks": [job]}, token))
    assert line.startswith("check 'job' cannot be reported to: `web.port` is not set")
    assert list(advice(config.plan({"checks": [job], "web": {"port": 8080}}, token))) == []


def test_other_rules_are_not_spoken_of(config: ConfigFolder) -> None:
    assert (
        list(advice(config.plan({"checks": [{**CHECK, "rules": [{"reading": "response_time", "critical": 1}]}]}))) == []
    )


def test_a_channel_that_lacks_something_is_told_of_with_how_to_install_it(config: ConfigFolder) -> None:
    plan = config.plan({"checks": [CHECK]})
    channel = ChannelPlan(
        name="phone", kind="apprise", options=None, lacks="the package is not installed: pip install it"
    )
    assert list(advice(replace(plan, channels=(channel,)))) == [
        "channel 'phone' cannot tell anybody yet: the package is not installed: pip install it"
    ]


def test_a_command_that_could_not_be_run_is_told_of_before_it_is_needed(config: ConfigFolder) -> None:
    plan = config.plan({"checks": [CHECK], "channels": {"rollback": {"kind": "command", "command": ["/nowhere/undo"]}}})
    assert list(advice(plan)) == [
        "channel 'rollback' cannot run its command yet: there is no program undo here that Sentinel may run; see `command`"
    ]
