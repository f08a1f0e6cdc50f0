"""Sentinel, killed, is started again by the demo; the commands of the next terminal find the demo that runs."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import httpx2
import pytest

from examples.demo import running
from examples.demo.ports import Ports, SettingsError
from examples.demo.revival import IN_A_ROW, revivable
from examples.demo.running import Record
from tests.guides.demo.demos import Demos, free_base, programs

if TYPE_CHECKING:
    from pathlib import Path

PORTS = Ports(service=9001)


async def test_a_killed_sentinel_is_started_again(demos: Demos) -> None:
    base = free_base()
    demo = await demos.welcomed(base, with_sentinel=True)
    before = demos.record()
    assert (await demos.run("examples.demo.crash")).startswith(f"Sentinel (process {before.sentinel}) was killed")
    await demo.line(r"^sentinel ended with status -9; started again")
    assert before.sentinel != demos.record().sentinel in [program.pid for program in programs(demo)]
    await answers(f"http://127.0.0.1:{base + 4}/healthz")


async def test_a_sentinel_that_exits_by_itself_ends_the_demo(demos: Demos) -> None:
    demo = await demos.welcomed(free_base(), with_sentinel=True)
    [sentinel] = [program for program in programs(demo) if program.pid == demos.record().sentinel]
    sentinel.send_signal(signal.SIGTERM)
    assert await demo.exit(within=30) == 1
    await demo.line(r"^sentinel ended with status 0\. Its last lines")


@pytest.mark.parametrize(
    ("name", "status", "deaths", "again"),
    [
        ("sentinel", -9, 1, True),
        ("sentinel", -11, IN_A_ROW, True),
        ("sentinel", -9, IN_A_ROW + 1, False),
        ("sentinel", 1, 1, False),
        ("sentinel", 78, 1, False),
        ("sentinel", 0, 1, False),
        ("service", -9, 1, False),
        ("sink", -9, 1, False),
    ],
)
def test_only_a_signal_has_sentinel_started_again(name: str, status: int, deaths: int, again: bool) -> None:
    assert revivable(name, status, deaths) is again


async def test_breaking_needs_no_ports_while_the_demo_runs(demos: Demos) -> None:
    base = free_base()
    await demos.welcomed(base, with_sentinel=True)
    broken = await demos.run("examples.demo.break", "down")
    assert "three bad results in a row" in broken
    assert f"in up to 60 s,\nin the terminal of the demo (healthcare) and at http://127.0.0.1:{base + 2}/" in broken
    assert await status(f"http://127.0.0.1:{base + 1}/health") == 503
    assert "after two good results in a row: in up to 45 s" in await demos.run("examples.demo.break", "--off")
    assert await status(f"http://127.0.0.1:{base + 1}/health") == 200


async def test_without_a_demo_there_is_nothing_to_crash(demos: Demos) -> None:
    said = await demos.run("examples.demo.crash", status=1)
    assert said == "no Sentinel of a demo runs here; is a demo running (`make run`)?"


def test_a_running_demo_is_found_by_its_record(tmp_path: Path) -> None:
    assert running.demo(tmp_path) is None
    with Record(tmp_path, PORTS, "healthcare") as record:
        record.write(sentinel=123456)
        record.write(sentinel=7)
        assert running.demo(tmp_path) == running.Demo(system="healthcare", ports=PORTS, sentinel=7)


def test_what_an_ended_demo_left_behind_is_no_running_one(tmp_path: Path) -> None:
    with Record(tmp_path, PORTS, "healthcare") as record:
        record.write(sentinel=7)
    assert json.loads((tmp_path / running.FILE_NAME).read_text())["sentinel"] == 7
    assert running.demo(tmp_path) is None


def test_a_second_demo_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with Record(tmp_path, PORTS, "healthcare"), pytest.raises(SettingsError, match="a demo runs already on"):
        Record(tmp_path, PORTS, "healthcare").__enter__()


async def status(url: str) -> int | None:
    """None while nobody answers."""
    async with httpx2.AsyncClient(timeout=5.0) as client:
        try:
            return (await client.get(url)).status_code
        except httpx2.TransportError:
            return None


async def answers(url: str) -> None:
    """Once the address answers 200; TimeoutError after 30 s without."""
    async with asyncio.timeout(30):
        while await status(url) != 200:  # noqa: ASYNC110 - another process gets ready
            await asyncio.sleep(0.1)
