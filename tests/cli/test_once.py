from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import pytest

from sentinel.cli.report import _between
from tests.kit.command import Ended, forked, sentinel
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from pathlib import Path


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def written(folder: Path, receiver: HttpReceiver, port: int = 0) -> Path:
    """A configuration with one check that is well, one that is refused, and a webhook."""
    limits = [{"reading": "response_time", "warning": "2s", "critical": "5s"}]
    checks: list[dict[str, Any]] = [
        {
            "name": "health",
            "kind": "http",
            "tags": ["smoke"],
            "options": {"url": f"{receiver.url}/health"},
            "rules": limits,
        }
    ]
    if port:
        checks.append({"name": "gone", "kind": "http", "options": {"url": f"http://127.0.0.1:{port}/"}})
    config = folder / "c.json"
    channels = {"hook": {"kind": "webhook", "url": f"{receiver.url}/hook"}}
    config.write_text(json.dumps({"name": "ward", "checks": checks, "channels": channels}))
    config.chmod(0o600)
    return config


async def test_a_rule_that_one_failure_breaks_is_warned_of_and_still_good(
    tmp_path: Path, receiver: HttpReceiver
) -> None:
    config = written(tmp_path, receiver)
    tree = json.loads(config.read_text())
    tree["checks"][0]["rules"].append({"type": "error_rate", "window": "1h", "min_samples": 20, "warning": "1%"})
    config.write_text(json.dumps(tree))
    ended = await sentinel("config", "check", "--config", config)
    assert (ended.code, "good; 1 check" in ended.out) == (0, True)
    assert ended.err.startswith("sentinel: warning: check 'health': one failure among 20 results")


async def checked(config: Path, *arguments: str) -> Ended:
    return await forked("check", "--config", config, *arguments)


async def test_a_check_that_is_well_is_0_and_shows_its_readings(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await checked(written(tmp_path, receiver))
    assert ended.code == 0
    assert ended.out.startswith("OK        health  response_time ")


async def test_the_worst_comes_first_and_is_the_exit_status(tmp_path: Path, receiver: HttpReceiver) -> None:
    with refusing_port() as port:
        ended = await checked(written(tmp_path, receiver, port))
    assert ended.code == 2
    assert ended.out.startswith(f"CRITICAL  gone    connection refused by 127.0.0.1 port {port}\n")


async def test_a_run_as_json_has_readings_and_the_class_of_failure(tmp_path: Path, receiver: HttpReceiver) -> None:
    with refusing_port() as port:
        ended = await checked(written(tmp_path, receiver, port), "--json")
    form = {one["name"]: one for one in ended.json()["checks"]}
    assert ended.json()["overall"] == "CRITICAL"
    assert form["gone"]["failure"] == "refused"
    assert "response_time" in {reading["name"] for reading in form["health"]["readings"]}


async def test_only_what_is_named_or_tagged_is_run(tmp_path: Path, receiver: HttpReceiver) -> None:
    with refusing_port() as port:
        config = written(tmp_path, receiver, port)
        both = await asyncio.gather(checked(config, "health"), checked(config, "--tag", "smoke"))
    assert [ended.code for ended in both] == [0, 0]


async def test_an_unknown_name_is_misuse_with_a_suggestion(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await checked(written(tmp_path, receiver), "helth")
    assert (ended.code, "did you mean health?" in ended.err) == (64, True)


async def test_a_test_message_reaches_the_channel(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await sentinel("test-alert", "hook", "--json", "--config", written(tmp_path, receiver))
    assert (ended.code, ended.json()["sent"][0]["outcome"]) == (0, "sent")
    assert receiver.requests[0].json()["kind"] == "test"


async def test_a_receiver_that_refuses_a_test_is_2(tmp_path: Path, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=410)
    ended = await forked("test-alert", "--config", written(tmp_path, receiver))
    assert (ended.code, ended.out) == (2, ended.out)
    assert ended.out.startswith("hook failed gone")


async def test_the_configuration_is_checked_shown_and_described(tmp_path: Path, receiver: HttpReceiver) -> None:
    config = written(tmp_path, receiver)
    assert "good; 1 check, 1 channel" in (await forked("config", "check", "--config", config)).out
    assert (await sentinel("config", "show", "--config", config)).json()["checks"][0]["name"] == "health"
    assert (await sentinel("config", "schema")).json()["type"] == "object"


async def test_no_daemon_and_no_store_is_3_and_says_what_to_do(tmp_path: Path, receiver: HttpReceiver) -> None:
    ended = await sentinel("--config", written(tmp_path, receiver), "--status")
    assert (ended.code, ended.out) == (3, "")
    assert "hint: start it" in ended.err


@pytest.mark.parametrize(
    ("since", "until", "seconds"),
    [
        ("24h", None, 86_400),
        ("2026-11-01", "2026-11-02", 90_000),
        ("2026-11-01T00:00Z", "2026-11-01T01:00+00:00", 3600),
    ],
)
def test_a_period_is_a_duration_back_or_local_dates(since: str, until: str | None, seconds: int) -> None:
    """New York's first of November 2026 has 25 hours."""
    period = _between(since, until, NOW, ZoneInfo("America/New_York"))
    assert period.until - period.since == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("since", "until"),
    [("soonish", None), ("2999-01-01", None), ("0s", None), ("1h", "2h"), ("2999-01-01", "2999-02-01")],
)
def test_a_period_that_is_none_is_misuse(since: str, until: str | None) -> None:
    with pytest.raises(click.UsageError):
        _between(since, until, NOW, ZoneInfo("UTC"))


def test_a_period_that_is_not_over_ends_now() -> None:
    assert _between("1h", "2999-01-01", NOW, ZoneInfo("UTC")).until == NOW
