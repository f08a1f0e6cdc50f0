"""What the nursery starts is a process as any other."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from sentinel import __version__
from tests.kit.command import forked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.process import Children


async def test_a_fork_says_what_the_program_says_and_how_it_ended(children: Children) -> None:
    child = await children.sentinel("--version")
    assert (await child.exit(), list(child.lines)) == (0, [f"sentinel {__version__}"])
    child = await children.sentinel("--nonsense")
    assert (await child.exit(), "--nonsense" in child.tail()) == (64, True)


def written(folder: Path, name: str) -> Path:
    check = {"name": "port", "kind": "tcp", "options": {"host": "127.0.0.1", "port": 9}}
    config = folder / "own.json"
    config.write_text(json.dumps({"name": name, "checks": [check], "logs": {"format": "json"}}))
    config.chmod(0o600)
    return config


async def test_both_outputs_of_a_fork_are_told_apart() -> None:
    ended = await forked("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"sentinel {__version__}\n", "")
    ended = await forked("--nonsense")
    assert (ended.code, ended.out, "--nonsense" in ended.err) == (64, "", True)


async def test_a_fork_has_the_environment_and_the_folder_it_was_given(children: Children, tmp_path: Path) -> None:
    config = written(tmp_path, "${WARD}")
    words = ("--config", config.name, "config", "check")
    told = await children.sentinel(*words, env={"WARD": "north"}, cwd=tmp_path)
    untold = await children.sentinel(*words, cwd=tmp_path)
    assert (await told.exit(), await untold.exit()) == (0, 78), untold.tail()
    assert "WARD" in untold.tail()


async def test_a_fork_leads_a_session_and_holds_nothing_of_its_neighbours(children: Children, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    first = await children.sentinel("--config", written(tmp_path, "first"))
    second = await children.sentinel("--config", written(tmp_path / "second", "second"))
    await first.line("sentinel.started")
    await second.line("sentinel.started")
    assert (os.getpgid(first.pid), os.getsid(first.pid)) == (first.pid, first.pid)
    assert await first.kill() == -signal.SIGKILL
    assert await first.exit() == -signal.SIGKILL  # all its output is read, though the other runs on
    with pytest.raises(ProcessLookupError):
        first.send(signal.SIGTERM)
    assert await second.terminate() == 0
