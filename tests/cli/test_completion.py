from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.command import run, sentinel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.monitor import StillMonitor


async def completed(config: Path, *words: str) -> list[str]:
    """What a shell is offered after these words, the last of which is being typed; nothing is ever complained of."""
    line = " ".join(["sentinel", "--config", str(config), *words])
    asked = {"_SENTINEL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) + 2)}
    ended = await sentinel(env=asked)
    assert (ended.code, ended.err) == (0, "")
    return [row.partition(",")[2] for row in ended.out.splitlines() if row]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("unac",), ["unack"]),
        (("status", "--comp"), ["--compact"]),
        (("explain", "lo"), ["login"]),
        (("ack", ""), ["12"]),
        (("status", "--state", "cr"), ["critical"]),
        (("check", "--tag", ""), []),
        (("silence", "add", "--check", ""), ["health", "login"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
async def test_words_that_a_daemon_knows_are_offered(
    monitor: StillMonitor, words: tuple[str, ...], expected: list[str]
) -> None:
    assert await completed(monitor.plan.file, *words) == expected


async def test_without_a_daemon_the_configuration_names_checks_and_channels(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    checks = [{"name": "b"}, {"name": "a", "tags": ["web"]}, "nonsense", {"kind": "http"}]
    config.write_text(json.dumps({"checks": checks, "channels": {"mail": {}}}))
    assert await completed(config, "check", "") == ["a", "b"]
    assert await completed(config, "check", "--tag", "") == ["web"]
    assert await completed(config, "test-alert", "") == ["mail"]


@pytest.mark.parametrize("content", ["{", "[]", '{"checks": 3, "channels": []}', "\x00"])
async def test_a_configuration_that_cannot_be_read_offers_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.json").write_text(content)
    assert await completed(tmp_path / "c.json", "check", "") == []
    assert await completed(tmp_path / "none.json", "ack", "") == []


async def test_a_daemon_that_hangs_is_not_waited_for(hanging: Path) -> None:
    assert await completed(hanging, "ack", "") == []


async def test_a_name_with_a_blank_or_a_line_break_is_not_offered(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"checks": [{"name": "a b"}, {"name": "a\nplain,rm"}, {"name": "ab"}]}))
    assert await completed(config, "check", "") == ["ab"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_script_for_each_shell_is_printed_and_can_be_read_by_it(tmp_path: Path, shell: str) -> None:
    ended = await sentinel("completion", shell)
    assert (ended.code, "_SENTINEL_COMPLETE" in ended.out) == (0, True)
    if found := shutil.which(shell):
        (tmp_path / "script").write_text(ended.out)
        assert (await run(found, "-n", tmp_path / "script")).err == ""


async def test_bash_completes_by_the_script(monitor: StillMonitor, tmp_path: Path) -> None:
    """As bash does when somebody presses Tab."""
    (tmp_path / "sentinel").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sentinel "$@"\n')
    (tmp_path / "sentinel").chmod(0o755)
    script = (
        'eval "$(sentinel completion bash)"; COMP_WORDS=(sentinel ack ""); COMP_CWORD=2;'
        ' _sentinel_completion sentinel; echo "${COMPREPLY[*]}"'
    )
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SENTINEL_CONFIG": str(monitor.plan.file)}
    ended = await run("bash", "-c", script, env=env)
    assert (ended.out, ended.err) == ("12\n", "")
