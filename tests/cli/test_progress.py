from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sentinel.cli.progress import progress, stages
from tests.kit.command import sentinel
from tests.kit.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.http_receiver import HttpReceiver


@pytest.fixture
def config(tmp_path: Path, receiver: HttpReceiver) -> Path:
    checks = [{"name": f"c{n}", "kind": "http", "options": {"url": f"{receiver.url}/"}} for n in range(3)]
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"checks": checks}))
    return file


async def test_a_bar_shows_at_a_terminal_and_is_gone_afterwards(config: Path) -> None:
    async with await Terminal.sentinel("check", "--config", config) as terminal:
        assert await terminal.ends() == 0
        await terminal.until(lambda _: "c2" in terminal.written)
        assert "Checking" in terminal.written
        assert "100%" in terminal.written
        assert terminal.is_as_before


async def test_nothing_of_it_goes_into_a_pipe(config: Path) -> None:
    ended = await sentinel("check", "--config", config, "--json")
    assert (ended.code, ended.err, len(ended.json()["checks"])) == (0, "", 3)


def test_where_nobody_looks_it_may_be_told_all_the_same() -> None:
    with progress("Judging") as advance:
        advance(0.5)
    with stages("Making") as step:
        step("figures")
