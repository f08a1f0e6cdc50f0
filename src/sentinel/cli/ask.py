"""Commands that ask a running daemon: outbox, reload."""

import click

from sentinel.base.errors import SentinelError
from sentinel.cli import options, wire
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports import text

#: Seconds that a reload may take: a large file, and a channel that leaves while it sends.
RELOAD_WITHIN = 30.0


class NotReloaded(SentinelError):
    """The daemon keeps its old configuration."""

    exit_code = 78
    hint = "`sentinel config check` tells everything that is wrong"


class NoneDead(wire.Refused):
    """None of the notifications that were named was given up."""

    hint = "`sentinel outbox --dead` lists them"


@click.group(invoke_without_command=True)
@options.config
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@as_json
@click.pass_context
def outbox(context: click.Context, dead: bool, as_json: bool) -> None:
    """List what was not delivered.

    That is: notifications that wait, that are being sent, and that were given up. Those of the last kind are dead: send them
    again with `redrive` once the channel is mended, or put them away with `drop`.

    \b
    Examples:
      sentinel outbox --dead
      sentinel outbox redrive --all
      sentinel outbox drop 7 9
    """
    if context.invoked_subcommand is not None:
        return
    answer = wire.ask(chosen_config(), "/api/v1/outbox" + ("?state=dead" if dead else ""))
    if as_json:
        print_json(answer)
    else:
        click.echo(text.outbox(answer["notifications"], text.moment(answer["at"]), look()), nl=False)


@outbox.command()
@options.config
@click.argument("ids", type=click.IntRange(min=1), nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@as_json
def redrive(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Send notifications again that were given up, under their old keys.

    \b
    Example:
      sentinel outbox redrive 7 9
    """
    answer = _turn_dead_ones("redrive", "redriven", ids, everything=everything)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['redriven']} will be sent again.")


@outbox.command()
@options.config
@click.argument("ids", type=click.IntRange(min=1), nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@as_json
def drop(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Put notifications away that were given up and that nobody needs any more.

    They stay in the record and warn no longer.

    \b
    Example:
      sentinel outbox drop 7 9
    """
    answer = _turn_dead_ones("drop", "dropped", ids, everything=everything)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['dropped']} {'was' if answer['dropped'] == 1 else 'were'} put away.")


def _turn_dead_ones(verb: str, done: str, ids: tuple[int, ...], *, everything: bool) -> wire.Json:
    if bool(ids) == everything:
        raise click.UsageError("name ids, or --all")
    answer = wire.ask(chosen_config(), f"/api/v1/outbox/{verb}", {"all": True} if everything else {"ids": list(ids)})
    if ids and not answer[done]:
        raise NoneDead("no such dead notification")
    return answer


@click.command()
@options.config
def reload() -> None:
    """Read the configuration again.

    A file that is wrong keeps the old configuration in force, and this exits with 78.

    \b
    Example:
      sentinel reload
    """
    try:
        wire.ask(chosen_config(), "/api/v1/reload", {}, patience=RELOAD_WITHIN)
    except wire.Refused as refused:
        raise NotReloaded(f"the old configuration stays in force: {refused}") from None
    click.echo("The new configuration is in force.")
