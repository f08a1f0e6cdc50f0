"""`sentinel --status --watch`: the status that stays on the screen, or its changes one after the other in a file or pipe."""

import os
import select
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli.options import look
from sentinel.cli.poll import Poll, Seen
from sentinel.cli.showing import Asked
from sentinel.reports.text import Look, clean

if TYPE_CHECKING:
    from rich.text import Text

#: Seconds between two looks at whether anybody reads the pipe.
LISTENED = 1.0


def watch(config: Path, every: float, how: Asked) -> int:
    """Show the status until somebody has seen enough; answers 0.

    Args:
        config: of the daemon; it may come and go.
        every: seconds between two looks.
        how: it is shown.

    Raises:
        NotAllowed: the daemon is somebody else's.
    """
    with suppress(KeyboardInterrupt):
        (_on_screen if is_screen() else _as_blocks)(config, every, how)
    return 0


def is_screen() -> bool:
    """Whether standard output is a terminal on which something can be drawn over."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _on_screen(config: Path, every: float, how: Asked) -> None:
    from rich.console import Console
    from rich.live import Live

    from sentinel.cli.keyboard import Keyboard

    console = Console(highlight=False)
    with (
        Keyboard() as keyboard,
        Live(console=console, screen=True, auto_refresh=False) as live,
        Poll(config, every, keyboard.wake) as poll,
    ):
        while True:
            live.update(_screen(_part(poll.seen, how), how, console.height, every), refresh=True)
            if keyboard.key(every) in ("q", "Q", "quit"):
                return


def _part(seen: Seen, how: Asked) -> Seen:
    """What was asked for of what is known: a change elsewhere is none."""
    return replace(seen, document=how.part(seen.document)) if seen.document else seen


def _screen(seen: Seen, how: Asked, height: int, every: float) -> "Text":
    """What fits: the most urgent comes first, and the last line says how to leave."""
    from rich.text import Text

    style = look()
    lines = how.written(seen.document, style).splitlines() if seen.document else []
    room = max(1, height - 2)
    below = f"{len(lines) - room} more lines · " if len(lines) > room else ""
    foot = clean(seen.complaint) if seen.complaint else f"{below}every {every:g} s · q ends"
    text = Text.from_ansi("\n".join(lines[:room]), no_wrap=True, overflow="crop")
    return text + Text.from_ansi("\n" * (room - len(lines[:room]) + 1)) + Text(f"\n{foot}", style=_foot(seen, style))


def _foot(seen: Seen, style: Look) -> str:
    if not style.colour:
        return ""
    return "bold yellow" if seen.complaint else "dim"


def _as_blocks(config: Path, every: float, how: Asked) -> None:
    """One block for each change, with an empty line between; as long as somebody reads."""
    new = threading.Event()
    before: object = None
    with Poll(config, every, new.set) as poll:
        while _is_read():
            if not new.wait(LISTENED):
                continue
            new.clear()
            seen = _part(poll.seen, how)
            if essence(seen) != before:
                click.echo(_block(seen, how, first=before is None), nl=False)
                before = essence(seen)


def _block(seen: Seen, how: Asked, *, first: bool) -> str:
    shown = (
        f"{clean(seen.complaint)}\n" if seen.complaint or seen.document is None else how.written(seen.document, Look())
    )
    return shown if first else f"\n{shown}"


def essence(seen: Seen) -> object:
    """What makes two looks different: how things are, not for how long or by which values."""
    if seen.lost_at or seen.document is None:
        return ("lost", seen.lost_at)
    document = seen.document
    checks = frozenset((row["name"], row["severity"], row["overdue"], row["quiet"]) for row in document["checks"])
    incidents = frozenset(
        (row["id"], row["severity"], row["phase"], row["level"], row["acknowledged_by"])
        for row in document["incidents"]
    )
    telling = (document["outbox"]["dead"], tuple(document["outbox"]["errors"]), bool(document["store_problem"]))
    return (document["overall"], checks, incidents, telling, document["started_at"], document["fingerprint"])


def _is_read() -> bool:
    """Whether the other end of the pipe is still there; a file always is."""
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    return not any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in asked.poll(0))
