"""The two channels that undo deployments, with real programs and a real receiver: what they get, once, and the dry run of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.redact import Redactor, Secret
from sentinel.channels.command import Command, CommandOptions
from sentinel.channels.webhook import Webhook, WebhookOptions
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Outcome, Sent
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Drop, HttpReceiver
from tests.kit.messages import message, notification
from tests.kit.rollbacks import NOW, deployment_order

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.notification import Notification

#: Writes each of its arguments, and every variable of ours, in a line of its own.
SCRIPT = 'printf "%s\\n" "$@"; env | grep ^SENTINEL_ | sort'


def command(*arguments: str, script: str = SCRIPT, **more: Any) -> Command:
    options = {"command": ["/bin/sh", "-c", script, "sh", *arguments], "output": 5_000, **more}
    return Command(CommandOptions.model_validate(options), FakeClock(NOW), Redactor([Secret("canary-plan")]))


def webhook(url: str, *, late: timedelta = timedelta(0), **options: Any) -> Webhook:
    return Webhook(WebhookOptions.model_validate({"url": url, **options}), FakeClock(NOW + late))


async def send(channel: Command | Webhook, order: Notification, within: float = 10.0) -> Outcome:
    return await channel.send(order, None, asyncio.get_running_loop().time() + within)


async def wrote(channel: Command, order: Notification) -> list[str]:
    outcome = await send(channel, order)
    assert isinstance(outcome, Sent)
    return outcome.receipt["wrote"].splitlines()


async def test_a_command_gets_what_is_undone_as_arguments() -> None:
    lines = await wrote(command("{mode}", "--to={from}", "--why", "{reason}"), deployment_order())
    assert lines[:4] == ["quick", "--to=2.4.0", "--why", "p95 is 60 % above the baseline"]


async def test_a_reason_is_one_argument_and_no_shell_reads_it(tmp_path: Path) -> None:
    hostile = f'--force"; touch {tmp_path}/pwned; echo "$(touch {tmp_path}/pwned)\n`id`'
    lines = await wrote(command("{reason}", "end"), deployment_order(hostile))
    assert lines[0] == hostile.replace("\n", " ").lstrip("-")
    assert lines[1] == "end"
    assert not (tmp_path / "pwned").exists()


async def test_a_command_gets_what_is_undone_as_variables() -> None:
    lines = await wrote(command(), deployment_order())
    known = dict(line.split("=", 1) for line in lines if "=" in line)
    assert {name.removeprefix("SENTINEL_"): text for name, text in known.items() if text} == {
        "VERSION": "2.4.1",
        "FROM": "2.4.0",
        "REF": "7c0ffee",
        "BACKUP_ID": "nightly-",
        "REASON": "p95 is 60 % above the baseline",
        "MODE": "quick",
        "DEPLOYMENT": "7",
        "SYSTEM": "payroll",
        "ENVIRONMENT": "production",
        "SEVERITY": "ok",
        "SOURCE": "ward",
        "KEY": deployment_order().key,
    }


async def test_a_level_s_command_has_the_same_variables_and_they_are_empty() -> None:
    lines = await wrote(command("<{version}>"), replace(notification(message(Kind.COMMAND)), due_at=NOW))
    assert lines[0] == "<>"
    assert "SENTINEL_VERSION=" in lines


def test_a_dry_run_shows_what_would_run_and_no_secret() -> None:
    channel = command("{from}", secret_environment={"TOKEN": "canary-token"}, environment={"NOTE": "canary-plan"})
    would = channel.rehearse(deployment_order("because of canary-token"))
    assert would.command == ("/bin/sh", "-c", SCRIPT, "sh", "2.4.0")
    assert (would.folder, would.timeout) == ("/", timedelta(minutes=5))
    assert (would.environment["TOKEN"], would.environment["NOTE"]) == ("•••", "•••")
    assert would.environment["SENTINEL_REASON"] == "because of •••"
    assert "canary" not in repr(would)


async def test_a_dry_run_shows_what_runs() -> None:
    channel = command("{mode}", "{reason}")
    would = channel.rehearse(deployment_order())
    lines = await wrote(channel, deployment_order())
    assert lines[:2] == list(would.command[4:])
    assert sorted(lines[2:]) == sorted(f"{name}={text}" for name, text in would.environment.items())


async def test_a_webhook_gets_the_order_once_under_its_key(receiver: HttpReceiver) -> None:
    order = deployment_order()
    assert isinstance(await send(webhook(receiver.url), order), Sent)
    (request,) = receiver.requests
    body = request.json()
    assert request.headers["webhook-id"] == body["key"] == order.key
    assert body["kind"] == "rollback"
    assert (body["deployment"]["from_version"], body["deployment"]["quick"]) == ("2.4.0", True)


async def test_a_webhook_s_dry_run_is_its_request(receiver: HttpReceiver) -> None:
    channel = webhook(f"{receiver.url}/canary-path?token=canary", headers={"Authorization": "canary-header"})
    would = channel.rehearse(deployment_order())
    await send(channel, deployment_order())
    assert json.loads(would.body) == receiver.requests[0].json()
    assert would.url == f"{receiver.url}/…"
    assert "canary" not in repr(would)


async def test_a_webhook_whose_answer_is_lost_leaves_it_open_whether_it_was_done(receiver: HttpReceiver) -> None:
    receiver.next_answers.append(Drop())
    assert isinstance(await send(webhook(receiver.url), deployment_order()), Ambiguous)


@pytest.mark.parametrize("late", [timedelta(minutes=10, seconds=1), timedelta(hours=9)])
async def test_what_was_right_yesterday_is_not_sent_today(receiver: HttpReceiver, late: timedelta) -> None:
    outcome = await send(webhook(receiver.url, late=late), deployment_order())
    assert isinstance(outcome, Failed)
    assert (outcome.cause, outcome.permanent) == (Cause.TOO_LATE, True)
    assert len(receiver.requests) == 0
