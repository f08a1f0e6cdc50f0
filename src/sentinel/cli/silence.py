"""Commands about silences: silence, silence add, silence end, silence extend."""

from typing import Any

import click

from sentinel.cli import options, quiet, wire
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports import quiet_text, text

_number = click.argument("silence", type=click.IntRange(min=1), metavar="ID")


@click.group(invoke_without_command=True)
@options.config
@click.option("--all", "everything", is_flag=True, help="Also those that ended within 90 days.")
@as_json
@click.pass_context
def silence(context: click.Context, everything: bool, as_json: bool) -> None:
    """List silences.

    That is: whom nobody is told of for a while, because somebody knows of the trouble. It is still measured, and whoever heard
    of it hears that it is over.

    \b
    Examples:
      sentinel silence
      sentinel silence add --check "payroll-*" --for 2h --why "the move of the database"
      sentinel silence end 3
    """
    if context.invoked_subcommand is not None:
        return
    answer = wire.ask(chosen_config(), "/api/v1/silences" + ("?all=true" if everything else ""))
    if as_json:
        print_json(answer)
    else:
        click.echo(quiet_text.silences(answer["silences"], text.moment(answer["at"]), look()), nl=False)


@silence.command()
@options.config
@quiet.which_checks
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=click.Choice(["warning", "critical"]),
    help="Only incidents as bad as that. Default: all.",
)
@click.option("--for", "lasts", required=True, metavar="TIME", help="How long, such as 2h or 3d.")
@click.option(
    "--from", "start", metavar="TIME", help="From when on, such as 22:00 or '2026-12-24 22:00'. Default: now."
)
@as_json
def add(severities: tuple[str, ...], start: str | None, as_json: bool, **given: Any) -> None:
    """Tell nobody of some checks for a while.

    All conditions that are given must hold. When the silence ends, what is still bad is told then.

    \b
    Examples:
      sentinel silence add --check payroll-api --for 2h --why "the vendor mends it"
      sentinel silence add --tag hr --severity warning --for 3d --why "slow until the new disk is there"
    """
    body = quiet.asked(given, start) | {"severities": list(severities)}
    row = wire.ask(chosen_config(), "/api/v1/silences", body)
    begins = f"to come at {text.moment(row['starts_at']):%Y-%m-%d %H:%M} UTC"
    _say(row, "in force" if row["course"] == "active" else begins, as_json=as_json)


@silence.command()
@options.config
@_number
@by_option
@as_json
def end(silence: int, by: str | None, as_json: bool) -> None:
    """End a silence before its time.

    What it muted and is still bad is told now.

    \b
    Example:
      sentinel silence end 3
    """
    row = wire.ask(chosen_config(), f"/api/v1/silences/{silence}/end", {"by": by or login_name()})
    _say(row, "ended", as_json=as_json)


@silence.command()
@options.config
@_number
@by_option
@click.option("--for", "longer", required=True, metavar="TIME", help="How much longer, such as 1h.")
@as_json
def extend(silence: int, by: str | None, longer: str, as_json: bool) -> None:
    """Have a silence end later.

    \b
    Example:
      sentinel silence extend 3 --for 1h
    """
    asked = {"by": by or login_name(), "for": longer}
    row = wire.ask(chosen_config(), f"/api/v1/silences/{silence}/extend", asked)
    _say(row, "extended", as_json=as_json)


def _say(row: wire.Json, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        click.echo(quiet_text.silence_done(row, done), nl=False)
