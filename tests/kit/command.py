"""Running `sentinel` as a person does: a process with its own output, error output and exit status."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
