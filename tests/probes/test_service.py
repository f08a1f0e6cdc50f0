from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.config import ConfigFolder
from tests.kit.engine import Engine
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.ports import refusing_port
from tests.kit.script import printing, script

if TYPE_CHECKING:
    from sentinel.core.result import Measurement
    from tests.kit.process import Children

# --- systemd: what `systemctl show` prints (systemd 252) --------------------------------------------------------------

ACTIVE = {
    "Result": "success",
    "NRestarts": "0",
    "ExecMainStatus": "0",
    "MemoryCurrent": "52428800",
    "CPUUsageNSec": "1500000000",
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "ActiveEnterTimestampMonotonic": "1",
    "InvocationID": "2f9e7c4f5d5b4c0f8b6e1a2b3c4d5e6f",
}
FAILED = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "3"}
NOT_FOUND = {"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead", "UnitFileState": ""}


@pytest.fixture
def unit(bench: Bench, tmp_path: Path) -> Callable[..., Any]:
    """Looks at a unit of which systemctl says this."""

    async def look(properties: dict[str, str], **options: Any) -> Measurement:
        text = "".join(f"{name}={value}\n" for name, value in {**ACTIVE, **properties}.items())
        program = printing(tmp_path, "systemctl", text)
        return await bench.measure("service", systemd={"unit": "api.service", "program": program, **options})

    return look


async def test_an_active_unit_passes_with_its_figures(unit: Callable[..., Any]) -> None:
    found = await unit({})
    known = readings(found)
    assert found.outcome is Outcome.PASS
    assert known["memory"] == 50 << 20
    assert known["restarts"] == 0
    assert known["up_for"] == pytest.approx(time.monotonic(), abs=5)


@pytest.mark.parametrize(
    ("properties", "failure", "said"),
    [
        (FAILED, FailureClass.NOT_RUNNING, "api.service is failed (failed): exit-code, status 3"),
        ({**FAILED, "Result": "oom-kill"}, FailureClass.NOT_RUNNING, "api.service is failed (failed): oom-kill"),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "signal"},
            FailureClass.NOT_RUNNING,
            "api.service is activating (auto-restart): signal",
        ),
        (
            {"ActiveState": "inactive", "SubState": "dead", "LoadState": "masked"},
            FailureClass.NOT_RUNNING,
            "api.service is inactive (dead), masked",
        ),
        (NOT_FOUND, FailureClass.MISSING, "systemd knows no unit api.service"),
    ],
)
async def test_a_unit_that_is_not_active_is_told_with_its_state(
    unit: Callable[..., Any], properties: dict[str, str], failure: FailureClass, said: str
) -> None:
    found = await unit(properties)
    assert (found.failure, found.explanation) == (failure, said)
    assert found.hint


async def test_other_states_can_be_good(unit: Callable[..., Any]) -> None:
    dead = {"ActiveState": "inactive", "SubState": "dead"}
    assert (await unit(dead, states=["active", "inactive"])).outcome is Outcome.PASS


async def test_a_unit_that_would_not_come_back_is_a_warning_where_it_has_to(unit: Callable[..., Any]) -> None:
    assert (await unit({"UnitFileState": "disabled"})).outcome is Outcome.PASS
    found = await unit({"UnitFileState": "disabled"}, enabled=True)
    assert (found.failure, found.explanation) == (FailureClass.DEGRADED, "api.service is not enabled")


async def test_figures_that_systemd_does_not_know_are_left_out(unit: Callable[..., Any]) -> None:
    found = await unit({"MemoryCurrent": "[not set]", "CPUUsageNSec": str(2**64 - 1)})
    assert readings(found).keys() == {"up_for", "restarts"}


async def test_what_is_asked_is_only_to_show(bench: Bench, tmp_path: Path) -> None:
    program = script(tmp_path, "systemctl", f'echo "$@" > {tmp_path}/asked; echo ActiveState=active')
    await bench.measure("service", systemd={"unit": "api.service", "program": program, "user": True})
    words = (tmp_path / "asked").read_text().split()
    assert (words[:2], words[-2:]) == (["--user", "show"], ["--", "api.service"])


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        (
            "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: ...",
            FailureClass.NOT_INSTALLED,
        ),
        ("Failed to connect to bus: No medium found", FailureClass.NOT_INSTALLED),
        ("Failed to get properties: Access denied", FailureClass.NOT_PERMITTED),
        ("Mary Canary", FailureClass.COMMAND_UNKNOWN),
    ],
)
async def test_a_systemd_that_cannot_be_asked_is_unknown(
    bench: Bench, tmp_path: Path, errors: str, failure: FailureClass
) -> None:
    program = printing(tmp_path, "systemctl", "", errors=errors, status=1)
    found = await bench.measure("service", systemd={"unit": "api.service", "program": program})
    assert (found.failure, found.outcome) == (failure, Outcome.UNKNOWN)
    assert found.hint
    assert "Mary" not in words(found)


async def test_restarts_are_counted_between_looks_and_survive_those_of_sentinel(
    bench: Bench, unit: Callable[..., Any]
) -> None:
    first = await unit({})
    bench.tools = replace(bench.tools, note=first.note)
    second = await unit({"NRestarts": "3", "InvocationID": "another"})
    assert readings(second)["restarts"] == 3
    bench.tools = replace(bench.tools, note=second.note)
    third = await unit({"NRestarts": "3", "InvocationID": "another"})
    assert readings(third)["restarts"] == 3
    assert third.note is None


async def test_the_use_of_processors_is_known_from_the_second_look_on(bench: Bench, tmp_path: Path) -> None:
    spent = tmp_path / "spent"
    program = script(tmp_path, "systemctl", f"echo ActiveState=active; echo CPUUsageNSec=$(cat {spent})")
    probe = bench.build("service", systemd={"unit": "api.service", "program": program})
    spent.write_text("1000000")
    assert "cpu_used" not in readings(await run(probe))
    spent.write_text("2000000")
    assert 0 < readings(await run(probe))["cpu_used"] < 1
    spent.write_text("1000")  # it was started again
    assert "cpu_used" not in readings(await run(probe))


# --- Supervisor: what `supervisorctl status` prints (4.2) -------------------------------------------------------------


@pytest.fixture
def program(bench: Bench, tmp_path: Path) -> Callable[..., Any]:
    """Looks at a program of which supervisorctl says this."""

    async def look(output: str, status: int = 0, name: str = "api", errors: str = "") -> Measurement:
        asked = printing(tmp_path, "supervisorctl", output, errors=errors, status=status)
        return await bench.measure("service", supervisor={"name": name, "program": asked})

    return look


async def test_a_running_program_passes_with_its_time(program: Callable[..., Any]) -> None:
    found = await program("api                              RUNNING   pid 812, uptime 2 days, 1:02:03\n")
    assert found.outcome is Outcome.PASS
    assert readings(found) == {"up_for": 2 * 86400 + 3723, "restarts": 0, "instances": 1}


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("api   FATAL     Exited too quickly (process log may have details)\n", "api is FATAL"),
        ("api   BACKOFF   Mary Canary\n", "api is BACKOFF"),
        ("api   STOPPED   Nov 22 06:00 AM\n", "api is STOPPED"),
        ("w:1   RUNNING   pid 1, uptime 0:00:05\nw:2   EXITED    Nov 22 06:00 AM\n", "w:2 is EXITED"),
    ],
)
async def test_a_program_that_does_not_run_is_told_with_its_state(
    program: Callable[..., Any], output: str, said: str
) -> None:
    found = await program(output, 3)
    assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, said)
    assert "Mary" not in words(found)


@pytest.mark.parametrize(
    ("output", "failure"),
    [
        ("api: ERROR (no such process)\n", FailureClass.MISSING),
        ("unix:///run/supervisor.sock no such file\n", FailureClass.NOT_RUNNING),
        ("http://localhost:9001 refused connection\n", FailureClass.NOT_RUNNING),
        (
            "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: /x.py line: 557\n",
            FailureClass.NOT_PERMITTED,
        ),
        ("Error: Server requires authentication\n", FailureClass.CREDENTIAL_REFUSED),
        ("Error: could not find config file /x\nFor help, use /usr/bin/supervisorctl -h\n", FailureClass.MISCONFIGURED),
        ("Mary Canary\n", FailureClass.COMMAND_UNKNOWN),
    ],
)
async def test_a_supervisor_that_gives_no_state_is_told_by_what_it_says(
    program: Callable[..., Any], output: str, failure: FailureClass
) -> None:
    found = await program(output, 4)
    assert found.failure is failure
    assert found.hint
    assert "Mary" not in words(found)


# --- PM2: what `pm2 jlist` prints (5.4) -------------------------------------------------------------------------------


def application(name: str = "api", status: str = "online", pid: int = 501, **env: Any) -> dict[str, Any]:
    began = int((time.time() - 3600) * 1000)  # noqa: TID251  # as PM2 has it
    environment = {"status": status, "restart_time": 0, "pm_uptime": began, "SECRET_KEY": "key-canary", **env}
    return {"name": name, "pid": pid, "pm2_env": environment, "monit": {"memory": 1 << 20, "cpu": 0.3}}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Path]:
    """The folder of a PM2 whose daemon can be reached."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "rpc.sock"))
        listener.listen()
        yield tmp_path


@pytest.fixture
def pm2(bench: Bench, daemon: Path) -> Callable[..., Any]:
    """Looks at an application of which PM2 says this, after some lines of its own."""

    async def look(*applications: dict[str, Any], **options: Any) -> Measurement:
        text = f"\n>>>> In-memory PM2 is out-of-date, do:\n[PM2] some news\n{json.dumps(applications)}\n"
        program = printing(daemon, "pm2", text)
        return await bench.measure("service", pm2={"name": "api", "home": str(daemon), "program": program, **options})

    return look


async def test_an_online_application_passes_with_its_figures(pm2: Callable[..., Any]) -> None:
    found = await pm2(application(), application(pid=502), application("other", "errored"))
    known = readings(found)
    assert found.outcome is Outcome.PASS
    assert (known["instances"], known["memory"], known["restarts"]) == (2, 2 << 20, 0)
    assert known["up_for"] == pytest.approx(3600, abs=10)


@pytest.mark.parametrize(
    ("applications", "failure", "said"),
    [
        ([application(status="stopped")], FailureClass.NOT_RUNNING, "api is stopped"),
        ([application(), application(status="errored")], FailureClass.NOT_RUNNING, "api is errored"),
        ([application(), application(status="stopped")], FailureClass.NOT_RUNNING, "1 of api online, 2 have to be"),
        ([application(status="Mary Canary")], FailureClass.NOT_RUNNING, "api is in a state that is not known"),
        ([application("other")], FailureClass.MISSING, "PM2 knows no application api"),
    ],
)
async def test_an_application_that_is_not_online_is_told(
    pm2: Callable[..., Any], applications: list[dict[str, Any]], failure: FailureClass, said: str
) -> None:
    found = await pm2(*applications, least=2)
    assert (found.failure, found.explanation) == (failure, said)


async def test_no_environment_of_an_application_leaves(pm2: Callable[..., Any]) -> None:
    found = await pm2(application())
    assert "canary" not in words(found) + str(found.note)


async def test_checks_of_one_pm2_share_its_list(bench: Bench, daemon: Path) -> None:
    listed = json.dumps([application(), application("other", "stopped")])
    program = script(daemon, "pm2", f"echo asked >> {daemon}/asked; echo '{listed}'")
    probes = [
        bench.build("service", pm2={"name": name, "home": str(daemon), "program": program}) for name in ("api", "other")
    ]
    found = await asyncio.gather(*(run(probe) for probe in probes))
    assert [one.outcome for one in found] == [Outcome.PASS, Outcome.FAIL]
    assert (daemon / "asked").read_text() == "asked\n"
    await run(probes[0])  # who looks again wants to know how it is now
    assert (daemon / "asked").read_text() == "asked\n" * 2


@pytest.mark.parametrize(
    ("options", "failure", "said"),
    [
        ({"program": "pm2-canary"}, FailureClass.NOT_INSTALLED, "there is no program pm2-canary"),
        ({"home": "/nowhere/.pm2"}, FailureClass.MISCONFIGURED, "there is no folder /nowhere/.pm2"),
        ({"home": "/usr"}, FailureClass.MISCONFIGURED, "/usr holds nothing of PM2's"),
    ],
)
async def test_what_is_none_of_pm2_accuses_no_daemon(
    bench: Bench, tmp_path: Path, options: dict[str, str], failure: FailureClass, said: str
) -> None:
    known = {"name": "api", "home": str(tmp_path), "program": printing(tmp_path, "pm2", "[]")}
    found = await bench.measure("service", pm2={**known, **options})
    assert (found.outcome, found.failure, found.explanation) == (Outcome.UNKNOWN, failure, said)
    assert "`home`" in found.hint or "`program`" in found.hint


async def test_a_home_that_can_have_no_socket_is_a_wrong_configuration(bench: Bench, tmp_path: Path) -> None:
    program = printing(tmp_path, "pm2", "[]")
    home = tmp_path / ("x" * 120)
    home.mkdir()
    (home / "pm2.log").touch()
    found = await bench.measure("service", pm2={"name": "api", "home": str(home), "program": program})
    assert "has no socket" in found.explanation
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)


async def test_a_list_without_end_is_bounded(bench: Bench, daemon: Path) -> None:
    program = script(daemon, "pm2", 'yes \'[{"name": "Mary Canary"}]\'')
    probe = bench.build("service", pm2={"name": "api", "home": str(daemon), "program": program})
    with peak_growth() as growth:
        found = await run(probe, within=1.5)
    assert found.failure is FailureClass.READ_TIMEOUT
    assert growth.bytes < 32 << 20  # `yes` writes hundreds of megabytes meanwhile


@pytest.mark.parametrize("killed", [False, True])
async def test_no_daemon_of_pm2_is_started_by_a_look(bench: Bench, tmp_path: Path, killed: bool) -> None:
    if killed:  # its socket stays
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "rpc.sock"))
    (tmp_path / "pm2.log").touch()
    program = script(tmp_path, "pm2", f"touch {tmp_path}/started")
    found = await bench.measure("service", pm2={"name": "api", "home": str(tmp_path), "program": program})
    assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, "PM2's daemon does not run")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("output", ["", "Mary Canary", '{"name": "api"}', "[1, null]"])
async def test_a_list_that_is_none_is_no_pass(bench: Bench, daemon: Path, output: str) -> None:
    program = printing(daemon, "pm2", output)
    found = await bench.measure("service", pm2={"name": "api", "home": str(daemon), "program": program})
    assert found.failure in {FailureClass.COMMAND_UNKNOWN, FailureClass.MISSING}
    assert "Mary" not in words(found)


# --- Containers -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with Engine(tmp_path / "docker.sock") as running:
        yield running


@pytest.fixture
def container(bench: Bench, engine: Engine) -> Callable[..., Any]:
    """Looks at the container `api` of the engine."""

    async def look(**options: Any) -> Measurement:
        return await bench.measure("service", container={"name": "api", "socket": str(engine.path), **options})

    return look


async def test_a_running_container_passes_with_its_figures(engine: Engine, container: Callable[..., Any]) -> None:
    engine.stats = {
        "memory_stats": {"usage": 30 << 20, "stats": {"inactive_file": 10 << 20}},
        "cpu_stats": {"cpu_usage": {"total_usage": 5_000_000_000}},
    }
    found = await container(stats=True, non_root=True, image=r"^registry\.example\.org/api:1\.")
    assert found.outcome is Outcome.PASS
    assert readings(found).keys() == {"up_for", "restarts", "memory"}
    assert readings(found)["memory"] == 20 << 20
    assert engine.requests == ["/containers/api/json", "/containers/api/stats?stream=false&one-shot=true"]


@pytest.mark.parametrize(
    ("state", "failure", "said"),
    [
        (
            {"Status": "exited", "Running": False, "ExitCode": 1},
            FailureClass.NOT_RUNNING,
            "api is exited, exit status 1",
        ),
        (
            {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True},
            FailureClass.NOT_RUNNING,
            "api is exited, killed for want of memory",
        ),
        (
            {"Status": "restarting", "Running": True, "ExitCode": 2},
            FailureClass.NOT_RUNNING,
            "api is restarting, exit status 2",
        ),
        ({"Status": "paused", "Running": True}, FailureClass.NOT_RUNNING, "api is paused"),
        ({"Status": "Mary Canary", "Running": False}, FailureClass.NOT_RUNNING, "api is not running"),
        (
            {"Health": {"Status": "unhealthy", "FailingStreak": 7}},
            FailureClass.UNHEALTHY,
            "api runs, and its own health check failed 7 times in a row",
        ),
        ({"OOMKilled": True}, FailureClass.DEGRADED, "a process of api was killed for want of memory"),
        ({"Health": None}, None, ""),
        ({"Health": {"Status": "starting"}}, None, ""),
    ],
)
async def test_the_state_of_a_container_is_told(
    engine: Engine, container: Callable[..., Any], state: dict[str, Any], failure: FailureClass | None, said: str
) -> None:
    engine.containers["api"]["State"].update(state)
    found = await container()
    assert (found.failure, found.explanation) == (failure, said)


@pytest.mark.parametrize("user", ["", "0", "root", "0:0", "root:app", None])
async def test_a_container_that_runs_as_root_is_insecure_where_it_must_not(
    engine: Engine, container: Callable[..., Any], user: str | None
) -> None:
    engine.containers["api"]["Config"]["User"] = user
    assert (await container()).outcome is Outcome.PASS
    found = await container(non_root=True)
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, "api runs as root")


async def test_a_privileged_container_is_insecure_where_it_must_not_be_root(
    engine: Engine, container: Callable[..., Any]
) -> None:
    engine.containers["api"]["HostConfig"]["Privileged"] = True
    assert (await container(non_root=True)).explanation == "api is privileged"


async def test_another_image_than_was_agreed_on_is_drift(container: Callable[..., Any]) -> None:
    found = await container(image=":2\\.")
    assert found.failure is FailureClass.DRIFTED
    assert "registry" not in words(found)


async def test_a_container_that_is_not_there_is_missing(engine: Engine, container: Callable[..., Any]) -> None:
    engine.containers.clear()
    assert (await container()).failure is FailureClass.MISSING


async def test_restarts_by_the_engine_are_counted(bench: Bench, engine: Engine, container: Callable[..., Any]) -> None:
    bench.tools = replace(bench.tools, note=(await container()).note)
    engine.containers["api"]["RestartCount"] = 4
    engine.containers["api"]["State"]["StartedAt"] = "2026-11-22T07:00:00Z"
    assert readings(await container())["restarts"] == 4


async def test_no_environment_of_a_container_leaves(container: Callable[..., Any]) -> None:
    found = await container()
    assert "anary" not in words(found) + str(found.note)


async def test_no_socket_is_no_engine(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("service", container={"name": "api", "socket": str(tmp_path / "none.sock")})
    assert (found.failure, found.outcome) == (FailureClass.NOT_INSTALLED, Outcome.UNKNOWN)


async def test_a_socket_that_nobody_answers_on_is_refused(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    found = await bench.measure("service", container={"name": "api", "socket": str(path)})
    assert found.failure is FailureClass.REFUSED


async def forbidding(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html><body>403 Forbidden</body></html>")
    await writer.drain()


async def test_a_proxy_that_forbids_the_question_accuses_no_container(engine: Engine, container: Any) -> None:
    engine.script = forbidding
    found = await container()
    assert (found.failure, found.outcome) == (FailureClass.NOT_PERMITTED, Outcome.UNKNOWN)
    assert "refuses GET /containers/api/json" in found.explanation
    assert "CONTAINERS=1" in found.hint


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x15Mary Canary\x00\xff" * 20)
    await writer.drain()


async def text(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nMary Canary")
    await writer.drain()


async def short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nMary Canary")
    await writer.drain()


async def flooding(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b'{"name": "Mary Canary"}' * 1000)
        await writer.drain()


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (silent, FailureClass.READ_TIMEOUT),
        (garbage, FailureClass.PROTOCOL_ERROR),
        (text, FailureClass.PROTOCOL_ERROR),
        (short, FailureClass.INCOMPLETE),
        (flooding, FailureClass.BODY_TOO_LARGE),
    ],
)
async def test_an_engine_that_misbehaves_is_told_within_bounds(
    bench: Bench, engine: Engine, script: Any, failure: FailureClass
) -> None:
    engine.script = script
    probe = bench.build("service", container={"name": "api", "socket": str(engine.path)})
    with peak_growth() as growth:
        found = await run(probe, within=0.5)
    assert found.failure is failure
    assert growth.bytes < 6 << 20
    assert "Mary" not in words(found)


# --- A port -----------------------------------------------------------------------------------------------------------


async def test_a_port_that_somebody_listens_on_passes(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = await bench.measure("service", port={"port": listener.getsockname()[1], "only_local": True})
    assert found.outcome is Outcome.PASS
    assert readings(found)["instances"] == 1


async def test_a_port_that_nobody_listens_on_is_not_running(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("service", port={"port": port})
    assert (found.failure, found.explanation) == (FailureClass.NOT_RUNNING, f"nothing listens on port {port}")


SHARING = """
import socket, sys, time
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
print("port", sock.getsockname()[1])
time.sleep(60)
"""


async def test_a_worker_that_is_replaced_is_no_restart_of_the_port(bench: Bench, children: Children) -> None:
    """Workers of gunicorn and the like share a port, and are replaced after so many requests."""
    oldest = await children.start(sys.executable, "-c", SHARING, "0")
    port = (await oldest.line(r"port (\d+)"))[1]
    probe = bench.build("service", port={"port": int(port)})
    for expected in (1, 2):
        assert readings(await run(probe))["instances"] == expected
        worker = await children.start(sys.executable, "-c", SHARING, port)
        await worker.line("port")
    await worker.kill()
    assert readings(await run(probe))["restarts"] == 0
    await oldest.kill()
    assert readings(await run(probe))["restarts"] == 1


async def test_a_port_of_another_program_is_told(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = await bench.measure("service", port={"port": port, "program": "nginx"})
    assert found.failure is FailureClass.NOT_RUNNING
    assert found.explanation.startswith(f"port {port} is ")
    assert found.explanation.endswith("'s, not nginx's")


async def test_a_port_that_others_reach_is_insecure_where_they_must_not(bench: Bench) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        assert (await bench.measure("service", port={"port": port})).outcome is Outcome.PASS
        found = await bench.measure("service", port={"port": port, "only_local": True})
    assert found.failure is FailureClass.INSECURE


async def test_a_table_of_ports_that_is_hidden_is_unknown(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    found = await bench.measure("service", port={"port": 80})
    assert (found.failure, found.outcome) == (FailureClass.NOT_PERMITTED, Outcome.UNKNOWN)


# --- What every probe promises ----------------------------------------------------------------------------------------

HANGING = [("systemd", {"unit": "api"}), ("supervisor", {"name": "api"}), ("pm2", {"name": "api"})]


@pytest.mark.parametrize(("manager", "options"), HANGING)
async def test_a_program_that_hangs_does_not_hold_the_deadline(
    bench: Bench, daemon: Path, manager: str, options: dict[str, Any]
) -> None:
    home = {"home": str(daemon)} if manager == "pm2" else {}
    program = script(daemon, "asked", "sleep 300")
    given: dict[str, Any] = {manager: {**options, **home, "program": program}}
    found = await bench.measure("service", within=0.4, **given)
    assert found.failure is FailureClass.READ_TIMEOUT
    assert found.hint


@pytest.mark.parametrize(("manager", "options"), HANGING)
async def test_a_program_that_is_not_there_is_unknown_and_said_beforehand(
    bench: Bench, daemon: Path, manager: str, options: dict[str, Any]
) -> None:
    home = {"home": str(daemon)} if manager == "pm2" else {}
    given: dict[str, Any] = {manager: {**options, **home, "program": str(daemon / "none")}}
    found = await bench.measure("service", **given)
    assert (found.failure, found.outcome) == (FailureClass.NOT_INSTALLED, Outcome.UNKNOWN)
    known = CATALOGUE["service"]
    assert "no program" in known.lacks(known.options.model_validate(given))


async def test_a_socket_in_a_closed_folder_is_not_missing(engine: Engine) -> None:
    """A user's own Podman has it in a folder that others may not enter, which made `config check` crash."""
    kind = CATALOGUE["service"]
    options = kind.options.model_validate({"container": {"name": "api", "socket": str(engine.path)}})
    engine.path.parent.chmod(0)
    # setfsuid(2) is per thread: this one may enter no more than `nobody`.
    with ThreadPoolExecutor(1, initializer=lambda: ctypes.CDLL(None).setfsuid(65534)) as threads:
        said = threads.submit(kind.lacks, options).result()
    engine.path.parent.chmod(0o700)
    assert said == ""


async def test_a_cancelled_run_leaves_nothing_behind(bench: Bench, engine: Engine) -> None:
    engine.script = silent
    probe = bench.build("service", container={"name": "api", "socket": str(engine.path)})
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    running = asyncio.create_task(run(probe))
    await eventually(lambda: engine.requests)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    # The engine's own end of the connection is one more, until it notices.
    assert len(os.listdir("/proc/self/fd")) <= files + 1
    assert threading.active_count() <= threads


@pytest.mark.parametrize("note", [{}, {"mark": 3}, {"mark": "a", "total": "x", "moments": []}])
async def test_a_note_of_another_shape_is_none(bench: Bench, unit: Callable[..., Any], note: dict[str, Any]) -> None:
    bench.tools = replace(bench.tools, note=note)
    assert (await unit({"NRestarts": "7"})).outcome is Outcome.PASS


def test_the_usual_rules_are_rules(tmp_path: Path) -> None:
    entry = {"name": "s", "kind": "service", "options": {"port": {"port": 80}}}
    [rule] = ConfigFolder(tmp_path).plan({"checks": [entry]}).checks[0].rules
    assert getattr(rule, "reading", "") == "restarts"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "one of systemd, supervisor, pm2, container and port"),
        ({"port": {"port": 80}, "pm2": {"name": "x"}}, "one of systemd"),
        ({"systemd": {"unit": "-H evil"}}, "the name of a unit"),
        ({"supervisor": {"name": "-c x"}}, "the name of a program"),
        ({"container": {"name": "../../images/json"}}, "the name or id of a container"),
        ({"port": {"port": 0}}, "greater than or equal to 1"),
    ],
)
def test_wrong_options_are_refused_with_what_is_expected(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("service", **options)
