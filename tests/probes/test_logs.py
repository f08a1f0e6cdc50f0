"""The `logs` probe on real files, which are rotated, cut and taken away under it, and a `journalctl` of its own."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.core.result import Measurement, Note
    from sentinel.probes.base import Probe

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ERROR = "ERROR of Mary Canary, code E42\n"


class Follower:
    """A check that looks at logs again and again, and can be started anew with what it noted."""

    def __init__(self, clock: FakeClock, bench: Bench, **options: Any) -> None:
        self._clock = clock
        self._bench = bench
        self._options = options
        self.note: Note | None = None
        self._probe = self._build()

    def _build(self) -> Probe:
        kind = CATALOGUE["logs"]
        return kind.build(kind.options.model_validate(self._options), replace(self._bench.tools, note=self.note))

    def restart(self, **options: Any) -> None:
        self._options |= options
        self._probe = self._build()

    async def look(self, within: float = 5.0) -> Measurement:
        found = await run(self._probe, within=within)
        self.note = found.note if found.note is not None else self.note
        return found

    async def new_errors(self) -> float:
        """What a look adds, half an hour later: nothing of the window before is left."""
        await self._clock.advance(minutes=30)
        return readings(await self.look())["patterns.errors"]


class Followers:
    """Makes followers of one folder."""

    def __init__(self, folder: Path, clock: FakeClock, bench: Bench) -> None:
        self.folder = folder
        self.clock = clock
        self.bench = bench
        self.log = folder / "app.log"

    def write(self, text: str, name: str = "app.log") -> Path:
        file = self.folder / name
        with file.open("a") as log:
            log.write(text)
        os.utime(file, (self.clock.now().timestamp(), self.clock.now().timestamp()))
        return file

    async def begun(self, **options: Any) -> Follower:
        """A follower that has looked once."""
        given = {"files": [str(self.folder / "*.log")], "patterns": {"errors": "(?i)error"}, **options}
        follower = Follower(self.clock, self.bench, **given)
        await follower.look()
        return follower


@pytest.fixture
async def logs(tmp_path: Path) -> AsyncIterator[Followers]:
    clock = FakeClock(NOW)
    async with Bench(clock) as bench:
        logs = Followers(tmp_path, clock, bench)
        logs.write("old error\n")
        yield logs


async def test_lines_are_counted_from_the_first_look_on(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(f"{ERROR}fine\nan error again\n")
    found = await follower.look()
    assert found.outcome is Outcome.PASS
    assert readings(found) == {
        "patterns.errors": 2,
        "rates.errors": 0.4,
        "lines": 3,
        "bytes": 51,
        "files": 1,
        "behind": 0,
        "silence": 0,
    }


async def test_the_first_look_can_begin_at_the_start(logs: Followers) -> None:
    follower = Follower(
        logs.clock, logs.bench, files=[str(logs.log)], patterns={"errors": "error"}, **{"from": "start"}
    )
    assert readings(await follower.look())["patterns.errors"] == 1


async def test_counts_are_those_of_the_window(logs: Followers) -> None:
    follower = await logs.begun(window="5m")
    seen = []
    for _ in range(7):
        logs.write(ERROR)
        seen.append(readings(await follower.look())["patterns.errors"])
        await logs.clock.advance(minutes=1)
    assert seen == [1, 2, 3, 4, 5, 5, 5]


async def test_a_restart_counts_nothing_twice_and_misses_nothing(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR)
    await follower.look()
    logs.write(ERROR)
    follower.restart()
    assert readings(await follower.look())["patterns.errors"] == 2
    assert await follower.new_errors() == 0


async def test_a_line_is_counted_when_it_is_whole(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write("half an err")
    assert await follower.new_errors() == 0
    logs.write("or\n")
    assert await follower.new_errors() == 1


async def test_a_file_that_is_renamed_and_begun_anew_is_read_in_both_parts(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR)
    logs.log.rename(logs.folder / "app.log.1")
    logs.write(ERROR * 2)
    assert await follower.new_errors() == 3
    logs.write(ERROR, "app.log.1")  # a service that was not told yet to open its log again
    logs.write(ERROR)
    assert await follower.new_errors() == 2


async def test_a_file_that_is_copied_and_cut_is_read_in_both_parts(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR)
    shutil.copy(logs.log, logs.folder / "app.log.1")
    os.truncate(logs.log, 0)
    logs.write(ERROR * 2)
    assert await follower.new_errors() == 3
    assert await follower.new_errors() == 0


@pytest.mark.parametrize("way", ["renamed", "copied"])
async def test_a_rotated_file_that_the_paths_name_too_is_not_read_twice(logs: Followers, way: str) -> None:
    follower = await logs.begun(files=[str(logs.folder / "app.log*")])
    logs.write(ERROR)
    if way == "renamed":
        logs.log.rename(logs.folder / "app.log.1")
    else:
        shutil.copy(logs.log, logs.folder / "app.log.1")
        os.truncate(logs.log, 0)
    logs.write(ERROR)
    assert await follower.new_errors() == 2
    assert await follower.new_errors() == 0


async def test_a_file_that_was_cut_and_has_grown_past_the_place_is_read_from_its_start(logs: Followers) -> None:
    follower = await logs.begun()
    os.truncate(logs.log, 0)
    logs.write("other lines, more than there were before\n" + ERROR)
    assert await follower.new_errors() == 1


async def test_a_rotation_between_two_starts_is_followed(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR)
    logs.log.rename(logs.folder / "app.log.1")
    logs.write(ERROR)
    follower.restart()
    assert await follower.new_errors() == 2


async def test_compressed_files_are_left_out(logs: Followers) -> None:
    follower = await logs.begun(files=[str(logs.folder / "app*")])
    logs.write(ERROR, "app.log.2.gz")
    assert readings(await follower.look())["files"] == 1


async def test_a_new_file_is_read_from_its_start(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR, "worker.log")
    assert await follower.new_errors() == 1


async def test_a_path_that_is_new_to_the_options_begins_at_its_end(logs: Followers) -> None:
    follower = await logs.begun()
    logs.write(ERROR, "other.txt")
    follower.restart(files=[str(logs.folder / "*.log"), str(logs.folder / "*.txt")])
    assert await follower.new_errors() == 0


async def test_a_folder_that_was_away_for_a_while_is_not_read_again(logs: Followers, tmp_path: Path) -> None:
    follower = await logs.begun()
    logs.folder.rename(tmp_path.with_suffix(".away"))
    assert (await follower.look()).failure is FailureClass.MISSING
    tmp_path.with_suffix(".away").rename(logs.folder)
    logs.write(ERROR)
    assert await follower.new_errors() == 1


async def test_the_guides_patterns_count_what_they_say(logs: Followers) -> None:
    follower = await logs.begun(
        patterns={
            "errors": "(?i)error|exception|failed",
            "slow": "slow|timeout|high",
            "security": "(?i)unauthorized|forbidden|attack",
            "database": "(?i)database|connection|query",
        }
    )
    logs.write("Exception in handler\nslow query\n403 Forbidden\nfine\n")
    found = readings(await follower.look())
    assert [found[f"patterns.{name}"] for name in ("errors", "slow", "security", "database")] == [1, 1, 1, 1]


async def test_lines_can_be_excepted(logs: Followers) -> None:
    follower = await logs.begun(patterns={"errors": {"match": "ERROR", "unless": ["healthz", "code E1$"]}})
    logs.write("ERROR at /healthz\nERROR code E1\nERROR code E12\n")
    assert readings(await follower.look())["patterns.errors"] == 1


async def test_no_line_is_told_but_groups_that_are_named(logs: Followers) -> None:
    pattern = {"match": "ERROR of .*, code (?P<code>.*)", "show": ["code"], "warning": 0, "critical": 10}
    follower = await logs.begun(patterns={"errors": pattern})
    logs.write(f"{ERROR}{ERROR}ERROR of Mary Canary, code <b>E7</b>\n")
    found = await follower.look()
    assert found.hints is not None
    assert found.hints["patterns.errors"].startswith("code E42 (2), code ?b?E7?/b? (1). See the lines in ")
    assert "Canary" not in f"{words(found)} {found.hints} {found.note}"


async def test_structured_lines_are_those_with_their_fields(logs: Followers) -> None:
    follower = await logs.begun(json={"required": ["event", "context.request_id"]})
    logs.write('{"event": "a", "context": {"request_id": 1}}\n{"event": "b", "context": 7}\nplain\n{"event": null}\n')
    found = await follower.look()
    assert readings(found)["structured"] == 0.25
    assert (found.hints or {})["structured"].startswith(
        "Some lines are no JSON or lack one of event, context.request_id: "
    )


async def test_silence_is_told(logs: Followers) -> None:
    follower = await logs.begun(quiet_after="10m")
    await logs.clock.advance(minutes=11)
    found = await follower.look()
    assert found.failure is FailureClass.STALE
    assert found.explanation == "nothing was written for 11 min, allowed are 10 min"
    logs.write("a word\n")
    assert (await follower.look()).outcome is Outcome.PASS


async def test_a_file_that_is_not_there_is_missing(logs: Followers) -> None:
    follower = await logs.begun(files=[str(logs.folder / "nothing.log")])
    assert (await follower.look()).failure is FailureClass.MISSING
    follower.restart(missing="fine")
    assert (await follower.look()).outcome is Outcome.PASS
    logs.write(ERROR, "nothing.log")
    assert await follower.new_errors() == 1


def become_nobody() -> None:
    """A thread that may read no more than `nobody` (setfsuid(2) is per thread); nothing happens to an ordinary user."""
    ctypes.CDLL(None).setfsuid(65534)


@pytest.mark.parametrize("closed", ["file", "folder"])
async def test_a_missing_right_is_named(logs: Followers, closed: str) -> None:
    (logs.folder / "inner").mkdir()
    log = logs.write("secret\n", "inner/app.log")
    (log if closed == "file" else log.parent).chmod(0)
    with ThreadPoolExecutor(1, initializer=become_nobody) as threads:
        logs.bench.tools = replace(logs.bench.tools, threads=threads)
        follower = await logs.begun(files=[str(log)], **{"from": "start"})
        found = await follower.look()
    log.parent.chmod(0o700)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "`adm`" in found.hint


async def test_what_one_run_does_not_read_the_next_ones_do(logs: Followers) -> None:
    follower = await logs.begun(bytes_per_run=1 << 20)
    logs.write(ERROR * 100_000)
    first = readings(await follower.look())
    rest = [await follower.look() for _ in range(4)]
    assert 0 < first["behind"] < 31 * 100_000
    assert readings(rest[-1])["behind"] == 0
    assert readings(rest[-1])["patterns.errors"] == 100_000


async def test_patterns_that_are_found_everywhere_do_not_keep_a_run_from_getting_on(logs: Followers) -> None:
    follower = await logs.begun(patterns={f"p{number}": "E" for number in range(20)})
    logs.write(ERROR * 300_000)
    seen = [readings(await follower.look(within=4.0)) for _ in range(2)]
    assert seen[0]["lines"] > 0
    assert seen[1]["behind"] < seen[0]["behind"]


async def test_binary_garbage_and_endless_lines_are_read_within_bounds(logs: Followers) -> None:
    follower = await logs.begun()
    with logs.log.open("ab") as log:
        log.write(b"\x00\xff\xfe error " * 600_000 + b"\nERROR\xff\n")
    with peak_growth() as growth:
        found = await follower.look()
    assert growth.bytes < 6 << 20
    assert readings(found)["lines"] == 93
    assert readings(found)["behind"] == 0


async def test_a_pipe_is_not_opened(logs: Followers) -> None:
    os.mkfifo(logs.folder / "pipe.log")
    assert readings(await (await logs.begun()).look())["files"] == 1


async def test_threads_that_are_all_busy_are_sentinels_own_trouble(logs: Followers) -> None:
    held = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(held.wait, 10)
        logs.bench.tools = replace(logs.bench.tools, threads=threads)
        follower = Follower(logs.clock, logs.bench, files=[str(logs.log)])
        found = await follower.look(within=0.2)
        held.set()
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.OVERLOADED)


class Journal:
    """A `journalctl` that answers from a file with one entry a line, as the real one does of a journal."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "journalctl"
        self._entries = folder / "entries"
        self._entries.touch()
        self.answers(
            f"""
            case "$*" in
              *--lines=1*) tail -n 1 {self._entries};;
              *--after-cursor=*) n="${{*##*--after-cursor=}}"; tail -n "+$((${{n%% *}} + 1))" {self._entries};;
              *) cat {self._entries};;
            esac
            """
        )

    def answers(self, script: str) -> Self:
        self.program.write_text(f"#!/bin/sh\nset -f\n{script}\n")
        self.program.chmod(0o755)
        return self

    def write(self, message: str, at: datetime = NOW) -> None:
        with self._entries.open("a") as entries:
            number = len(self._entries.read_text().splitlines()) + 1
            stamp = int(at.timestamp() * 1e6)
            entries.write(f'{{"__CURSOR":"{number}","__REALTIME_TIMESTAMP":"{stamp}","MESSAGE":{message}}}\n')

    @property
    def options(self) -> dict[str, Any]:
        return {"files": [], "journal": {"unit": "app.service", "program": str(self.program)}}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


async def test_a_journal_is_followed_from_its_end_and_over_restarts(logs: Followers, journal: Journal) -> None:
    journal.write('"an old error"')
    follower = await logs.begun(**journal.options)
    journal.write('"ERROR of Mary Canary\\nin two lines"')
    journal.write("[69, 82, 82, 79, 82, 255]")
    journal.write("null")
    follower.restart()
    found = await follower.look()
    assert (readings(found)["patterns.errors"], readings(found)["lines"]) == (2, 3)
    assert "Canary" not in f"{words(found)} {found.hints} {found.note}"
    assert await follower.new_errors() == 0


async def test_an_empty_journal_is_followed_from_the_first_look_on(logs: Followers, journal: Journal) -> None:
    follower = await logs.begun(**journal.options)
    assert (await follower.look()).failure is FailureClass.MISSING
    journal.write('"error"')
    assert await follower.new_errors() == 1
    assert (await follower.look()).outcome is Outcome.PASS


async def test_a_journal_that_has_lost_its_place_is_read_on_by_time(logs: Followers, journal: Journal) -> None:
    journal.write('"error"', NOW + timedelta(seconds=1.5))
    follower = await logs.begun(**journal.options)
    asked = logs.folder / "asked"
    journal.answers(
        f"""
        echo "$*" >> {asked}
        case "$*" in *--after-cursor=*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;; esac
        """
    )
    assert (await follower.look()).outcome is Outcome.PASS
    assert f"--since=@{NOW.timestamp() + 1:.0f} " in asked.read_text()


async def test_a_journal_that_falls_silent_is_stale(logs: Followers, journal: Journal) -> None:
    journal.write('"x"', NOW - timedelta(minutes=9))
    follower = await logs.begun(**journal.options, quiet_after="10m")
    await logs.clock.advance(minutes=2)
    found = await follower.look()
    assert (found.failure, readings(found)["silence"]) == (FailureClass.STALE, 660)


async def test_a_journal_without_end_is_read_in_parts(logs: Followers, journal: Journal) -> None:
    journal.write('"start"')
    follower = await logs.begun(**journal.options)
    line = '{"__CURSOR":"9","__REALTIME_TIMESTAMP":"1","MESSAGE":"error"}'
    journal.answers(f"while echo '{line}' 2>&-; do :; done")
    found = await follower.look()
    assert found.outcome is Outcome.PASS
    assert readings(found)["behind"] == 2 << 20


NOT_SEEING = "Hint: You are currently not seeing messages from other users and the system."


@pytest.mark.parametrize(
    ("script", "failure", "words"),
    [
        (f"echo '{NOT_SEEING}' >&2", FailureClass.NOT_PERMITTED, "systemd-journal"),
        ("echo 'No journal files were found.' >&2", FailureClass.NOT_INSTALLED, "systemd-journald"),
        ("exit 1", FailureClass.NOT_INSTALLED, "by hand"),
    ],
)
async def test_a_journal_that_cannot_be_read_is_unknown(
    logs: Followers, journal: Journal, script: str, failure: FailureClass, words: str
) -> None:
    journal.answers(script)
    found = await (await logs.begun(**journal.options)).look()
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, failure)
    assert words in found.hint


@pytest.mark.parametrize(
    ("said", "failure"),
    [(NOT_SEEING, FailureClass.NOT_PERMITTED), ("No journal files were found.", FailureClass.NOT_INSTALLED)],
)
async def test_what_journalctl_keeps_to_itself_with_json_is_found_out(
    logs: Followers, journal: Journal, said: str, failure: FailureClass
) -> None:
    """Of a closed journal, and of an empty folder for it, it says nothing then and ends well: the unit seemed missing."""
    journal.answers(f"case \"$*\" in *--output=json*) ;; *) echo '{said}' >&2;; esac")
    found = await (await logs.begun(**journal.options)).look()
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, failure)


async def test_a_host_without_journalctl_is_told_before_the_first_run(logs: Followers) -> None:
    options: dict[str, Any] = {"journal": {"unit": "app", "program": "no-such-program"}}
    kind = CATALOGUE["logs"]
    found = await logs.bench.measure("logs", **options)
    assert found.failure is FailureClass.NOT_INSTALLED
    assert kind.lacks(kind.options.model_validate(options)).startswith("there is no program no-such-program")


async def test_a_journal_that_hangs_does_not_hold_the_deadline(logs: Followers, journal: Journal) -> None:
    journal.answers("sleep 30")
    found = await logs.bench.measure("logs", **journal.options, within=0.3)
    assert found.failure is FailureClass.READ_TIMEOUT


async def test_a_cancelled_run_leaves_nothing_behind_and_counts_later(logs: Followers, journal: Journal) -> None:
    began = logs.folder / "began"
    options = {**journal.options, "files": [str(logs.log)]}
    follower = await logs.begun(**options)
    before = len(os.listdir("/proc/self/fd"))
    logs.write(ERROR)
    journal.answers(f"echo $$ > {began}; sleep 30")
    running = asyncio.create_task(follower.look())
    await eventually(lambda: began.exists() and began.read_text())
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await eventually(lambda: len(os.listdir("/proc/self/fd")) == before)
    await eventually(lambda: not Path(f"/proc/{began.read_text().strip()}").exists())
    journal.answers("")
    assert await follower.new_errors() == 1


def test_options_that_make_no_sense_are_refused() -> None:
    assert "files, journal or both" in problem("logs")
    assert "groups of `match`" in problem("logs", files=["x"], patterns={"a": {"match": "x", "show": ["code"]}})
    assert "RE2" in problem("logs", files=["x"], patterns={"a": "(?=x)"})
    assert "not above" in problem("logs", files=["x"], patterns={"a": {"match": "x", "warning": 2, "critical": 1}})


def test_bounds_of_patterns_are_usual_rules() -> None:
    kind = CATALOGUE["logs"]
    options = kind.options.model_validate(
        {"files": ["x"], "patterns": {"a": {"match": "x", "critical": 5}, "b": "y"}, "json": {}}
    )
    assert [rule["reading"] for rule in kind.usual_rules(options)] == ["patterns.a", "structured", "behind"]


async def test_a_note_of_another_shape_is_a_first_look(logs: Followers) -> None:
    follower = await logs.begun()
    follower.note = {"files": {"1:2": [True], "x": "y"}, "paths": 7, "counts": [[1]], "journal": {}, "written": "no"}
    follower.restart()
    assert (await follower.look()).outcome is Outcome.PASS
