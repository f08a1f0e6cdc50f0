"""What the commands about silences and windows have in common: which checks, who and why, and times as people say them."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

import click

from sentinel.base.moments import read_moment
from sentinel.cli import complete
from sentinel.cli.incidents import by_option, login_name

Command = TypeVar("Command", bound=Callable[..., Any])

_CHECK_HELP = "Names of checks: `*` stands for any letters. Can be given several times, and so can the next two."


def which_checks(command: Command) -> Command:
    """Options that say which checks are meant, who says so, and why."""
    options = (
        click.option(
            "--check", "checks", multiple=True, metavar="NAME", shell_complete=complete.checks, help=_CHECK_HELP
        ),
        click.option(
            "--tag",
            "tags",
            multiple=True,
            metavar="TAG",
            shell_complete=complete.tags,
            help="Only checks with one of these tags.",
        ),
        click.option(
            "--kind", "kinds", multiple=True, metavar="KIND", help="Only checks of these kinds, such as http."
        ),
        click.option("--why", required=True, metavar="TEXT", help="Why; shown wherever it is."),
        by_option,
        click.option("--anyway", is_flag=True, help="Also when it means no check yet."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def asked(given: Mapping[str, Any], start: str | None) -> dict[str, Any]:
    """The body of a request.

    Args:
        given: the options of `which_checks`, and `lasts`.
        start: when it is to begin, as a person wrote it; None: now.
    """
    begins = {} if start is None else {"from": moment(start, _now()).isoformat()}
    return {
        **{name: list(given[name]) for name in ("checks", "tags", "kinds")},
        "by": given["by"] or login_name(),
        "why": given["why"],
        "for": given["lasts"],
        "anyway": given["anyway"],
        **begins,
    }


def moment(text: str, now: datetime) -> datetime:
    """`22:00` (the next time that it is so late), `2026-12-24 22:00`, both by the clock of this host, or a time with its zone.

    Args:
        text: what a person wrote.
        now: aware.

    Raises:
        UsageError: it is none of these.
    """
    try:
        found = _next(time.fromisoformat(text), now) if len(text) == len("22:00") else read_moment(text)
    except ValueError:
        expected = "such as 22:00, '2026-12-24 22:00' or 2026-12-24T22:00:00+01:00"
        raise click.UsageError(f"{text!r} is no time {expected}") from None
    return found if found.tzinfo is not None else found.astimezone()


def _next(at: time, now: datetime) -> datetime:
    """The next time of day `at` by the clock of this host; without a zone."""
    here = now.astimezone().replace(tzinfo=None)
    today = datetime.combine(here.date(), at)
    return today if today > here else today + timedelta(days=1)


def _now() -> datetime:
    from sentinel.base.clock import SystemClock

    return SystemClock().now()
