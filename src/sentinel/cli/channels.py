"""Commands about channels: channels, veto."""

import click

from sentinel.cli import options, wire
from sentinel.cli.incidents import by_option, login_name, number
from sentinel.cli.options import as_json, chosen_config, look, print_json


@click.command()
@options.config
@as_json
def channels(as_json: bool) -> None:
    """Say how each channel does.

    That is: when something last went through it, for how long it has failed and why, how many messages its budget has left,
    and when it is proved by a canary.

    \b
    Example:
      sentinel channels
    """
    from sentinel.reports.channels import as_text
    from sentinel.reports.text import moment

    answer = wire.ask(chosen_config(), "/api/v1/channels")
    if as_json:
        print_json(answer)
    else:
        click.echo(as_text(answer["channels"], moment(answer["at"]), look()), nl=False)


@click.command()
@options.config
@number
@click.option("--why", required=True, metavar="TEXT", help="Why; everybody who was told of the incident reads it.")
@by_option
@as_json
def veto(incident: int, why: str, by: str | None, as_json: bool) -> None:
    """Stop a command before it runs, such as a roll-back that was announced.

    The incident goes on and escalates as before. Acknowledging it stops its command, too.

    \b
    Example:
      sentinel veto 12 --why "the release is not to blame"
    """
    answer = wire.ask(chosen_config(), f"/api/v1/incidents/{incident}/veto", {"by": by or login_name(), "why": why})
    if as_json:
        print_json(answer)
    else:
        many = "Its command" if answer["stopped"] == 1 else f"Its {answer['stopped']} commands"
        click.echo(f"{many} will not run. Incident {incident} goes on.")
