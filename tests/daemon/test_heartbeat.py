"""Jobs that report to a real daemon: what it said OK to is never lost, and a failure is told at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from tests.kit.eventually import eventually
from tests.kit.ports import free_port
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage

TOKEN = "token-canary-0123456789"


def waits(stage: Stage, **options: Any) -> str:
    """Have one check that waits for a job, and nothing else; the job's address."""
    port = free_port()
    stage.daemon.config["web"] = {"port": port}
    options = {"token": "${JOB_TOKEN}", "every": "1h", **options}
    stage.checks({"name": "job", "kind": "heartbeat", "interval": "20s", "open_after": 1, "options": options})
    stage.daemon.env["JOB_TOKEN"] = TOKEN
    return f"http://127.0.0.1:{port}/ping/{TOKEN}"


async def report(address: str) -> int:
    # Plain HTTP: to read the certificates of the world thirty times would hold up every story that goes on beside this one.
    async with httpx2.AsyncClient(verify=False, timeout=30.0) as client:
        return (await client.get(address)).status_code


@story
async def test_a_failure_is_told_at_once_and_so_is_the_next_success(stage: Stage) -> None:
    address = waits(stage)
    await stage.daemon.start()
    assert await report(f"{address}/3") == 200
    await stage.hears("opened", within=5)
    assert await report(f"{address}/start") == 200
    assert await report(address) == 200
    assert await report(address) == 200
    [row] = (await stage.daemon.status())["checks"][:1]
    assert "exit status 3" not in str(row["hint"])
    text = " ".join(request.body.decode() for request in stage.hook.requests)
    assert "exit status 3" in text
    assert TOKEN not in text


@story
async def test_what_was_answered_with_ok_survives_a_kill_right_after(stage: Stage) -> None:
    address = waits(stage)
    await stage.daemon.start()
    assert await report(f"{address}/start?rid=a1") == 200
    await stage.daemon.kill()
    await stage.daemon.start()
    assert await report(f"{address}/9?rid=a1") == 200
    await stage.daemon.kill()
    [body] = stage.daemon.ledger.ask("SELECT body FROM notes")[0]
    assert '"run":"a1"' in body
    assert '"status":9' in body
    assert TOKEN not in body
    await stage.daemon.start()
    await stage.hears("opened")
    assert "exit status 9" in stage.hook.requests[0].body.decode()


@story
async def test_a_token_of_nobody_is_not_found_and_a_reload_brings_a_new_one_into_force(stage: Stage) -> None:
    address = waits(stage)
    await stage.daemon.start()
    other = address.replace(TOKEN, "another-0123456789-0123456789")
    assert await report(other) == 404
    stage.daemon.config["checks"][0]["options"]["token"] = "another-0123456789-0123456789"
    stage.daemon.write()
    await stage.daemon.reload()
    assert (await report(other), await report(address)) == (200, 404)
    assert TOKEN not in "\n".join(stage.daemon.process.lines)


@story
async def test_reports_at_the_same_time_are_all_committed(stage: Stage) -> None:
    address = waits(stage)
    await stage.daemon.start()
    codes = await asyncio.gather(*(report(f"{address}/start?rid={number}") for number in range(30)))
    assert set(codes) == {200}
    await eventually(lambda: stage.daemon.ledger.ask("SELECT body FROM notes"))
