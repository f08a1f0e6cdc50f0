from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest

from sentinel.cli.main import cli
from sentinel.cli.manual import escaped, manual
from sentinel.cli.reference import commands
from tests.kit.command import run

PAGE = Path(__file__).parents[2] / "docs" / "sentinel.1"

#: The requests of man(7) that the page uses; anything else at the start of a line is a mistake.
REQUESTS = {"TH", "SH", "SS", "PP", "TP", "RS", "RE", "nf", "fi", "br", "nh", "ad"}


def test_the_man_page_is_what_the_commands_say() -> None:
    """Written by `python -m sentinel.cli.manual > docs/sentinel.1`."""
    assert PAGE.read_text() == manual()


def test_every_line_is_text_or_a_known_request() -> None:
    for line in manual().splitlines():
        if line.startswith((".", "'")):
            assert re.match(r"\.([A-Za-z]{2})\b", line), line
            assert line[1:3] in REQUESTS, line


def test_what_opens_is_closed() -> None:
    lines = manual().splitlines()
    assert (lines.count(".nf"), lines.count(".RS 4")) == (lines.count(".fi"), lines.count(".RE"))


@pytest.mark.parametrize("path", [path for path, command in commands(cli, "sentinel") if command is not cli])
def test_every_command_is_in_it_with_its_options(path: str) -> None:
    _, _, section = manual().partition(f'.SS "{escaped(path)} ')
    section = section.partition("\n.S")[0]
    options = [one for one in dict(commands(cli, "sentinel"))[path].params if isinstance(one, click.Option)]
    longest = [max(one.opts, key=len) for one in options if "--config" not in one.opts]
    assert section
    assert [name for name in longest if escaped(name) not in section] == []


def test_what_roff_would_take_for_a_request_is_text() -> None:
    assert escaped(".so a\\b") == "\\&.so a\\eb"
    assert escaped("'-x'") == "\\&'\\-x'"
    assert escaped("see `ack --why`") == "see \\fBack \\-\\-why\\fR"


async def test_groff_finds_nothing_wrong() -> None:
    """Where it is installed; the tests above look at the form everywhere."""
    if groff := shutil.which("groff"):
        ended = await run(groff, "-man", "-ww", "-z", "-Tutf8", PAGE)
        assert (ended.code, ended.err) == (0, "")
