"""Small real programs, as tests need them in place of those that a host would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def script(folder: Path, name: str, body: str) -> str:
    """The path of a shell script with that body, ready to run."""
    path = folder / name
    # Written beside and moved: a file that is still open for writing cannot be executed ("Text file busy").
    fresh = path.with_suffix(".new")
    fresh.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)
    return str(path)


def printing(folder: Path, name: str, output: str, *, errors: str = "", status: int = 0) -> str:
    """The path of a program that prints this, whatever it is told, and ends with that status."""
    said, complained = folder / f"{name}.out", folder / f"{name}.err"
    said.write_text(output, encoding="utf-8")
    complained.write_text(errors, encoding="utf-8")
    return script(folder, name, f"cat '{said}'\ncat '{complained}' >&2\nexit {status}")
