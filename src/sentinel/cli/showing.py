"""What the status can be asked to show, and how: the options of `sentinel --status` and of the command `status`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import click

from sentinel.cli import complete, options
from sentinel.reports import compact, text
from sentinel.reports.narrow import SEVERITIES, Wanted, narrowed

#: Seconds between two looks where --watch does not say.
WATCH_EVERY = 2.0

Command = TypeVar("Command", bound=Callable[..., Any])


class Asked(NamedTuple):
    """How the status is to be shown."""

    as_json: bool = False
    everything: bool = False
    compact: bool = False
    watch: float | None = None  # seconds between two looks; None: once
    wanted: Wanted = Wanted()

    def part(self, document: text.Json) -> text.Json:
        """What is wanted of a status."""
        return narrowed(document, self.wanted)

    def written(self, part: text.Json, style: text.Look) -> str:
        """It as text."""
        return compact.compact(part, style) if self.compact else text.status(part, style, everything=self.everything)


def _words(given: tuple[str, ...]) -> tuple[str, ...]:
    """Several may stand after one option, with commas between."""
    return tuple(word for part in given for word in part.split(",") if word)


def _states(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(word.strip().upper() for word in _words(given))
    for word in found:
        if word not in SEVERITIES:
            known = ", ".join(one.lower() for one in SEVERITIES)
            raise click.BadParameter(f"{word.lower()!r} is none of {known}")
    return found


_OPTIONS = (
    options.as_json,
    click.option("--all", "everything", is_flag=True, help="List every check, however many there are."),
    click.option(
        "--check", "checks", multiple=True, metavar="NAME", shell_complete=complete.checks,
        help="Only checks of this name; * stands for any letters. May be repeated, as the next three.",
    ),
    click.option(
        "--tag", "tags", multiple=True, metavar="TAG", shell_complete=complete.tags, help="Only checks with this tag."
    ),
    click.option(
        "--system", "systems", multiple=True, metavar="SYSTEM", shell_complete=complete.systems,
        help="Only checks of this system.",
    ),
    click.option(
        "--state", "states", multiple=True, metavar="STATE", callback=_states, shell_complete=complete.states,
        help="Only checks that are so now: critical, warning, unknown, ok.",
    ),
    click.option(
        "--watch", type=click.FloatRange(min=0.5, max=3600), is_flag=False, flag_value=WATCH_EVERY,
        metavar="[SECONDS]", help=f"Go on, and look again every so many seconds. Default: {WATCH_EVERY:g}.",
    ),
    click.option("--compact", is_flag=True, help="One to three lines, for the banner of a login. Always exits with 0."),
)  # fmt: skip


def showing(command: Command) -> Command:
    """Give a command the options that say what is shown and how; `asked` reads what they say."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked(said: Mapping[str, Any], names: tuple[str, ...] = ()) -> Asked:
    """What the options and the names of checks come to.

    Raises:
        UsageError: they contradict each other.
    """
    if said["as_json"] and (said["compact"] or said["watch"]):
        raise click.UsageError("--json stands without --compact and --watch")
    wanted = Wanted(
        names=(*names, *_words(said["checks"])),
        tags=_words(said["tags"]),
        systems=_words(said["systems"]),
        severities=said["states"],
    )
    return Asked(
        as_json=said["as_json"],
        everything=said["everything"],
        compact=said["compact"],
        watch=said["watch"],
        wanted=wanted,
    )
