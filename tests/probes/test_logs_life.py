"""A log file's life: whatever is done to it between two looks, every whole line is counted once."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from time import monotonic

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sentinel.probes.local.worker import Halt
from sentinel.probes.logs.files import Places, look_at_files
from sentinel.probes.logs.listing import identity_of
from sentinel.probes.logs.options import LogsOptions
from sentinel.probes.logs.tally import Tally

HEADER = "# a head that every file begins with, longer than what a place is known again by " + "-" * 300 + "\n"


class LogLife(RuleBasedStateMachine):
    """One log, written to, rotated in every way, and looked at over restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="log-life-"))
        self.log = self.folder / "app.log"
        self.log.touch()
        self.places = Places.from_note({})
        self.written = self.counted = self.number = 0
        self.whole = True  # whether the last line is
        self.rotated = False  # since the last look
        self.was_read = False  # whether there was anything in it at the last look

    @initialize(name=st.sampled_from(["app.log", "app.log*"]))
    def begin(self, name: str) -> None:
        self.options = LogsOptions.model_validate({"files": [str(self.folder / name)], "patterns": {"lines": "line"}})
        self.look()

    def teardown(self) -> None:
        self.end_the_line()
        self.look()
        shutil.rmtree(self.folder)
        assert self.counted == self.written

    def _write(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(text)

    @precondition(lambda self: self.whole)
    @rule(lines=st.integers(1, 30))
    def write(self, lines: int) -> None:
        for _ in range(lines):
            self.number += 1
            self._write(f"line {self.number}\n")
        self.written += lines

    @precondition(lambda self: self.whole)
    @rule()
    def begin_a_line(self) -> None:
        self.number += 1
        self._write(f"line {self.number} is not ")
        self.whole = False

    @precondition(lambda self: not self.whole)
    @rule()
    def end_the_line(self) -> None:
        if not self.whole:
            self._write("whole yet\n")
            self.written += 1
            self.whole = True

    def _make_room(self) -> None:
        for number in (3, 2, 1):
            old = self.folder / f"app.log.{number}"
            if old.exists():
                old.rename(self.folder / f"app.log.{number + 1}")
        self.rotated = True

    @precondition(lambda self: self.whole and not self.rotated)
    @rule(head=st.booleans())
    def rename(self, head: bool) -> None:
        self._make_room()
        self.log.rename(self.folder / "app.log.1")
        self.log.write_text(HEADER if head else "")

    # A file that was empty at the last look has nothing that its copy could be known by.
    @precondition(lambda self: self.whole and not self.rotated and self.was_read)
    @rule()
    def copy_and_cut(self) -> None:
        self._make_room()
        shutil.copy(self.log, self.folder / "app.log.1")
        os.truncate(self.log, 0)

    @rule()
    def pack_old_ones(self) -> None:
        for old in self.folder.glob("app.log.[2-4]"):
            if not self.rotated:
                old.unlink()
                (self.folder / f"{old.name}.gz").write_bytes(b"\x1f\x8b")

    @rule(number=st.integers(1, 3))
    def another_file_comes_or_goes(self, number: int) -> None:
        """Takes an inode that was given back, or gives one back."""
        other = self.folder / f"other.{number}"
        if other.exists():
            other.unlink()
        else:
            other.touch()

    @rule()
    def start_anew(self) -> None:
        self.places = Places.from_note(json.loads(json.dumps(self.places.noted())))

    @rule()
    def look(self) -> None:
        tally = Tally(self.options.patterns, None)
        now = self.log.stat().st_mtime
        found = look_at_files(self.options, self.places, tally, now, Halt(monotonic() + 60))
        self.places = found.places
        self.counted += tally.counts["lines"]
        self.rotated = False
        self.was_read = self.places.positions[identity_of(self.log.stat())].offset > 0


TestLogLife = LogLife.TestCase
TestLogLife.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
