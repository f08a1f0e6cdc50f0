"""A terminal's keys, one by one as they are pressed, and what else wakes a screen: its size, a thread that has something new."""

import os
import re
import select
import signal
import sys
import termios
import tty
from collections import deque
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

#: What terminals send for keys without a letter (xterm's control sequences; VT100 in application mode has `O` for `[`).
_NAMES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\x1b[5~": "page up", "\x1b[6~": "page down",
    "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end",
    "\x1b": "escape", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x04": "quit",
    "\x0c": "redraw",
}  # fmt: skip

_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|.", re.DOTALL)

#: Bytes read at once. More is pasted text, and its rest comes next time.
AT_ONCE = 1024

#: That end a program in good order: an exit status of 128 + n, as shells have it.
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def keys(typed: str) -> list[str]:
    """The keys of what a terminal sent: letters as themselves, others by name; sequences that mean nothing here are left out."""
    found = (_NAMES.get(part, part) for part in _KEY.findall(typed))
    return [key for key in found if key in _NAMES.values() or key.isprintable()]


class Keyboard:
    """The keys of this process's terminal. However this ends, the terminal is then as it was before.

    While it lasts, signals that end the process raise SystemExit where they find it, so that everything is put back; Ctrl-Z
    does nothing, since the shell would be left with a screen that is not its own. For the main thread only.
    """

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: list[Any] = []
        self._handlers: dict[signal.Signals, Any] = {}
        self._pressed: deque[str] = deque()
        self._waking, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._former_fd = -1

    def __enter__(self) -> Self:
        if self._terminal is not None:
            self._before = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal)
        self._former_fd = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._handle(signal.SIGWINCH, _do_nothing)
        self._handle(signal.SIGTSTP, signal.SIG_IGN)
        for ending in _ENDING:
            self._handle(ending, _end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        waking, wake = self._waking, self._wake
        self._waking = self._wake = -1
        os.close(waking)
        os.close(wake)

    def wake(self) -> None:
        """End the wait for a key; from any thread, also when it is over."""
        with suppress(OSError):  # full: it wakes anyway; closed: nobody waits
            os.write(self._wake, b"\0")

    def key(self, within: float) -> str:
        """The next key, or nothing: after so many seconds, when the size changed, when `wake` was called."""
        if not self._pressed:
            self._pressed.extend(self._listen(within))
        return self._pressed.popleft() if self._pressed else ""

    def _listen(self, within: float) -> list[str]:
        watched = [self._waking] if self._terminal is None else [self._waking, self._terminal]
        ready, _, _ = select.select(watched, [], [], within)
        if self._waking in ready:
            os.read(self._waking, AT_ONCE)
        if self._terminal not in ready or self._terminal is None:
            return []
        try:
            typed = os.read(self._terminal, AT_ONCE)
        except OSError:  # the terminal is gone
            typed = b""
        return keys(typed.decode(errors="ignore")) if typed else ["quit"]

    def _handle(self, number: signal.Signals, handler: Any) -> None:
        self._handlers[number] = signal.signal(number, handler)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler of Python's would not wake anybody."""


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
