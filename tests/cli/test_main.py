from __future__ import annotations

from pathlib import Path

import click
import pytest

from sentinel import __version__
from sentinel.cli.files import NoConfiguration, config_file
from sentinel.cli.main import cli
from sentinel.cli.reference import commands, reference
from tests.kit.command import sentinel

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_commands_say() -> None:
    """Written by `python -m sentinel.cli.reference > docs/cli.md`."""
    assert (DOCS / "cli.md").read_text() == reference()


def does_nothing_alone(command: click.Command) -> bool:
    """Whether it only holds other commands."""
    return isinstance(command, click.Group) and not command.invoke_without_command


@pytest.mark.parametrize("path", [path for path, one in commands(cli, "sentinel") if not does_nothing_alone(one)])
def test_every_command_has_an_example(path: str) -> None:
    command = dict(commands(cli, "sentinel"))[path]
    assert f"{path.split(maxsplit=1)[0]} " in (command.help or "").split("Example")[1]


@pytest.mark.parametrize(
    "arguments",
    [["frobnicate"], ["--frobnicate"], ["ack", "soon", "--why", "x"], ["--status", "check"], ["--json"]],
)
async def test_a_command_line_that_cannot_be_understood_is_64(arguments: list[str]) -> None:
    ended = await sentinel(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith("Usage: sentinel")


async def test_the_version_is_printed() -> None:
    ended = await sentinel("--version")
    assert (ended.code, ended.out) == (0, f"sentinel {__version__}\n")


async def test_a_missing_file_is_78_without_a_traceback(tmp_path: Path) -> None:
    ended = await sentinel("--config", tmp_path / "none.json", "check")
    assert ended.code == 78
    assert "Traceback" not in ended.err


async def test_a_wrong_file_is_78_and_says_which_key(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    config.write_text('{"cheks": []}')
    ended = await sentinel("run", "--config", config)
    assert ended.code == 78
    assert "cheks" in ended.err
    assert "Traceback" not in ended.err


async def test_no_configuration_at_all_says_where_it_was_looked_for(tmp_path: Path) -> None:
    ended = await sentinel("incidents", cwd=tmp_path, env={"SENTINEL_CONFIG": ""})
    assert ended.code == 78
    assert "looked for monitoring_config.json" in ended.err


def test_a_named_file_comes_before_the_variable(tmp_path: Path) -> None:
    variable = {"SENTINEL_CONFIG": str(tmp_path / "b.json")}
    assert config_file(str(tmp_path / "a.json"), variable) == tmp_path / "a.json"
    assert config_file(None, variable) == tmp_path / "b.json"


def test_a_relative_file_is_made_absolute() -> None:
    assert config_file("a.json", {}) == Path.cwd() / "a.json"


def test_nothing_named_and_nothing_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoConfiguration):
        config_file(None, {})
