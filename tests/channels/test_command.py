"""The command channel, with real programs: what they are given, what is shown of them, and that none outlives its time."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from sentinel.base.redact import Redactor, Secret
from sentinel.channels.base import ChannelTools
from sentinel.channels.command import COMMAND, CommandOptions
from sentinel.core.notification import AT_MOST_ONCE, Ambiguous, Cause, Failed, Kind, Outcome, Sent
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.messages import NOW, message, notification

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.notification import Notification

ORDER = replace(notification(message(Kind.COMMAND), key="msg_order"), due_at=NOW)


async def run(script: str, order: Notification = ORDER, *, late: float = 0.0, **more: Any) -> Outcome:
    """Run a shell script through the channel, which itself starts none."""
    options = CommandOptions.model_validate({"command": ["/bin/sh", "-c", script], "veto": 0, **more})
    tools = ChannelTools(
        clock=FakeClock(NOW + timedelta(seconds=late)), source="ward", redactor=Redactor([Secret("canary-plan")])
    )
    channel = COMMAND.build("rollback", options, tools)
    return await channel.send(order, None, asyncio.get_running_loop().time() + 20.0)


async def test_a_command_that_ends_well_is_told_with_what_it_wrote() -> None:
    outcome = await run("echo rolled back to 1.4.1")
    assert isinstance(outcome, Sent)
    assert outcome.receipt["wrote"] == "rolled back to 1.4.1"


async def test_a_command_that_fails_is_told_with_its_status_and_output() -> None:
    outcome = await run("echo first; echo no such release >&2; exit 3")
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (Cause.COMMAND_FAILED, True)
    assert outcome.detail.startswith("sh ended with status 3 after")
    assert outcome.detail.endswith("first\nno such release")


async def test_a_program_that_is_not_there_is_told_of() -> None:
    outcome = await run("", command=["/nowhere/rollback"])
    assert outcome == Failed(cause=Cause.COMMAND_FAILED, detail="there is no program rollback", permanent=True)


@pytest.mark.parametrize(
    ("options", "lacks"),
    [
        ({"command": ["/bin/sh", "-c", "true"], "folder": "/"}, ""),
        ({"command": ["/nowhere/rollback"]}, "there is no program rollback here that Sentinel may run; see `command`"),
        ({"command": ["/etc/passwd"]}, "there is no program passwd here that Sentinel may run; see `command`"),
        ({"command": ["sh"], "folder": "/nowhere"}, "its `folder` is not there"),
    ],
)
def test_what_could_not_be_run_is_known_before_it_is_needed(options: dict[str, Any], lacks: str) -> None:
    assert COMMAND.lacks(CommandOptions.model_validate(options)) == lacks


async def test_it_is_given_the_facts_of_the_incident_and_nothing_of_our_environment() -> None:
    os.environ["SENTINEL_CANARY"] = "canary-environment"
    try:
        outcome = await run("env | sort", environment={"RELEASE": "1.4.1"}, output=5_000)
    finally:
        del os.environ["SENTINEL_CANARY"]
    assert isinstance(outcome, Sent)
    known = dict(line.split("=", 1) for line in outcome.receipt["wrote"].splitlines())
    assert (known["SENTINEL_INCIDENT"], known["SENTINEL_LEVEL"], known["SENTINEL_CHECK"]) == ("12", "3", "payroll-api")
    assert (known["SENTINEL_SEVERITY"], known["SENTINEL_KEY"], known["RELEASE"]) == ("critical", "msg_order", "1.4.1")
    assert "SENTINEL_CANARY" not in known


async def test_secrets_and_control_characters_stay_out_of_what_is_shown() -> None:
    script = r'printf "canary-plan %s \033[31mred\007\n" "$TOKEN"'
    outcome = await run(script, secret_environment={"TOKEN": "canary-token"})
    assert isinstance(outcome, Sent)
    assert outcome.receipt["wrote"] == "••• •••  [31mred"


async def test_only_the_end_of_a_long_output_is_shown() -> None:
    outcome = await run("yes working | head -n 100000; echo done", output=20)
    assert isinstance(outcome, Sent)
    assert len(outcome.receipt["wrote"]) == 21


async def test_a_timeout_kills_whatever_it_has_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    outcome = await run(f"sleep 60 & echo $! >{pid}; wait", timeout="300ms")
    assert isinstance(outcome, Ambiguous)
    assert outcome.cause is Cause.TIMEOUT
    await eventually(lambda: not _runs(int(pid.read_text())))


async def test_a_run_that_is_cut_off_leaves_nothing_behind(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    running = asyncio.create_task(run(f"sleep 60 & echo $! >{pid}; wait"))
    await eventually(lambda: pid.exists() and pid.read_text().endswith("\n"))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await eventually(lambda: not _runs(int(pid.read_text())))


async def test_what_comes_too_late_is_not_started(tmp_path: Path) -> None:
    outcome = await run(f"touch {tmp_path}/ran", late=601.0)
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (Cause.TOO_LATE, True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in AT_MOST_ONCE])
async def test_no_message_starts_it(kind: Kind, tmp_path: Path) -> None:
    outcome = await run(f"touch {tmp_path}/ran", notification(message(kind)))
    assert isinstance(outcome, Failed)
    assert outcome.permanent
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"command": []},
        {"command": ["./rollback"]},
        {"command": ["/bin/true\0"]},
        {"command": ["/bin/true"], "environment": {"SENTINEL_KEY": "mine"}},
        {"command": ["/bin/true"], "environment": {"NOT A NAME": "1"}},
        {"command": ["/bin/true"], "timeout": "2h"},
        {"command": ["/bin/true"], "within": "1ms"},
        {"command": ["/bin/true"], "output": 50_000},
        {"command": ["/bin/true"], "shell": True},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CommandOptions.model_validate(options)


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
