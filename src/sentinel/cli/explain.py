"""The command `explain`."""

import click

from sentinel.cli import complete, options, wire
from sentinel.cli.options import as_json, chosen_config, look, print_json


@click.command()
@options.config
@click.argument("what", metavar="CHECK|INCIDENT", shell_complete=complete.checks_or_incidents)
@as_json
def explain(what: str, as_json: bool) -> None:
    """Say why a check is as it is, and why people were told or not.

    That is: which rule saw which numbers beside which bounds, also those that are content or have seen too little; how far a
    trouble is on its way to an incident; what suppresses or delays it; and of an incident, what happened and who was told.

    \b
    Examples:
      sentinel explain payroll-api
      sentinel explain 12
    """
    from urllib.parse import quote

    from sentinel.reports.explanation import as_text

    answer = wire.ask(chosen_config(), f"/api/v1/explain/{quote(what, safe='')}")
    if as_json:
        print_json(answer)
    else:
        click.echo(as_text(answer, look()), nl=False)
