from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kit.monitor import StillMonitor


async def on_a_terminal(monitor: StillMonitor, **environment: str) -> str:
    """What `--status` writes when its output is a terminal."""
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sentinel", "--config", monitor.plan.file, "--status"),
        stdout=slave,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "", "COLUMNS": "", **environment},
    )
    async with asyncio.timeout(20):
        await process.wait()
    os.close(slave)
    written = os.read(master, 65536).decode()
    os.close(master)
    return written


async def test_a_terminal_gets_colours(monitor: StillMonitor) -> None:
    assert "\x1b[1;31mCRITICAL\x1b[0m" in await on_a_terminal(monitor)


async def test_no_color_and_a_dumb_terminal_turn_colours_off(monitor: StillMonitor) -> None:
    assert "\x1b" not in await on_a_terminal(monitor, NO_COLOR="1")
    assert "\x1b" not in await on_a_terminal(monitor, TERM="dumb")


async def test_the_table_fits_the_columns_of_the_terminal(monitor: StillMonitor) -> None:
    written = await on_a_terminal(monitor, NO_COLOR="1", COLUMNS="50")
    table = written.split("Checks")[1].split("Telling")[0]
    assert max(map(len, table.splitlines())) <= 50
