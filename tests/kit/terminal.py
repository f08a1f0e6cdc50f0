"""A program at a real pseudo-terminal: what is on its screen, keys pressed in it, its size."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

#: Control sequences of terminals: CSI, OSC and the short ones (ECMA-48).
_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*(?:\x07|\x1b\\)|\x1b[@-_=>]")
_HOME = "\x1b[H"  # a program that draws the whole screen begins there


class Terminal:
    """One program at a terminal of its own; `async with` ends it."""

    def __init__(self, process: asyncio.subprocess.Process, ours: int, theirs: int) -> None:
        self._process, self._ours, self._theirs = process, ours, theirs
        self._before = termios.tcgetattr(theirs)
        self._changed = asyncio.Event()
        self.written = ""  # everything that came, codes included
        asyncio.get_running_loop().add_reader(ours, self._read)

    @classmethod
    async def sentinel(
        cls, *arguments: str | Path, size: tuple[int, int] = (24, 80), env: Mapping[str, str] | None = None
    ) -> Terminal:
        """Start `sentinel` with these arguments at a terminal of so many lines and columns."""
        ours, theirs = pty.openpty()
        _resize(theirs, size)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sentinel", *arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**_without_size(), "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        return cls(process, ours, theirs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def screen(self) -> str:
        """The text that was drawn last."""
        return _CODES.sub("", self.written.rpartition(_HOME)[2]).replace("\r", "")

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal has the settings that it had when the program started, the other screen and the cursor too."""
        left = self.written.rfind("\x1b[?1049l") >= self.written.rfind("\x1b[?1049h")
        shown = self.written.rfind("\x1b[?25h") >= self.written.rfind("\x1b[?25l")
        return left and shown and termios.tcgetattr(self._theirs) == self._before

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, lines: int, columns: int) -> None:
        """Change the size, as dragging a window does; the program gets a SIGWINCH."""
        _resize(self._ours, (lines, columns))

    def send(self, signal: int) -> None:
        self._process.send_signal(signal)

    async def shows(self, *texts: str, within: float = 15.0) -> str:
        """Wait until all of this is on the screen; answers the screen."""
        return await self.until(lambda screen: all(text in screen for text in texts), f"{texts} on", within)

    async def until(self, holds: Callable[[str], bool], what: str = "it on", within: float = 15.0) -> str:
        """Wait until it holds of the screen; answers the screen."""
        try:
            async with asyncio.timeout(within):
                while not holds(self.screen):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited for {what} the screen:\n{self.screen}") from None
        return self.screen

    async def ends(self, within: float = 15.0) -> int:
        """Wait for its end; answers the exit status."""
        async with asyncio.timeout(within):
            return await self._process.wait()

    def _read(self) -> None:
        self.written += os.read(self._ours, 1 << 16).decode(errors="replace")
        self._changed.set()


def _resize(terminal: int, size: tuple[int, int]) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


def _without_size() -> dict[str, Any]:
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
