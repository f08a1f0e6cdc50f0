"""Paths with `*` name what a shell finds, and a search of a tree without end can be ended."""

from __future__ import annotations

import asyncio
import glob
import os
from pathlib import Path
from time import monotonic

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.local.globs import named_by
from sentinel.probes.local.worker import Halt
from tests.kit.bench import Bench, run

FILES = ("a.log", "b.txt", ".hidden.log", "x/a.log", "x/y/c.log", "x/.z/d.log", "[odd]/a.log", "x/y/a.log")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def found(path: str, *, hidden: bool = True, seconds: float = 10.0) -> list[str]:
    return sorted(set(named_by(path, Halt(monotonic() + seconds), hidden=hidden)))


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize(
    "pattern",
    [
        "*.log",
        "a.log",
        "none",
        "none/*",
        "*/a.log",
        "x/*",
        "**/*.log",
        "x/**/a.log",
        "**/y/*.log",
        "?.*",
        "[ab].*",
        ".*",
        "[[]odd]/*",
    ],
)
def test_a_path_names_what_python_finds(tree: Path, pattern: str, hidden: bool) -> None:
    path = f"{tree}/{pattern}"
    assert found(path, hidden=hidden) == sorted(set(glob.glob(path, recursive=True, include_hidden=hidden)))


def test_two_stars_at_the_end_name_everything_below(tree: Path) -> None:
    assert {f"{tree}/{name}" for name in FILES} <= set(found(f"{tree}/**"))


def test_links_that_lead_back_up_are_not_followed(tree: Path) -> None:
    for name in ("one", "two", "x/three"):
        (tree / name).symlink_to(tree)
    assert f"{tree}/x/y/c.log" in found(f"{tree}/**/c.log")
    assert found(f"{tree}/**/none.log") == []
    assert f"{tree}/one/a.log" in found(f"{tree}/*/a.log")


def test_a_search_without_a_find_ends_when_it_is_told(tree: Path) -> None:
    """A name that is not there, looked for in a large tree, held a thread for as long as that takes."""
    assert found(f"{tree}/**/*.log", seconds=-1) == []


def test_a_tree_that_is_very_deep_is_looked_into_as_far_as_there_is_sense(tmp_path: Path) -> None:
    os.makedirs(os.path.join(tmp_path, *["d"] * 450))
    assert found(f"{tmp_path}/**/none") == []


@pytest.mark.parametrize(("kind", "option"), [("logs", "files"), ("backup", "places")])
async def test_a_tree_without_end_holds_no_deadline_and_no_thread(bench: Bench, kind: str, option: str) -> None:
    probe = bench.build(kind, **{option: ["/proc/**/no-such-file"]})
    first = await run(probe, within=0.4)
    await asyncio.sleep(0)
    assert first.failure in {FailureClass.READ_TIMEOUT, FailureClass.MISSING}  # a small /proc is looked through in time
    again = await run(probe, within=0.4)
    assert "still hangs" not in again.explanation
