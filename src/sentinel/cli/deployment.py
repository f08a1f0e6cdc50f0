"""What the commands about deployments have in common: which one is meant, and how it is asked for."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import click

from sentinel.cli import complete, wire
from sentinel.cli.incidents import login_name
from sentinel.cli.options import chosen_config, print_json
from sentinel.reports.text import clean

PATH: Final = "/api/v1/deployments"

number = click.argument(
    "number", type=click.IntRange(min=1), required=False, metavar="[NUMBER]", shell_complete=complete.deployments
)
system = click.option(
    "--system", metavar="NAME", shell_complete=complete.deployed, help="Which, where several are configured."
)
environment = click.option(
    "--environment", metavar="NAME", help="Refuse unless this is the environment that is watched."
)


def which(number: int | None, system: str | None) -> int:
    """The number of the deployment that is meant: the one that goes on, else the last one.

    Raises:
        Refused: there is none.
        UsageError: there are several.
    """
    if number is not None:
        return number
    rows = wire.ask(chosen_config(), f"{PATH}/current" + (f"?system={quote(system)}" if system else ""))["deployments"]
    if not rows:
        refused = wire.Refused(f"nothing of {system} was deployed yet" if system else "nothing was deployed yet")
        refused.hint = "`sentinel deploy start VERSION` begins a deployment"
        raise refused
    return _only([row for row in rows if row["phase"] != "ended"] or rows)


def _only(rows: Sequence[wire.Json]) -> int:
    if len(rows) > 1:
        known = ", ".join(f"{row['id']} ({clean(row['system'])} {clean(row['version'])})" for row in rows)
        raise click.UsageError(f"say which deployment, by its number or by --system: {known}")
    found: int = rows[0]["id"]
    return found


def one(number: int) -> wire.Json:
    """Everything that is known of a deployment."""
    return wire.ask(chosen_config(), f"{PATH}/{number}")


def do(number: int, doing: str, by: str | None, **asked: object) -> wire.Json:
    """Have something done to a deployment; its document afterwards. What was not asked for is left out."""
    body = {"by": by or login_name()} | {key: value for key, value in asked.items() if value}
    return wire.ask(chosen_config(), f"{PATH}/{number}/{doing}", body)


def label(document: wire.Json) -> str:
    """Such as `Deployment 12 (payroll 2.4.1)`."""
    line = document["line"]
    return f"Deployment {line['id']} ({clean(line['system'])}{' ' if line['version'] else ''}{clean(line['version'])})"


def say(document: wire.Json, what: str, *, as_json: bool) -> None:
    """Print what was done to a deployment."""
    if as_json:
        print_json(document)
    else:
        click.echo(f"{label(document)} {what}")
