"""The command `backtest`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sentinel.cli import options
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned
from sentinel.cli.progress import progress

if TYPE_CHECKING:
    from sentinel.core.plan import StorePlan


@click.command()
@options.config
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="How long ago it begins, such as 30d.")
@click.option(
    "--from",
    "recorded_by",
    metavar="CONFIG",
    type=click.Path(),
    help="Take the results that a Sentinel with this configuration has recorded. Default: those of the store of the file itself.",
)
@as_json
def backtest(since: str, recorded_by: str | None, as_json: bool) -> None:
    """Say which incidents a configuration would have opened.

    Its rules are run over the results that its store has recorded, or that of another configuration, and what they would have
    opened is shown beside what happened: as it was, new, or not opened at all. Nothing is written, and nobody is told. Only what
    was measured can be judged: readings and checks that are new have no past.

    \b
    Examples:
      sentinel backtest --config new.json --since 30d
      sentinel backtest --config new.json --from /etc/sentinel/monitoring_config.json
    """
    import asyncio

    from sentinel.app.backtest import backtest as run
    from sentinel.base.units import parse_duration
    from sentinel.reports.backtest import as_text

    try:
        length = parse_duration(since)
    except ValueError:
        raise click.UsageError(f"{since!r} is no duration such as 7d or 12h") from None
    if not length:
        raise click.UsageError("--since has to be longer than nothing")
    with planned(lenient=True) as plan, _recorded(recorded_by), progress("Judging") as advance:
        tried = plan if recorded_by is None else replace(plan, store=_store_of(recorded_by))
        document = asyncio.run(run(tried, length, advance)).to_json()
    if as_json:
        print_json(document)
    else:
        click.echo(as_text(document, look()), nl=False)


def _store_of(config: str) -> "StorePlan":
    """Where a Sentinel with that configuration records.

    Raises:
        ConfigError: the file cannot be used.
    """
    import os
    from pathlib import Path

    from sentinel.app.plans import load_plan

    return load_plan(Path(config).absolute(), os.environ, lenient=True).store


@contextmanager
def _recorded(config: str | None) -> Iterator[None]:
    """Say how to go on where a file that is tried has no store of its own yet."""
    from sentinel.base.errors import StoreUnavailable

    try:
        yield
    except StoreUnavailable as error:
        if config is None and not error.hint:
            error.hint = "name the configuration of the Sentinel that has recorded results: --from CONFIG"
        raise
