"""SIGKILL at the points that matter, made from outside by receivers that wait and a store that is locked.

What each receiver got is compared with what was committed, by `tests.kit.receipts`.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.ports import LOOPBACK, refusing_port
from tests.kit.receipts import faults, from_webhook
from tests.kit.stage import Stage, webhook
from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program holds the writing lock of the store."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never reads from them."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


@story
async def test_killed_before_the_commit_nothing_was_told_and_the_counter_goes_on(stage: Stage) -> None:
    """P01."""
    stage.daemon.config["checks"][0]["open_after"] = 3
    await stage.daemon.start()
    stage.target.fail()
    await until_pending(stage)
    with locked(stage.daemon.folder / "state" / "sentinel.db"):
        await until_failed(stage, 4)
        await stage.daemon.kill()
    await killed_unheard(stage)


async def until_pending(stage: Stage) -> None:
    """Until the first bad result is committed, as the state of its check."""
    await stage.daemon.committed("SELECT 1 FROM states WHERE body LIKE '%pending%'")


async def until_failed(stage: Stage, times: int) -> None:
    asked = len(stage.target.requests)
    await stage.target.requests.reach(asked + times)


async def killed_unheard(stage: Stage) -> None:
    """Nothing was told or kept of what was not committed; what was committed before still counts."""
    assert stage.told() == []
    assert stage.daemon.ledger.incidents() == []
    await stage.daemon.start()
    await stage.hears("opened")
    first = datetime.fromisoformat(stage.hook.requests[0].json()["incident"]["began_at"])
    assert first < datetime.fromisoformat((await stage.daemon.status())["started_at"])
    await stage.settles()
    assert stage.faults == []


@story
async def test_killed_after_the_commit_and_before_the_send_it_is_told_once(stage: Stage) -> None:
    """P02."""
    with refusing_port() as port:
        stage.daemon.config["channels"]["hook"] = webhook(port)
        await stage.daemon.start()
        stage.target.fail()
        await stage.row(kind="opened", state="queued", reason="unreachable")
        await stage.daemon.kill()
    async with HttpReceiver(port=port) as hook:
        await stage.daemon.start()
        await stage.settles()
        assert faults(stage.daemon.ledger, from_webhook(hook)) == []
        assert len(hook.requests) == 1
        assert not hook.requests[0].json()["summary"].startswith("(repeat)")


@story
async def test_killed_after_the_claim_it_is_told_again_under_the_same_key(stage: Stage) -> None:
    """P04."""
    with silent_port() as port:
        stage.daemon.config["channels"]["hook"] = webhook(port)
        await stage.daemon.start()
        stage.target.fail()
        claimed = await stage.row(kind="opened", state="sending")
        await stage.daemon.kill()
    async with HttpReceiver(port=port) as hook:
        await stage.daemon.start()
        (sent,) = await stage.settles()
        assert [request.headers["webhook-id"] for request in hook.requests] == [claimed.key]
        assert (sent.key, sent.attempts, sent.ambiguous) == (claimed.key, 2, 1)


@story
async def test_killed_after_the_receiver_accepted_it_repeats_once_under_the_same_key(stage: Stage) -> None:
    """P03."""
    stage.hook.next_answers.append(Answer(after=asyncio.Event()))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hook.requests.reach(1, within=15)
    await stage.daemon.kill()
    await stage.daemon.start()
    (row,) = await stage.settles()
    assert [request.headers["webhook-id"] for request in stage.hook.requests] == [row.key] * 2
    assert stage.faults == []


@story
async def test_a_repeat_in_slack_says_that_it_is_one(stage: Stage) -> None:
    """H05."""
    stage.tell("slack")
    stage.slack.next_answers.append(Answer(after=asyncio.Event()))
    await stage.daemon.start()
    stage.target.fail()
    await stage.slack.requests.reach(1, within=15)
    await stage.daemon.kill()
    await stage.daemon.start()
    await stage.settles()
    posts = [request for request in stage.slack.requests if request.target.endswith("/chat.postMessage")]
    first, second = (request.json() for request in posts)
    assert first["metadata"] == second["metadata"]
    assert "repeat" in second["text"]
    assert "repeat" not in first["text"]
