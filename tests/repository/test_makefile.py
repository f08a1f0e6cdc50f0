"""The Makefile is the front door: what it offers, it explains."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
INNER = {"bytecode"}  # a step of others, not for people


def test_bare_make_explains_every_command() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert set(re.findall(r"^ +make ([\w-]+) +\w", listed, re.MULTILINE)) == set(phony[1].split()) - INNER
