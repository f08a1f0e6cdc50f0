"""`sentinel --status`, which is the command `status`: how everything is, or a part of it, once or live."""

from pathlib import Path
from typing import Any

import click

from sentinel.base.errors import NotRunning, SentinelError, StoreError
from sentinel.cli import complete, options, wire
from sentinel.cli.options import chosen_config, look, print_json
from sentinel.cli.planning import planned
from sentinel.cli.showing import Asked, asked, showing
from sentinel.reports import compact

#: Exit status by severity, as Nagios plug-ins have it.
EXIT = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}

#: Seconds after which the compact form says that nobody answered: a login waits for it.
COMPACT_WITHIN = 0.7


@click.command()
@options.config
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.checks)
@showing
def status(names: tuple[str, ...], **said: Any) -> int:
    """Say how everything is.

    That is: checks, open incidents, messages that wait, and Sentinel itself. Exits with 0 when all is well, 1 for a warning,
    2 when something is critical, 3 when it is unknown or no daemon runs; then the store is asked for what it remembers.

    A NAME may be a pattern such as 'payroll-*'. Where only a part is shown, the exit status is that of the part.

    --compact is for the banner of a login: it answers within a second, whatever the daemon does, and always exits with 0.
    --watch goes on until q or Ctrl-C, also while the daemon is away; into a file or pipe it writes one block per change.

    \b
    Examples:
      sentinel --config monitoring_config.json --status
      sentinel --status --tag payroll --state warning,critical
      sentinel status 'payroll-*' --watch
      sentinel --status --compact
    """
    return show(asked(said, names))


def show(how: Asked) -> int:
    """Print the status as it was asked for; answers the exit status."""
    if how.watch is not None:
        from sentinel.cli.watch import watch

        return watch(chosen_config(), how.watch, how)
    return _show_compactly(how) if how.compact else _show_once(how, chosen_config())


def _show_compactly(how: Asked) -> int:
    """Never fails: a login must not end because a monitor does not answer."""
    try:
        document = wire.ask(chosen_config(), "/api/v1/status", within=COMPACT_WITHIN)
    except SentinelError as error:
        click.echo(compact.silent(str(error).splitlines()[0]), nl=False)
    else:
        click.echo(how.written(how.part(document), look()), nl=False)
    return 0


def _show_once(how: Asked, config: Path) -> int:
    try:
        document = wire.ask(config, "/api/v1/status")
    except wire.NotAllowed:
        raise
    except NotRunning as error:
        click.echo(f"sentinel: {error}", err=True)
        document = _remembered()
    part = how.part(document)
    if how.as_json:
        print_json(part)
    else:
        click.echo(how.written(part, look()), nl=False)
    return EXIT[part["overall"]]


def _remembered() -> wire.Json:
    """What the store says of a monitor that does not run."""
    import asyncio

    from sentinel.app.once import status_from_store

    try:
        with planned(lenient=True) as plan:
            return asyncio.run(status_from_store(plan)).to_json()
    except StoreError as error:
        raise NotRunning(f"and its store cannot be read either: {error}") from error
