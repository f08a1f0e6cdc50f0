"""The command `backtest`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from sentinel.cli import options
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned


@click.command()
@options.config
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="How long ago it begins, such as 30d.")
@as_json
def backtest(since: str, as_json: bool) -> None:
    """Say which incidents a configuration would have opened.

    Its rules are run over the results that its store has recorded, and what they would have opened is shown beside what
    happened: as it was, new, or not opened at all. Nothing is written, and nobody is told. Only what was measured can be judged:
    readings and checks that are new have no past.

    \b
    Example:
      sentinel backtest --config new.json --since 30d
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
    with planned(lenient=True) as plan, _progress() as progress:
        document = asyncio.run(run(plan, length, progress)).to_json()
    if as_json:
        print_json(document)
    else:
        click.echo(as_text(document, look()), nl=False)


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """A bar on a terminal's standard error; nothing where nobody looks at it."""
    import sys

    shown = 0.0
    with click.progressbar(length=1000, label="Judging", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def advance(share: float) -> None:
            nonlocal shown
            bar.update(round(share * 1000) - round(shown * 1000))
            shown = share

        yield advance
