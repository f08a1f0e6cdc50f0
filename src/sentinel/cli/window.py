"""Commands about windows: window, window start, window plan, window extend, window end."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click

from sentinel.cli import complete, options, quiet, wire
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports import quiet_text, text

Command = TypeVar("Command", bound=Callable[..., Any])


def _what_is_expected(command: Command) -> Command:
    """Options of every window."""
    given = (
        quiet.which_checks,
        click.option("--for", "lasts", required=True, metavar="TIME", help="How long, such as 30m."),
        click.option(
            "--expect-down", is_flag=True, help="Down is what is expected: point out what is up all the time."
        ),
        click.option("--title", metavar="TEXT", help="What people call it."),
        click.option(
            "--announce",
            "channels",
            multiple=True,
            metavar="CHANNEL",
            shell_complete=complete.channels,
            help="Tell this channel of it.",
        ),
        click.option("--update-every", metavar="TIME", help="Tell it how it goes so often, such as 15m."),
        click.option("--public", is_flag=True, help="Announce it on the public status page."),
        click.option("--public-text", metavar="TEXT", help="With these words, which are public."),
        as_json,
    )
    for option in reversed(given):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@options.config
@click.option("--all", "everything", is_flag=True, help="Also the times that were over within 90 days.")
@as_json
@click.pass_context
def window(context: click.Context, everything: bool, as_json: bool) -> None:
    """List windows, with their next times.

    That is: times in which trouble of some checks is expected. They are still measured, and nothing opens. When a window ends,
    each check is looked at, and what is still bad is told at once.

    \b
    Examples:
      sentinel window
      sentinel window start --check "payroll-*" --for 30m --expect-down --why "new version"
      sentinel window plan --tag hr --at 22:00 --for 1h --why "move of the database"
      sentinel window extend 7 --for 30m
      sentinel window end 7
    """
    if context.invoked_subcommand is not None:
        return
    answer = wire.ask(chosen_config(), "/api/v1/windows" + ("?all=true" if everything else ""))
    if as_json:
        print_json(answer)
    else:
        shown = quiet_text.windows(answer["windows"], answer["past"], text.moment(answer["at"]), look())
        click.echo(shown, nl=False)


@window.command()
@options.config
@_what_is_expected
def start(**given: Any) -> None:
    """Begin a window now.

    \b
    Example:
      sentinel window start --check "payroll-*" --for 1h --announce mail --update-every 15m --why "new version"
    """
    _plan(None, given, {}, "open")


@window.command()
@options.config
@click.option("--at", "start", required=True, metavar="TIME", help="When, such as 22:00 or '2026-12-24 22:00'.")
@click.option("--before", metavar="TIME", help="Announce it so long before, such as 1h.")
@_what_is_expected
def plan(start: str, before: str | None, **given: Any) -> None:
    """Plan a window that is to come.

    \b
    Example:
      sentinel window plan --tag hr --at 22:00 --for 1h --announce mail --before 2h --why "move of the database"
    """
    _plan(start, given, {"before": before} if before else {}, "planned")


@window.command()
@options.config
@click.argument("window", metavar="ID")
@by_option
@as_json
def end(window: str, by: str | None, as_json: bool) -> None:
    """End a window before its time, or call off one that was planned.

    A window of the configuration comes again at its next time.

    \b
    Example:
      sentinel window end 7
    """
    _do(window, "end", {"by": by or login_name()}, "ended", as_json=as_json)


@window.command()
@options.config
@click.argument("window", metavar="ID")
@by_option
@click.option("--for", "longer", required=True, metavar="TIME", help="How much longer, such as 30m.")
@as_json
def extend(window: str, by: str | None, longer: str, as_json: bool) -> None:
    """Have a window end later that was planned or started by command.

    \b
    Example:
      sentinel window extend 7 --for 30m
    """
    _do(window, "extend", {"by": by or login_name(), "for": longer}, "extended", as_json=as_json)


def _do(window: str, doing: str, body: wire.Json, done: str, *, as_json: bool) -> None:
    if "/" in window:
        raise click.UsageError(f"{window!r} is the id of no window: `sentinel window` lists them")
    _say(wire.ask(chosen_config(), f"/api/v1/windows/{quote(window)}/{doing}", body), done, as_json=as_json)


def _plan(start: str | None, given: dict[str, Any], more: wire.Json, done: str) -> None:
    body = quiet.asked(given, start) | {
        "expect_down": given["expect_down"],
        "channels": list(given["channels"]),
        "public": given["public"],
        **more,
    }
    for key in ("title", "update_every", "public_text"):
        if given[key]:
            body[key] = given[key]
    _say(wire.ask(chosen_config(), "/api/v1/windows", body), done, as_json=given["as_json"])


def _say(row: wire.Json, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        click.echo(quiet_text.window_done(row, done), nl=False)
