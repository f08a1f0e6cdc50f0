"""Following a deployment that the daemon goes on with: what happens to it, as it happens.

The daemon watches, judges and rolls back, whoever looks. A command that is left changes nothing, and a daemon that is restarted
meanwhile is waited for.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

from sentinel.base.clock import SystemClock
from sentinel.base.errors import NotRunning, SentinelError
from sentinel.base.units import format_duration
from sentinel.cli import wire
from sentinel.cli.deployment import PATH
from sentinel.cli.options import look
from sentinel.reports import deployment_text
from sentinel.reports.text import Look, clean, moment

#: Seconds that a daemon which does not answer is waited for: it may be restarted, and bring its store up to date.
PATIENCE: Final = 300.0

#: Seconds between two tries.
PAUSE: Final = 1.0

#: Seconds for which the daemon keeps a question that nothing has answered yet. Where somebody looks on it is asked each second,
#: as a time that stands still looks like a program that does.
QUIETLY: Final = 20
LOOKED_AT: Final = 1

#: Seconds for an answer beyond those.
TO_ANSWER: Final = 10.0

#: Exit statuses by how a deployment ended; any other is 1, and 3 says that nobody knows.
_ENDED: Final = {"passed": 0, "inconclusive": 3, "unwatched": 3}
_JUDGED: Final = {"pass": 0, "fail": 1}


def exit_status(document: wire.Json) -> int:
    """0: it passed; 1: it failed, whatever was done about it; 3: it was inconclusive, or nobody knows yet."""
    line = document["line"]
    if line["ending"]:
        return _ENDED.get(line["ending"], 1)
    return 1 if line["phase"] not in ("under_way", "watching") else _JUDGED.get(line["verdict"] or "", 3)


def is_ended(document: wire.Json) -> bool:
    """Whether nothing more comes."""
    return bool(document["line"]["phase"] == "ended")


def is_judged(document: wire.Json) -> bool:
    """Whether its watch is over, though it may still be rolled back."""
    return document["line"]["phase"] not in ("under_way", "watching")


class Follower:
    """Prints what happens to a deployment: a line for each thing, and on a terminal one that says how far it is.

    Args:
        config: of the daemon.
        number: of the deployment.
        silent: print nothing on standard output.
    """

    def __init__(self, config: Path, number: int, *, silent: bool = False) -> None:
        self._config, self._number, self._silent = config, number, silent
        self._clock = SystemClock()
        self._look = look()
        self._told: set[tuple[str, str, str]] = set()
        self._points = 0  # judgements that were printed
        self._lost_at: float | None = None  # steady clock; None while the daemon answers

    def known(self, document: wire.Json) -> None:
        """Leave out what was before this; points of a watch that goes on are told."""
        self._told.update(map(_key, document["timeline"]))

    def until(self, is_over: Callable[[wire.Json], bool]) -> wire.Json:
        """Follow it to that moment; its document then.

        Raises:
            NotRunning, NotAnswering: no daemon answered for PATIENCE.
            Refused: there is no such deployment.
        """
        edition = self._edition(0, 1)
        with _Line() as line:
            while True:
                document = self._asked(f"{PATH}/{self._number}", TO_ANSWER, line)
                self._tell(document, line)
                if is_over(document):
                    return document
                edition = self._next(edition, document, line)

    def _next(self, edition: int, document: wire.Json, line: "_Line") -> int:
        """The next edition, once there is one."""
        while True:
            line.show(going(document, self._clock.now()))
            found = self._edition(edition, LOOKED_AT if line.is_seen else QUIETLY, line)
            if found != edition:
                return found

    def _edition(self, seen: int, within: int, line: "_Line | None" = None) -> int:
        target = f"{PATH}/{self._number}/changes?seen={seen}&within={within}"
        found: int = self._asked(target, within + TO_ANSWER, line)["edition"]
        return found

    # --- Asking -----------------------------------------------------------------------------------------------------

    def _asked(self, target: str, patience: float, line: "_Line | None" = None) -> wire.Json:
        while True:
            try:
                answer = wire.ask(self._config, target, patience=patience)
            except wire.NotAllowed:
                raise
            except (NotRunning, wire.NotAnswering, wire.Refused) as error:
                self._bear(error, line)
            else:
                self._answered(line)
                return answer

    def _bear(self, error: SentinelError, line: "_Line | None") -> None:
        """Wait a moment, unless it was too long already, or waiting is of no use."""
        now = time.monotonic()
        if isinstance(error, wire.Refused) and error.status != wire.UNAVAILABLE:
            raise error
        if self._lost_at is None:
            self._lost_at = now
            self._print(["the daemon does not answer; it is asked again"], line, aside=True)
        if now - self._lost_at > PATIENCE:
            raise error
        threading.Event().wait(PAUSE)

    def _answered(self, line: "_Line | None") -> None:
        if self._lost_at is not None:
            self._lost_at = None
            self._print(["the daemon answers again"], line, aside=True)

    # --- Telling ----------------------------------------------------------------------------------------------------

    def _tell(self, document: wire.Json, line: "_Line") -> None:
        self._print(list(self._news(document)), line)

    def _news(self, document: wire.Json) -> Iterator[str]:
        """What was not told yet; in place of a line that a point was judged, the point with its figures."""
        began = moment(document["line"]["started_at"])
        new = [entry for entry in document["timeline"] if _key(entry) not in self._told]
        points = iter(document["judgements"][self._points :])
        for entry in new:
            if entry["kind"] != "judged":
                yield from entry_text(entry, began, self._look)
            elif point := next(points, None):
                yield from deployment_text.point(point, self._look)
        for point in points:
            yield from deployment_text.point(point, self._look)
        self._told.update(map(_key, new))
        self._points = len(document["judgements"])

    def _print(self, lines: list[str], line: "_Line | None", *, aside: bool = False) -> None:
        if line is not None and lines:
            line.clear()
        for text in lines if aside or not self._silent else ():
            click.echo(text, err=aside)


def entry_text(entry: wire.Json, began: datetime, style: Look) -> Iterator[str]:
    """A line of the timeline: when, what, and by whom."""
    at = moment(entry["at"])
    by = f" by {entry['by']}" if entry["by"] else ""
    took = f" ({format_duration(entry['took'])})" if entry["took"] is not None else ""
    said = f": {entry['text']}" if entry["text"] else ""
    first = f"{at:%H:%M:%S}  {deployment_text.since_start(at, began):<5} "
    words = f"{entry['kind'].replace('_', ' ')}{by}{said}{took}"
    lines = style.paragraph(words, len(first))
    yield first + lines[0][len(first) :]
    yield from lines[1:]


def going(document: wire.Json, now: datetime) -> str:
    """How far it is, in one line."""
    line, number = document["line"], document["line"]["id"]
    name = f"{clean(line['system'])} {clean(line['version'])}"
    match line["phase"]:
        case "watching":
            began, ends = moment(document["watch_began_at"]), moment(document["watch_ends_at"])
            far = f"{_span(began, now)} of {_span(began, ends)}"
            upcoming = document["next_point_at"]
            next_one = f", judged next in {_span(now, moment(upcoming))}" if upcoming else ""
            return f"{name} is watched: {far}{next_one}. Ctrl-C leaves it to the daemon."
        case "proposed":
            left = _span(now, moment(document["rollback"]["runs_at"]))
            return f"{name} is rolled back in {left}; `sentinel deploy veto {number} --why …` stops that."
        case "rolling_back":
            return f"{name} is rolled back."
        case "verifying":
            return f"The rollback of {name} is verified."
        case _:
            return f"{name}: {clean(line['phase']).replace('_', ' ')}"


def _span(since: datetime, until: datetime) -> str:
    return format_duration(max(0, round((until - since).total_seconds())))


def _key(entry: wire.Json) -> tuple[str, str, str]:
    return entry["at"], entry["kind"], entry["text"]


class _Line:
    """A line at the foot of a terminal that is written over; nothing at all where nobody looks at it."""

    def __init__(self) -> None:
        self.is_seen = sys.stderr.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str) -> None:
        if self.is_seen:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            # Back to the beginning of the line, and nothing behind the text (ECMA-48: CR, EL).
            click.echo(f"\r{text[: max(width - 1, 1)]}\x1b[K", nl=False, err=True, color=True)
            self._is_shown = True

    def clear(self) -> None:
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True, color=True)
            self._is_shown = False
