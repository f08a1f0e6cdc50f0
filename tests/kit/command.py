"""Running `sentinel` as a person does: a process with its own output, error output and exit status."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.kit.nursery import fork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


async def sentinel(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, within: float = 30.0
) -> Ended:
    """Run `sentinel` with these arguments to its end; killed, and an AssertionError, when that takes too long."""
    return await run(sys.executable, "-m", "sentinel", *arguments, env=env, cwd=cwd, within=within)


async def forked(*arguments: str | Path, env: Mapping[str, str] | None = None, within: float = 30.0) -> Ended:
    """The same without the time that loading it takes, for many tests of one command; one of them uses `sentinel`."""
    process = await fork(*map(str, arguments), env={**os.environ, **(env or {})}, apart=True)
    try:
        async with asyncio.timeout(within):
            out, err = await asyncio.gather(process.stdout.read(), process.stderr.read())
            code = await process.wait()
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        raise AssertionError(f"{arguments} still ran after {within} s") from None
    return Ended(code=code, out=out.decode(), err=err.decode())


async def run(
    *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, within: float = 30.0
) -> Ended:
    """Run a program to its end. `env` is added to this process's environment."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise AssertionError(f"{command} still ran after {within} s") from None
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())
