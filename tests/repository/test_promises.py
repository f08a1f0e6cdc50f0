"""The page about promises names tests that exist, and each of them names the fault that it injects."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.seeded.bugs import BUGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "alerting" / "promises.md").read_text()
ROW = re.compile(r"^\| ([HP]\d\d)? \| .*?\| `(tests/\S+\.py)::(test_\w+)` \|$", re.MULTILINE)

#: By the catalogue of faults. There is no P06, and some numbers of H are not about what Sentinel sends.
FAULTS = {f"P{number:02}" for number in (1, 2, 3, 4, 5, 7, 8)} | {
    f"H{number:02}"
    for number in (1, 3, 4, 5, 6, 7, 8, 11, 13, 15, 16, 17, 18, 20, 21, 23, 24, 26, 27, 28, 29, 30, 31, 32, 34)
}


def rows() -> list[tuple[str, str, str]]:
    """Fault, file and test of every row."""
    found, fault = [], ""
    for named, file, test in ROW.findall(PAGE):
        fault = named or fault
        found.append((fault, file, test))
    return found


def docstring(file: str, test: str) -> str | None:
    """What a test says of itself; None when there is no such test."""
    for node in ast.parse((ROOT / file).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test:
            return ast.get_docstring(node) or ""
    return None


def test_every_fault_has_a_test() -> None:
    assert {fault for fault, _, _ in rows()} == FAULTS


def test_every_test_exists_and_names_its_fault() -> None:
    wrong = [f"{fault}: {file}::{test}" for fault, file, test in rows() if fault not in (docstring(file, test) or "")]
    assert wrong == []


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(tests/\S+?\.py)", PAGE))
    assert [file for file in sorted(named) if not (ROOT / file).exists()] == []


def test_every_seeded_bug_is_told_of() -> None:
    assert [bug.name for bug in BUGS if f"| {bug.name} |" not in PAGE] == []
