from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.host.clock import _moment
from sentinel.probes.host.disks import Disks
from sentinel.probes.host.options import ProcessOptions
from sentinel.probes.host.processes import Seen, unseen
from sentinel.probes.host.system import Boot, CpuTimes, booted, cpu_used
from sentinel.probes.host.watch import Watch
from sentinel.probes.local.lane import Hanging, Lane
from sentinel.probes.local.restarts import MOST, Restarts, mark_of
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.config import ConfigFolder
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.ntp import NtpServer
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from tests.kit.process import Child, Children

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def soon(seconds: float = 1.0) -> float:
    return asyncio.get_running_loop().time() + seconds


# --- The system -------------------------------------------------------------------------------------------------------


async def test_a_host_in_order_passes_with_its_figures(bench: Bench) -> None:
    found = await bench.measure("host")
    known = readings(found)
    assert found.outcome is Outcome.PASS
    assert 0 < known["memory_used"] < 1
    assert 0 <= known["disk_used"] <= 1
    assert known["disk_used./"] == known["disk_used"]
    assert known["load"] >= 0
    assert known["uptime"] > 0
    assert 0 <= known["files_used"] < 1


async def test_the_use_of_processors_is_known_from_the_second_look_on(bench: Bench) -> None:
    probe = bench.build("host")
    assert "cpu_used" not in readings(await run(probe))
    sum(range(3_000_000))  # longer than a tick of the kernel's clock, 10 ms
    assert 0 <= readings(await run(probe))["cpu_used"] <= 1


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (None, CpuTimes(5, 10), []),
        (CpuTimes(5, 10), CpuTimes(6, 14), [0.25]),
        (CpuTimes(5, 10), CpuTimes(5, 10), []),
        (CpuTimes(5, 10), CpuTimes(4, 14), [0]),
    ],
)
def test_the_use_of_processors_is_the_share_of_the_time_between(
    before: CpuTimes | None, after: CpuTimes, share: list[float]
) -> None:
    assert [reading.value for reading in cpu_used(before, after)] == share


def test_a_host_that_was_started_again_is_told_of_for_a_while() -> None:
    again = Boot().seen("a").seen("b")
    began = datetime.fromtimestamp(psutil.boot_time(), UTC)
    early = booted(again, began + timedelta(minutes=3), timedelta(minutes=15))
    assert [(one.failure, one.explanation) for one in early.findings] == [
        (FailureClass.DEGRADED, "this host was started again 3 min ago")
    ]
    assert booted(again, began + timedelta(minutes=16), timedelta(minutes=15)).findings == []
    assert booted(Boot().seen("a"), began, timedelta(minutes=15)).findings == []


async def test_the_start_that_was_seen_is_noted_and_another_one_noticed(bench: Bench) -> None:
    note = (await bench.measure("host")).note
    assert note is not None
    bench.tools = replace(bench.tools, note={"boot": {"id": "another", "again": False}})
    found = await bench.measure("host", reboots_told_for="3650d")
    assert found.failure is FailureClass.DEGRADED
    assert found.note == {**note, "boot": {"id": note["boot"]["id"], "again": True}}


async def test_nothing_is_noted_again_that_is_as_it_was(bench: Bench) -> None:
    probe = bench.build("host")
    assert (await run(probe)).note is not None
    assert (await run(probe)).note is None


@pytest.mark.parametrize(
    "note", [{"boot": 3, "processes": [1]}, {"boot": {"id": 3}, "processes": {"api": {"moments": 1}}}]
)
async def test_a_note_of_another_shape_is_none(bench: Bench, note: dict[str, Any]) -> None:
    bench.tools = replace(bench.tools, note=note)
    found = await bench.measure("host", processes=[{"name": "api", "program": "none-such"}])
    assert found.failure is FailureClass.NOT_RUNNING


async def test_a_proc_that_is_hidden_is_unknown_and_disks_are_told_all_the_same(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))  # empty, as ProcSubset=pid leaves it but for processes
    found = await bench.measure("host", processes=[{"name": "api", "program": "x"}])
    assert (found.failure, found.outcome) == (FailureClass.NOT_PERMITTED, Outcome.UNKNOWN)
    assert "ProcSubset=all" in found.hint
    assert "disk_used" in readings(found)


# --- Disks ------------------------------------------------------------------------------------------------------------


def statvfs(used: int, *, bytes_free: int = 1 << 30, files: int = 0, inodes_free: int = 0) -> os.statvfs_result:
    """Of a file system of which `used` per cent are full."""
    size = 4096
    free = bytes_free // size
    blocks = free * 100 // (100 - used)
    return os.statvfs_result((size, size, blocks, free, free, files, inodes_free, inodes_free, 0, 255))


async def test_the_fullest_disk_stands_for_all_and_is_named() -> None:
    rooms = {"/": statvfs(40), "/var": statvfs(93, bytes_free=5 << 30), "/srv": statvfs(90, bytes_free=1 << 20)}
    look = await Disks(tuple(rooms), (), lambda path: rooms[path]).look(await soon())
    values = {reading.name: reading.value for reading in look.readings}
    assert values["disk_used"] == pytest.approx(0.93, abs=0.001)
    assert values["disk_used./"] == pytest.approx(0.40, abs=0.001)
    assert values["disk_free"] == 1 << 20
    assert look.hints["disk_used"].startswith("It is /var: 93 % used, 5 GiB free.")
    assert look.hints["disk_free"].startswith("It is /srv")


async def test_a_disk_may_run_out_of_inodes_first() -> None:
    look = await Disks(["/"], (), lambda _: statvfs(10, files=1000, inodes_free=50)).look(await soon())
    assert {reading.name: reading.value for reading in look.readings}["inodes_used"] == 0.95


async def test_a_dead_file_system_costs_one_thread_and_is_told_of_every_time() -> None:
    answers = threading.Event()

    def hanging(path: str) -> os.statvfs_result:
        if path == "/mnt":
            answers.wait(60)
        return statvfs(10)

    disks = Disks(["/", "/mnt"], (), hanging)
    for _ in range(5):
        look = await disks.look(await soon(0.05))
        assert [finding.failure for finding in look.findings] == [FailureClass.READ_TIMEOUT]
        assert "disk_used./" in {reading.name for reading in look.readings}
    assert hung("/mnt") == 1
    answers.set()
    await eventually(lambda: not hung("/mnt"))
    assert (await disks.look(await soon())).findings == []


def hung(path: str) -> int:
    """Threads that look at that file system."""
    return sum(thread.name == f"disk {path}" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ENOENT, FailureClass.MISSING),
        (errno.EACCES, FailureClass.NOT_PERMITTED),
        (errno.ESTALE, FailureClass.UNHEALTHY),
        (errno.EIO, FailureClass.UNHEALTHY),
    ],
)
async def test_what_the_kernel_says_of_a_disk_is_told(number: int, failure: FailureClass) -> None:
    def refusing(_path: str) -> os.statvfs_result:
        raise OSError(number, os.strerror(number))

    look = await Disks(["/data"], (), refusing).look(await soon())
    [finding] = look.findings
    assert finding.failure is failure
    assert "/data" in finding.explanation
    assert finding.hint


async def test_where_nothing_is_mounted_is_told(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("host", mounted=[str(tmp_path), "/proc"])
    assert (found.failure, found.explanation) == (FailureClass.MISSING, f"nothing is mounted at {tmp_path}")


# --- Processes --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def waiting(children: Children, tmp_path: Path) -> Child:
    """A process that waits for a signal, with a telling command line and environment, and its pid in a file."""
    return await waiter(children, tmp_path)


async def waiter(children: Children, folder: Path, name: str = "ward-waiter") -> Child:
    """A process of that name."""
    body = f"echo $$ > pid; echo up; exec -a {name} sleep 300"
    child = await children.start("bash", "-c", body, env={"SECRET_KEY": "key-canary", "EMPTY": ""}, cwd=folder)
    await child.line("up")
    await eventually(lambda: Path(f"/proc/{child.pid}/cmdline").read_bytes().startswith(name.encode()))
    return child


WAITER = {"name": "api", "command": "^ward-waiter "}


async def test_a_process_is_found_by_its_command_line_and_weighed(bench: Bench, waiting: Child) -> None:
    probe = bench.build("host", processes=[WAITER])
    await run(probe)
    found = await run(probe)
    known = readings(found)
    assert found.outcome is Outcome.PASS
    assert known["process_count.api"] == 1
    assert known["process_memory.api"] > 100_000
    assert known["process_threads.api"] == 1
    assert known["process_cpu.api"] >= 0
    assert known["process_restarts.api"] == 0
    assert 0 < known["process_files.api"] < 1
    assert 0 <= known["process_age.api"] < 60


async def test_a_process_is_found_by_its_pid_file(bench: Bench, waiting: Child, tmp_path: Path) -> None:
    found = await bench.measure("host", processes=[{"name": "api", "pid_file": str(tmp_path / "pid")}])
    assert readings(found)["process_count.api"] == 1


async def test_a_process_is_found_by_its_program(bench: Bench, waiting: Child) -> None:
    found = await bench.measure("host", processes=[{"name": "a", "program": "ward-waiter"}])
    assert readings(found)["process_count.a"] == 1
    found = await bench.measure("host", processes=[{"name": "a", "program": "sleep"}])
    assert readings(found)["process_count.a"] >= 1


async def test_a_process_is_found_by_the_port_it_listens_on(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = await bench.measure("host", processes=[{"name": "own", "port": port}])
    assert readings(found)["process_count.own"] == 1


async def test_a_process_that_ended_is_not_running(bench: Bench, waiting: Child, tmp_path: Path) -> None:
    by_file = {"name": "file", "pid_file": str(tmp_path / "pid")}
    await waiting.kill()
    for one in (WAITER, by_file):
        found = await bench.measure("host", processes=[one])
        assert "process_memory.api" not in readings(found)
        assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, f"{one['name']}: none running")
        assert found.hint


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ({"pid_file": "/none/such.pid"}, "api: there is no /none/such.pid"),
        ({"pid_file": "/etc/hostname"}, "api: /etc/hostname holds no process id"),
        ({"program": "none-such"}, "api: none running"),
        ({"program": "none-such", "least": 3}, "api: none running, 3 have to"),
    ],
)
async def test_why_it_is_not_running_is_told(bench: Bench, one: dict[str, Any], said: str) -> None:
    found = await bench.measure("host", processes=[{"name": "api", **one}])
    assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, said)


async def test_a_port_where_nothing_listens_is_told(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("host", processes=[{"name": "api", "port": port}])
    assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, f"api: nothing listens on port {port}")


async def test_more_processes_than_may_run_are_told(bench: Bench, children: Children, tmp_path: Path) -> None:
    for _ in range(2):
        await waiter(children, tmp_path, "ward-twin")
    found = await bench.measure("host", processes=[{"name": "twin", "command": "^ward-twin ", "most": 1}])
    assert (found.failure, found.explanation) == (FailureClass.UNHEALTHY, "twin: 2 running, at most 1 may")


async def test_variables_that_are_not_set_are_named_and_no_value_is(bench: Bench, waiting: Child) -> None:
    wanted = {**WAITER, "environment": ["SECRET_KEY", "EMPTY", "DATABASE_URL"]}
    found = await bench.measure("host", processes=[wanted])
    assert found.failure is FailureClass.MISSING
    assert found.explanation == "api: not set in its environment: DATABASE_URL, EMPTY"
    assert "key-canary" not in words(found) + str(found.note)


async def test_a_process_of_another_user_is_not_it(bench: Bench, waiting: Child) -> None:
    found = await bench.measure("host", processes=[{**WAITER, "user": "nobody-such"}])
    assert found.failure is FailureClass.NOT_RUNNING


@pytest.mark.parametrize(
    ("user", "sees_all", "knows_users", "setting"),
    [
        (None, True, True, None),
        (None, True, False, None),
        ("app", True, False, "PrivateUsers=no"),
        (None, False, True, "ProtectProc=default"),
    ],
)
def test_a_process_that_may_be_hidden_is_unknown(
    user: str | None, sees_all: bool, knows_users: bool, setting: str | None
) -> None:
    finding = unseen(ProcessOptions(name="api", program="x", user=user), sees_all, knows_users)
    assert (finding is None) is (setting is None)
    if finding is not None and setting is not None:
        assert finding.failure is FailureClass.NOT_PERMITTED
        assert setting in finding.hint


def test_a_clock_that_is_set_restarts_no_process() -> None:
    """When a process began is known by the time of day, which shifts for all of them when somebody sets the clock."""
    watch = Watch(ProcessOptions.model_validate({"name": "api", "program": "api"}))
    for shift in (0.0, 90.0, -3600.0):
        began = NOW.timestamp() + shift
        seen = Seen(pid=1, mark=mark_of(os.getpid()), began=began, memory=0, cpu=0.0, threads=1, files=None)
        watch.take([seen], NOW, 0.0)
    assert watch.restarts.lately == 0


async def test_a_process_is_told_from_others_by_its_start(waiting: Child) -> None:
    assert re.fullmatch(rf"{waiting.pid}@[0-9]+", mark_of(waiting.pid))
    await waiting.kill()
    assert mark_of(waiting.pid) == ""


async def test_a_restart_is_noticed_and_remembered_across_restarts_of_sentinel(
    bench: Bench, waiting: Child, children: Children, tmp_path: Path
) -> None:
    first = await bench.measure("host", processes=[WAITER])
    await waiting.kill()
    await waiter(children, tmp_path)
    bench.tools = replace(bench.tools, note=first.note)
    second = await bench.measure("host", processes=[WAITER])
    assert readings(second)["process_restarts.api"] == 1


@pytest.mark.parametrize("count", [5, 3 * MOST])
def test_restarts_are_counted_for_an_hour_and_no_more_are_kept_than_needed(count: int) -> None:
    seen = Restarts().seen("0", NOW)
    for number in range(count):
        seen = seen.seen(str(number + 1), NOW + timedelta(seconds=number))
    assert seen.lately == min(count, MOST)
    assert Restarts.of_note(seen.note()) == seen
    assert seen.seen(str(count), NOW + timedelta(hours=2)).lately == 0


def test_restarts_between_two_looks_are_those_that_the_manager_counts() -> None:
    seen = Restarts().seen("a", NOW, 7)
    assert seen.lately == 0
    assert seen.seen("b", NOW, 12).lately == 5
    assert seen.seen("b", NOW, 0).lately == 1  # somebody started it by hand, and the count began anew
    assert seen.seen("", NOW, 9).seen("b", NOW, 12).lately == 5  # some of them while it was seen not to run
    assert seen.seen("", NOW).seen("a", NOW).lately == 0  # it was stopped for a while, and nobody saw another life


# --- The clock --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[NtpServer]:
    async with NtpServer() as running:
        yield running


def at(server: NtpServer) -> str:
    return f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("ahead", [0.0, 3.0, -90.0, 400_000_000.0])
async def test_the_clock_is_compared_with_a_time_server(bench: Bench, server: NtpServer, ahead: float) -> None:
    server.ahead = ahead
    found = await bench.measure("host", ntp_server=at(server))
    assert readings(found)["clock_offset"] == pytest.approx(abs(ahead), abs=0.2)
    assert ("behind" if ahead > 0 else "ahead") in (found.hints or {})["clock_offset"] or ahead == 0


async def test_a_request_tells_the_server_nothing_of_our_clock(bench: Bench, server: NtpServer) -> None:
    await bench.measure("host", ntp_server=at(server))
    [request] = server.requests
    assert (len(request), request[0], request[1:40]) == (48, 0x23, bytes(39))


async def test_a_silent_time_server_is_a_warning_and_the_rest_is_still_told(bench: Bench, server: NtpServer) -> None:
    server.silent = True
    found = await bench.measure("host", ntp_server=at(server), within=0.4)
    assert (found.failure, found.explanation) == (
        FailureClass.DEGRADED,
        "the clock was not compared: no answer from 127.0.0.1",
    )
    assert "disk_used" in readings(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer[:1] + b"\x00" + answer[2:],  # stratum 0: it refuses
        lambda answer: b"\xe4" + answer[1:],  # it is not in time itself
        lambda answer: b"\x23" + answer[1:],  # a request, sent back
    ],
)
async def test_an_answer_without_a_time_is_told(
    bench: Bench, server: NtpServer, change: Callable[[bytes], bytes]
) -> None:
    server.change = change
    found = await bench.measure("host", ntp_server=at(server))
    assert found.explanation == "the clock was not compared: the time server has no time to give"


async def test_an_answer_to_another_question_is_not_heard(bench: Bench, server: NtpServer) -> None:
    server.change = lambda answer: answer[:24] + bytes(8) + answer[32:]
    found = await bench.measure("host", ntp_server=at(server), within=0.4)
    assert found.explanation.endswith("no answer from 127.0.0.1")


async def test_a_time_server_that_is_not_there_is_told(bench: Bench) -> None:
    found = await bench.measure("host", ntp_server="nowhere.invalid")
    assert (
        found.explanation == "the clock was not compared: nowhere.invalid: the name ends in .invalid and never exists"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    found = await bench.measure("host", ntp_server=f"127.0.0.1:{port}")
    assert found.explanation == "the clock was not compared: 127.0.0.1: connection refused"


def test_times_after_2036_are_read() -> None:
    assert _moment(b"\x00\x00\x00\x00\x80\x00\x00\x00") == datetime(2036, 2, 7, 6, 28, 16, 500_000, UTC).timestamp()


async def test_the_kernel_is_asked_whether_the_clock_is_kept_in_time(bench: Bench) -> None:
    found = await bench.measure("host", synchronised=True)
    assert found.failure in {None, FailureClass.DEGRADED, FailureClass.NOT_PERMITTED}
    assert found.outcome is Outcome.PASS or found.hint


async def test_what_is_wrong_is_told_together_and_no_warning_hides_a_failure(bench: Bench) -> None:
    bench.tools = replace(bench.tools, note={"boot": {"id": "another", "again": False}})
    none = [{"name": f"p{number}", "program": "none-such"} for number in range(4)]
    found = await bench.measure("host", reboots_told_for="3650d", disks=["/none/such"], processes=none)
    assert found.failure is FailureClass.NOT_RUNNING
    assert found.explanation == "p0: none running; p1: none running; p2: none running; p3: none running; and 2 more"
    found = await bench.measure("host", reboots_told_for="3650d", disks=["/none/such"])
    assert found.failure is FailureClass.MISSING
    assert found.explanation.startswith("there is no /none/such; this host was started again ")


# --- What every probe promises ----------------------------------------------------------------------------------------


async def test_a_lane_makes_one_call_at_a_time_and_never_waits_past_its_deadline() -> None:
    lane, goes_on = Lane("test"), threading.Event()
    with pytest.raises(Hanging):
        await lane.call(lambda: goes_on.wait(60), await soon(0.05))
    with pytest.raises(Hanging):
        await lane.call(lambda: True, await soon(60))
    goes_on.set()
    await eventually(lambda: not lane._busy)
    assert await lane.call(lambda: 7, await soon())
    with pytest.raises(FileNotFoundError):
        await lane.call(lambda: os.stat("/none/such"), await soon())


async def test_a_cancelled_run_leaves_nothing_behind(bench: Bench, server: NtpServer) -> None:
    server.silent = True
    probe = bench.build("host", ntp_server=at(server))
    before = (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count())
    running = asyncio.create_task(run(probe))
    await eventually(lambda: server.requests)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(
        lambda: (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count()) == before
    )


async def test_the_memory_of_a_run_is_bounded(bench: Bench, waiting: Child) -> None:
    probe = bench.build("host", processes=[{**WAITER, "environment": ["SECRET_KEY"]}])
    await run(probe)
    with peak_growth() as growth:
        await run(probe)
    assert growth.bytes < 6 << 20


def test_the_usual_rules_are_rules(tmp_path: Path) -> None:
    options = {"disks": ["/", "/tmp"], "ntp_server": "ntp.example.org", "processes": [{"name": "api", "program": "x"}]}
    plan = ConfigFolder(tmp_path).plan({"checks": [{"name": "h", "kind": "host", "options": options}]})
    assert {"disk_used", "load", "clock_offset", "process_restarts.api"} <= {
        getattr(rule, "reading", "") for rule in plan.checks[0].rules
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"disks": ["var"]}, "absolute paths"),
        ({"disks": ["/", "/"]}, "each once"),
        ({"ntp_server": "a b"}, "a name or address"),
        ({"processes": [{"name": "API", "port": 1}]}, "small letters"),
        ({"processes": [{"name": "api"}]}, "one of program, command, pid_file and port"),
        ({"processes": [{"name": "api", "program": "x", "port": 1}]}, "one of program"),
        ({"processes": [{"name": "api", "program": "x", "least": 3, "most": 2}]}, "most that is not below least"),
        ({"processes": [{"name": "api", "port": 1}, {"name": "api", "port": 2}]}, "different names"),
    ],
)
def test_wrong_options_are_refused_with_what_is_expected(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("host", **options)
