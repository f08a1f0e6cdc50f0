from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.command import Ended, sentinel
from tests.kit.scene import broken, check, history, well
from tests.kit.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Socket
    from tests.kit.monitor import StillMonitor


async def asked(monitor: StillMonitor, *arguments: str) -> Ended:
    return await sentinel("--config", monitor.plan.file, *arguments)


# --- A part -----------------------------------------------------------------------------------------------------------


async def test_a_part_is_shown_and_the_exit_status_is_its_own(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "--status", "--check", "hea*")
    assert (ended.code, "login" in ended.out) == (0, False)
    assert "1 of 2 checks are shown (hea*); the exit status is theirs." in ended.out


async def test_names_stand_behind_the_command(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "status", "login", "--state", "critical,warning", "--json")
    assert (ended.code, [row["name"] for row in ended.json()["checks"]]) == (2, ["login"])


async def test_a_state_that_there_is_not_is_misuse(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "--status", "--state", "purple")
    assert (ended.code, "none of critical" in ended.err) == (64, True)


# --- In a few lines ---------------------------------------------------------------------------------------------------


async def test_the_compact_form_is_one_line_and_never_fails(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "--status", "--compact")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("sentinel: 1 critical of 2 checks, 1 given up unsent; #12 login critical for 3 min")


async def test_the_compact_form_waits_less_than_a_second_for_a_daemon_that_hangs(hanging: Path) -> None:
    ended = await sentinel("--config", hanging, "--status", "--compact")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("sentinel: no answer, the daemon runs but did not answer within 0.7 s")


@pytest.mark.parametrize("content", ["{}", "no configuration"])
async def test_the_compact_form_says_so_where_no_daemon_runs(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.json").write_text(content)
    ended = await sentinel("--config", tmp_path / "c.json", "--status", "--compact")
    assert (ended.code, ended.err, ended.out.count("\n")) == (0, "", 1)


async def test_json_and_compact_contradict_each_other(monitor: StillMonitor) -> None:
    assert (await asked(monitor, "--status", "--compact", "--json")).code == 64


# --- Live -------------------------------------------------------------------------------------------------------------


async def test_a_watch_follows_what_happens_and_leaves_the_terminal_as_it_was(monitor: StillMonitor) -> None:
    async with await Terminal.sentinel("-c", monitor.plan.file, "--status", "--watch", "0.5") as terminal:
        await terminal.shows("login", "1 CRITICAL, 1 OK", "q ends")
        monitor.histories[1] = history(check("login"), [well()])
        await terminal.shows("2 OK")
        terminal.type("q")
        assert await terminal.ends() == 0
        assert terminal.is_as_before


async def test_a_watch_survives_a_restart_of_the_daemon(monitor: StillMonitor, server: Socket) -> None:
    async with await Terminal.sentinel("-c", monitor.plan.file, "--status", "--watch", "0.5") as terminal:
        await terminal.shows("1 CRITICAL, 1 OK")
        await server.stop()
        await terminal.shows("1 CRITICAL, 1 OK", "no answer since")
        await server.start()
        await terminal.until(lambda screen: "1 CRITICAL" in screen and "no answer" not in screen)
        terminal.type("\x03")  # Ctrl-C
        assert (await terminal.ends(), terminal.is_as_before) == (0, True)


async def test_a_watch_that_is_terminated_puts_the_terminal_back(monitor: StillMonitor) -> None:
    async with await Terminal.sentinel("-c", monitor.plan.file, "--status", "--watch") as terminal:
        await terminal.shows("q ends")
        terminal.send(signal.SIGTERM)
        assert (await terminal.ends(), terminal.is_as_before) == (128 + signal.SIGTERM, True)


async def test_a_watch_into_a_pipe_writes_a_block_for_each_change(monitor: StillMonitor) -> None:
    arguments = ("-m", "sentinel", "-c", str(monitor.plan.file), "--status", "--watch", "0.5", "--compact")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert (await process.stdout.readline()).startswith(b"sentinel: 1 critical of 2 checks")
        monitor.histories[1] = history(check("login"), [well()])
        assert await process.stdout.readline() == b"\n"
        assert (await process.stdout.readline()).startswith(b"sentinel: all well, 2 checks")
        process.send_signal(signal.SIGINT)
        assert await process.communicate() == (b"", b"")
    assert process.returncode == 0


async def test_no_colours_are_shown_where_nobody_wants_them(monitor: StillMonitor) -> None:
    arguments = ("-c", monitor.plan.file, "--status", "--watch")
    async with await Terminal.sentinel(*arguments, env={"NO_COLOR": "1"}) as terminal:
        await terminal.shows("1 CRITICAL")
        assert "\x1b[1;31m" not in terminal.written


async def test_a_terminal_that_cannot_draw_gets_blocks(monitor: StillMonitor) -> None:
    arguments = ("-c", monitor.plan.file, "--status", "--watch", "--compact")
    async with await Terminal.sentinel(*arguments, env={"TERM": "dumb"}) as terminal:
        await terminal.shows("sentinel: 1 critical of 2 checks")
        assert "\x1b" not in terminal.written


async def test_a_hostile_name_moves_no_cursor(monitor: StillMonitor) -> None:
    monitor.histories[1] = history(check("login", title="x"), [broken("\x1b[2Jgone\x1b]0;renamed\x07")] * 3)
    async with await Terminal.sentinel("-c", monitor.plan.file, "--status", "--watch") as terminal:
        await terminal.shows("gone")
        assert "\x1b[2Jgone" not in terminal.written
        assert "\x1b]0;" not in terminal.written
