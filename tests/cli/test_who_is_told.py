"""The page about who is told says what Sentinel does: its example can be used, and its commands print what stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.kit.command import sentinel

PAGE = (Path(__file__).parents[2] / "docs" / "alerting" / "who-is-told.md").read_text()
EXAMPLE = next(re.finditer(r"```json\n(.*?)```", PAGE, re.DOTALL))[1]
TRIED = re.findall(r"^\$ sentinel (config routes .*)\n((?:(?!\$|```).*\n)+)", PAGE, re.MULTILINE)


async def test_the_example_of_the_page_is_good_and_warned_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(EXAMPLE)
    ended = await sentinel("config", "check", "-c", tmp_path / "c.json")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(("command", "printed"), TRIED)
async def test_a_command_of_the_page_prints_what_stands_there(tmp_path: Path, command: str, printed: str) -> None:
    (tmp_path / "c.json").write_text(EXAMPLE)
    ended = await sentinel(*shlex.split(command), "-c", tmp_path / "c.json")
    assert ended.out == printed
