"""The locked requirements: everywhere the same, whatever registry a machine is told to use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
FILES = sorted(REQUIREMENTS.glob("*.txt"))


def pins(file: Path) -> dict[str, str]:
    """Name -> version and marker; a hash-pinned file has one block for each."""
    lines = file.read_text(encoding="utf-8").splitlines()
    matches = (re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==(.*?) \\$", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def test_development_needs_all_that_running_needs_in_the_same_versions() -> None:
    assert pins(REQUIREMENTS / "run.txt").items() <= pins(REQUIREMENTS / "dev.txt").items()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_hashes(file: Path) -> None:
    named = [line for line in file.read_text(encoding="utf-8").splitlines() if re.match(r"[\w-]", line)]
    assert len(named) == len(pins(file)) > 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_registry_is_named(file: Path) -> None:
    assert not re.search(r"://|--\w*(index|links|host)", file.read_text(encoding="utf-8"))
