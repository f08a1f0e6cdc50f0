"""Other programs, run within bounds: no shell, a clean environment, a process group of their own, output up to a cap.

When the deadline comes, or the run is cancelled, the whole group is killed: a program that has started others leaves none of
them behind.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

#: Bytes that are kept of what a program writes, of standard output and of standard error; the rest is read and dropped.
OUTPUT_CAP = 256 * 1024

#: What a program knows of our environment; secrets of Sentinel's own stand in the rest.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")

#: Seconds that a killed group is waited for.
_REAP = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    status: int  # negative: the signal that ended it
    output: bytes
    errors: bytes  # what it wrote to standard error
    cut: bool  # whether it wrote more than was kept
    seconds: float


class ProgramFailed(Exception):
    """It did not run to its end. The text says why, and names nothing but the program."""


class ProgramMissing(ProgramFailed):
    """There is no such program."""


class ProgramForbidden(ProgramFailed):
    """Sentinel's user may not run it."""


class ProgramTimedOut(ProgramFailed):
    """It was not done by its deadline, and was killed."""


async def run_program(
    arguments: Sequence[str],
    deadline: float,
    *,
    environment: Mapping[str, str] | None = None,
    given: bytes = b"",
    folder: str | None = None,
    output_cap: int = OUTPUT_CAP,
    end_when_full: bool = False,
) -> Ended:
    """Run a program to its end.

    Args:
        arguments: the program, by its name in PATH or by its path, and what it is told. No shell reads them.
        deadline: by when it has to be done, on the running loop's clock.
        environment: variables besides those of `INHERITED`.
        given: what it can read from standard input.
        folder: where it runs; "/" when not given.
        output_cap: bytes that are kept of each of its two outputs.
        end_when_full: kill it once it has written more than that, instead of reading on to its end.

    Raises:
        ProgramFailed: it could not be started, or was not done in time.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with running_program(arguments, environment=environment, folder=folder) as process:
        try:
            async with asyncio.timeout_at(deadline):
                (output, cut), (errors, errors_cut), _ = await asyncio.gather(
                    _read(process.stdout, output_cap, process.pid if end_when_full else None),
                    _read(process.stderr, output_cap),
                    _feed(process.stdin, given),
                )
                status = await process.wait()
        except TimeoutError:
            raise ProgramTimedOut(f"{_name(arguments)} was not done after {deadline - began:.1f} s") from None
    return Ended(
        status=status, output=output, errors=errors, cut=cut or errors_cut, seconds=max(loop.time() - began, 0.0)
    )


@asynccontextmanager
async def running_program(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: str | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program to talk to by its pipes; its whole group is killed at the end of the block.

    Raises:
        ProgramFailed: it could not be started.
    """
    process = await _start(arguments, environment or {}, folder or "/")
    try:
        yield process
    finally:
        await _end(process)


async def _start(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> asyncio.subprocess.Process:
    known = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**known, **environment},
            cwd=folder,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError):
        raise ProgramMissing(f"there is no program {_name(arguments)}") from None
    except PermissionError:
        raise ProgramForbidden(f"Sentinel may not run {_name(arguments)}") from None
    except OSError as error:
        raise ProgramFailed(f"{_name(arguments)} could not be started: {error.strerror}") from None


async def _read(stream: asyncio.StreamReader | None, cap: int, ends: int | None = None) -> tuple[bytes, bool]:
    """What a stream holds, up to the cap, and whether there was more, which ends the group `ends`."""
    assert stream is not None
    kept, cut = bytearray(), False
    while chunk := await stream.read(65_536):
        room = cap - len(kept)
        cut = cut or len(chunk) > room
        kept += chunk[:room]
        if cut and ends is not None:
            _kill(ends)
    return bytes(kept), cut


async def _feed(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    assert stream is not None
    with contextlib.suppress(ConnectionError):  # it does not read what it is given
        if given and not stream.is_closing():  # uvloop raises RuntimeError for a write to a pipe that is closed
            stream.write(given)
            await stream.drain()
    stream.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the group, and collect the program itself."""
    _kill(process.pid)
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]  # nothing public closes pipes
    for descriptor in (0, 1, 2):
        # `wait` waits for the pipes' ends as well, and a pipe that nobody reads on never comes to its end.
        if pipe := transport.get_pipe_transport(descriptor):
            pipe.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP):
            await process.wait()
    transport.close()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _name(arguments: Sequence[str]) -> str:
    return os.path.basename(arguments[0])
