from __future__ import annotations

import asyncio
import os
import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.command.perfdata import MOST, Value, as_label, read
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.script import script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


DISK = "DISK CRITICAL - free space: / 100 MB|/=900MB;800;880;0;1000 'inodes left'=12%;;;; time=3ms"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """The command that runs a shell script of that body."""
    return lambda body: [script(tmp_path, "check_it", body)]


async def test_status_0_is_a_pass_with_its_time(bench: Bench, program: Callable[[str], list[str]]) -> None:
    found = await bench.measure("command", command=program("exit 0"))
    assert found.outcome is Outcome.PASS
    assert 0 < readings(found)["run_time"] < 5


@pytest.mark.parametrize(
    ("body", "failure", "said"),
    [
        ("exit 1", FailureClass.COMMAND_WARNING, "check_it says warning"),
        ("exit 2", FailureClass.COMMAND_FAILED, "check_it says critical"),
        ("exit 3", FailureClass.COMMAND_UNKNOWN, "check_it says that it cannot tell"),
        ("exit 127", FailureClass.COMMAND_UNKNOWN, "check_it ended with status 127, which no plug-in uses"),
        ("kill -11 $$", FailureClass.COMMAND_UNKNOWN, "check_it was ended by signal 11"),
    ],
)
async def test_a_plugin_says_how_it_is_by_its_status(
    bench: Bench, program: Callable[[str], list[str]], body: str, failure: FailureClass, said: str
) -> None:
    found = await bench.measure("command", command=program(body))
    assert (found.failure, found.explanation) == (failure, said)
    assert found.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("exit 1", "check_it ended with status 1"),
        ("exit 4", "check_it ended with status 4"),
        ("kill -9 $$", "check_it was ended by signal 9"),
    ],
)
async def test_any_other_status_of_a_program_is_a_failure(
    bench: Bench, program: Callable[[str], list[str]], body: str, said: str
) -> None:
    found = await bench.measure("command", command=program(body), statuses="program")
    assert (found.failure, found.explanation) == (FailureClass.COMMAND_FAILED, said)


async def test_performance_data_become_readings(bench: Bench, program: Callable[[str], list[str]]) -> None:
    found = await bench.measure("command", command=program(f'echo "{DISK}"; exit 2'))
    known = readings(found)
    assert known["perf./"] == 900 * 1024 * 1024
    assert known["perf.inodes_left"] == 0.12
    assert known["perf.time"] == 0.003


async def test_only_the_values_that_are_named_are_kept_and_have_their_unit(
    bench: Bench, program: Callable[[str], list[str]]
) -> None:
    values = {"load": "", "share": "%"}
    body = 'echo "OK|load=1.5 share=80 time=3s other=7"'
    found = await bench.measure("command", command=program(body), values=values)
    assert readings(found).keys() == {"run_time", "perf.load", "perf.share"}
    assert ("perf.share", 0.8, Unit.RATIO) in found.readings


@pytest.mark.parametrize("values", [{"used": "%"}, {"load": "%", "time": "B"}])
async def test_a_named_value_that_is_not_written_makes_the_run_unknown(
    bench: Bench, program: Callable[[str], list[str]], values: dict[str, str]
) -> None:
    found = await bench.measure("command", command=program('echo "OK|load=1.5 time=3s"'), values=values)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert f"no value called {list(values)[-1]}" in found.explanation
    assert "`values`" in found.hint


def test_named_values_are_the_readings_that_rules_may_name() -> None:
    known = CATALOGUE["command"]
    options = known.options.model_validate({"command": ["x"], "values": {"used": "%"}})
    assert known.more_readings(options) == {"perf.used": Unit.RATIO}


async def test_no_output_is_shown_unless_asked_for(bench: Bench, program: Callable[[str], list[str]]) -> None:
    found = await bench.measure("command", command=program("echo 'Mary Canary'; echo Mary Canary >&2; exit 2"))
    assert "Mary" not in words(found)


async def test_the_first_line_is_shown_when_asked_for_without_secrets(
    bench: Bench, program: Callable[[str], list[str]]
) -> None:
    body = 'printf "queue \\033[31mfull with $TOKEN | n=1\\nMary Canary\\n"; exit 2'
    secret = {"TOKEN": "token-canary"}
    found = await bench.measure("command", command=program(body), show_output=True, secret_environment=secret)
    assert found.explanation == "check_it says critical: queue [31mfull with •••"


async def test_a_long_line_is_cut(bench: Bench, program: Callable[[str], list[str]]) -> None:
    body = "head -c 5000 /dev/zero | tr '\\0' x; exit 2"
    found = await bench.measure("command", command=program(body), show_output=True)
    assert len(found.explanation) < 250


async def test_the_environment_is_what_is_declared_and_little_more(
    bench: Bench, program: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "pass-canary")
    body = 'test "$A$B" = 12 && test -z "$DATABASE_PASSWORD" && test "$(pwd)" = /'
    found = await bench.measure(
        "command", command=program(body), environment={"A": "1"}, secret_environment={"B": "2"}, statuses="program"
    )
    assert found.outcome is Outcome.PASS


async def test_no_shell_reads_the_arguments(bench: Bench, program: Callable[[str], list[str]]) -> None:
    command = [*program("test \"$1\" = '; exit 1; $(id)'"), "; exit 1; $(id)"]
    assert (await bench.measure("command", command=command)).outcome is Outcome.PASS


async def test_a_program_that_hangs_is_killed_with_what_it_started(
    bench: Bench, program: Callable[[str], list[str]], tmp_path: Path
) -> None:
    body = f"sleep 300 & echo $! > {tmp_path}/child; wait"
    found = await bench.measure("command", command=program(body), within=0.5)
    assert (found.failure, found.explanation) == (FailureClass.READ_TIMEOUT, "check_it was not done after 0.5 s")
    child = int((tmp_path / "child").read_text())
    await eventually(lambda: gone(child))


async def test_a_cancelled_run_leaves_nothing_behind(
    bench: Bench, program: Callable[[str], list[str]], tmp_path: Path
) -> None:
    mark = tmp_path / "child"
    probe = bench.build("command", command=program(f"echo $$ > {mark}.new; mv {mark}.new {mark}; sleep 300"))
    await bench.measure("command", command=["true"])  # the loop opens what it needs for all children with the first
    before = (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count())
    running = asyncio.create_task(run(probe, within=30))
    await eventually(mark.exists)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(lambda: gone(int(mark.read_text())))
    await eventually(
        lambda: (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count()) == before
    )


async def test_output_without_end_is_bounded(bench: Bench, program: Callable[[str], list[str]]) -> None:
    with peak_growth() as growth:
        found = await bench.measure("command", command=program('yes "x|a\'=1 "'), within=1.0, show_output=True)
    assert found.failure is FailureClass.READ_TIMEOUT
    assert growth.bytes < 32 << 20  # `yes` writes hundreds of megabytes meanwhile


async def test_a_program_that_is_not_there_is_unknown(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("command", command=[str(tmp_path / "check_none")])
    assert (found.failure, found.outcome) == (FailureClass.NOT_INSTALLED, Outcome.UNKNOWN)
    assert found.explanation == f"there is no program {tmp_path}/check_none"
    assert "check_none" in found.hint


async def test_a_script_without_its_interpreter_is_told_as_such(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "check_old").write_text("#!/nowhere/python2\n")
    (tmp_path / "check_old").chmod(0o755)
    found = await bench.measure("command", command=[str(tmp_path / "check_old")])
    assert (found.failure, found.outcome) == (FailureClass.NOT_INSTALLED, Outcome.UNKNOWN)
    assert "interpreter" in found.explanation


async def test_a_folder_that_is_not_there_is_told_as_such(
    bench: Bench, program: Callable[[str], list[str]], tmp_path: Path
) -> None:
    found = await bench.measure("command", command=program("exit 0"), folder=str(tmp_path / "none"))
    assert (found.failure, found.explanation) == (FailureClass.NOT_INSTALLED, f"there is no folder {tmp_path}/none")
    (tmp_path / "none").touch()  # a file is none
    found = await bench.measure("command", command=program("exit 0"), folder=str(tmp_path / "none"))
    assert (found.failure, found.explanation) == (FailureClass.NOT_INSTALLED, f"there is no folder {tmp_path}/none")


async def test_a_file_that_may_not_be_executed_is_unknown(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "check_mode").write_text("#!/bin/sh\n")
    found = await bench.measure("command", command=[str(tmp_path / "check_mode")])
    assert found.failure is FailureClass.NOT_PERMITTED
    assert found.explanation == f"Sentinel may not run {tmp_path}/check_mode"
    assert "chmod" in found.hint


async def test_a_file_that_is_no_program_is_unknown(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "check_text").write_bytes(b"\x00\x01 no program")
    (tmp_path / "check_text").chmod(0o755)
    found = await bench.measure("command", command=[str(tmp_path / "check_text")])
    assert (found.failure, found.outcome) == (FailureClass.COMMAND_UNKNOWN, Outcome.UNKNOWN)


def test_what_the_host_lacks_is_said_beforehand() -> None:
    known = CATALOGUE["command"]
    lacking = known.options.model_validate({"command": ["check_surely_not_here"]})
    assert "no program check_surely_not_here" in known.lacks(lacking)
    assert known.lacks(known.options.model_validate({"command": ["sh"]})) == ""
    assert known.lacks(known.options.model_validate({"command": ["/etc/passwd"]})) == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"command": []}, "a list: the program"),
        ({"command": ["./check"]}, "its absolute path"),
        ({"command": ["x", "a\0b"]}, "without NUL"),
        ({"command": ["x"], "environment": {"A B": "1"}}, "letters, digits"),
        ({"command": ["x"], "values": {"a b": "s"}}, "'a_b' instead of 'a b'"),
    ],
)
def test_wrong_options_are_refused_with_what_is_expected(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("command", **options)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("OK", []),
        ("OK|", []),
        ("OK | a=1", [Value("a", 1, Unit.NONE)]),
        ("OK | a=1;;;0;", [Value("a", 1, Unit.NONE)]),
        ("OK | a=0.5s b=1500ms c=2us", [("a", 0.5, Unit.SECONDS), ("b", 1.5, Unit.SECONDS), ("c", 2e-6, Unit.SECONDS)]),
        ("OK | a=2KB", [Value("a", 2048, Unit.BYTES)]),
        ("OK | n=7c", [Value("n", 7, Unit.COUNT)]),
        ("OK | a=-1.5e2", [Value("a", -150, Unit.NONE)]),
        ("OK | a=1,5", [Value("a", 1.5, Unit.NONE)]),
        ("OK | a=U b=nan c=2", [Value("c", 2, Unit.NONE)]),
        ("OK | 'it''s here'=1", [Value("it_s_here", 1, Unit.NONE)]),
        ("OK | a=1\nlong text\nmore | b=2\nc=3", [("a", 1, Unit.NONE), ("b", 2, Unit.NONE), ("c", 3, Unit.NONE)]),
        ("OK | a=1 a=2", [Value("a", 1, Unit.NONE)]),
        ("OK | 'a=1", [("a", 1, Unit.NONE)]),
    ],
)
def test_performance_data_are_read(output: str, expected: list[Value]) -> None:
    assert read(output) == [Value(as_label(label), value, unit) for label, value, unit in expected]


def test_values_and_labels_are_bounded() -> None:
    found = read("OK|" + " ".join(f"{'x' * 90}{number}={number}" for number in range(2 * MOST)))
    assert len(found) <= MOST
    assert all(len(value.label) <= 64 for value in found)


@pytest.mark.parametrize("text", ["'" * 8192, "a" * 8192, "' ''" * 2048])
def test_no_output_of_a_plug_in_holds_the_event_loop_up(text: str) -> None:
    """Of 8 KiB of quotation marks Python's own expressions took 2 s to find that no value is in them."""
    began = perf_counter()
    assert read(f"OK|{text}") == []
    assert perf_counter() - began < 0.1


def gone(pid: int) -> bool:
    """Whether a process has ended; one that its parent has not collected yet has."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
