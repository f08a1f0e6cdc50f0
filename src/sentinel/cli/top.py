"""The command `top`: a full screen of what is wrong, alive, with keys."""

import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import click

from sentinel.base.errors import SentinelError
from sentinel.cli import browsing, options, wire
from sentinel.cli.browsing import Acknowledge, Explain, Leave, List, Mode, View
from sentinel.cli.incidents import login_name
from sentinel.cli.options import chosen_config

#: Seconds between two looks. The daemon makes one status for everybody who asks within a second.
EVERY = 1.0

#: What an errand changes about what is looked at.
News = Callable[[View], View]


@click.command()
@options.config
def top() -> int:
    """Show what is wrong on the whole screen, live.

    Open incidents come first, then all checks by urgency, lateness or response time. Keys: up and down (or k and j) choose,
    Enter explains, a takes an incident and asks why, / filters by a part of a name, s sorts, c lists channels, o what was not
    delivered, q ends.

    The daemon may come and go meanwhile. Into a pipe `sentinel --status --watch` writes.

    \b
    Example:
      sentinel top --config /etc/sentinel/monitoring_config.json
    """
    from sentinel.cli.watch import is_screen

    if not (sys.stdin.isatty() and is_screen()):
        raise click.UsageError("top needs a terminal; `sentinel --status --watch` goes into a pipe")
    with suppress(KeyboardInterrupt):
        _run(chosen_config())
    return 0


def _run(config: Path) -> None:
    from rich.console import Console
    from rich.live import Live

    from sentinel.cli.keyboard import Keyboard
    from sentinel.cli.panels import draw
    from sentinel.cli.poll import Poll

    console, view = Console(highlight=False), View()
    with (
        Keyboard() as keyboard,
        Live(console=console, screen=True, auto_refresh=False) as live,
        Poll(config, EVERY, keyboard.wake) as poll,
    ):
        errands = Errands(config, keyboard.wake)
        while True:
            view = errands.told(view)
            live.update(draw(poll.seen, view, console.height, console.width), refresh=True)
            view, deed = browsing.press(view, keyboard.key(EVERY), browsing.rows(poll.seen.document, view))
            match deed:
                case Leave():
                    return
                case Explain(what):
                    errands.explain(what, console.width)
                case List(what):
                    errands.show(what, console.width)
                case Acknowledge(incident, why):
                    errands.acknowledge(incident, why, poll.now)
                case None:
                    pass


class Errands:
    """Things that a daemon is asked to do or to say, each on a thread of its own: keys are heard meanwhile."""

    def __init__(self, config: Path, tell: Callable[[], None]) -> None:
        self._config, self._tell = config, tell
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()

    def told(self, view: View) -> View:
        """The view after everything that has ended meanwhile."""
        with suppress(queue.Empty):
            while True:
                view = self._news.get_nowait()(view)
        return view

    def explain(self, what: str, width: int) -> None:
        """Have it explained on a page."""
        self._go(lambda: self._explained(what, width))

    def show(self, what: str, width: int) -> None:
        """Have a list shown on a page."""
        self._go(lambda: self._listed(what, width))

    def acknowledge(self, incident: int, why: str, after: Callable[[], None]) -> None:
        """Take an incident as whoever sits here; `after` is called when that is done."""
        self._go(lambda: self._acknowledged(incident, why, after))

    def _explained(self, what: str, width: int) -> News:
        from sentinel.reports.explanation import as_text
        from sentinel.reports.text import Look

        answer = wire.ask(self._config, f"/api/v1/explain/{quote(what, safe='')}", within=wire.TO_READ)
        return _reading(as_text(answer, Look(width=width)))

    def _listed(self, what: str, width: int) -> News:
        from sentinel.reports import channels, text

        answer = wire.ask(self._config, f"/api/v1/{what}", within=wire.TO_READ)
        now, style = text.moment(answer["at"]), text.Look(width=width)
        if what == "channels":
            return _reading(channels.as_text(answer["channels"], now, style))
        return _reading(text.outbox(answer["notifications"], now, style))

    def _acknowledged(self, incident: int, why: str, after: Callable[[], None]) -> News:
        try:
            by = login_name()
        except click.UsageError as error:
            return _saying(error.message)
        target = f"/api/v1/incidents/{incident}/acknowledge"
        wire.ask(self._config, target, {"by": by, "why": why}, within=wire.TO_CHANGE)
        after()
        return _saying(f"#{incident} is yours, {by}")

    def _go(self, work: Callable[[], News]) -> None:
        threading.Thread(target=self._do, args=(work,), name="errand", daemon=True).start()

    def _do(self, work: Callable[[], News]) -> None:
        try:
            news = work()
        except SentinelError as error:
            news = _saying(str(error).splitlines()[0])
        self._news.put(news)
        self._tell()


def _reading(text: str) -> News:
    page = tuple(text.splitlines())
    # Whoever types meanwhile is not interrupted.
    return lambda view: replace(view, mode=Mode.PAGE, page=page, scrolled=0) if view.mode is Mode.LIST else view


def _saying(text: str) -> News:
    return lambda view: replace(view, said=text)
