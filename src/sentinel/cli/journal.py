"""`sentinel journal`: who had Sentinel do what, and whether anybody has changed what is written about it."""

from datetime import UTC
from typing import TYPE_CHECKING

import click

from sentinel.base.errors import SentinelError
from sentinel.base.units import parse_duration
from sentinel.cli import options
from sentinel.cli.options import as_json, print_json
from sentinel.cli.planning import planned
from sentinel.core.access import Via
from sentinel.core.journal import START
from sentinel.reports import text

if TYPE_CHECKING:
    from sentinel.reports.journal import JournalLine


class NotADuration(SentinelError):
    """What was given is no time."""

    exit_code = 64
    hint = "such as 12h, 7d or 4w"


@click.group(invoke_without_command=True)
@options.config
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="How far back, such as 12h or 30d.")
@click.option("--by", default="", metavar="NAME", help="Only what this person or program did.")
@as_json
@click.pass_context
def journal(context: click.Context, since: str, by: str, as_json: bool) -> None:
    """List what people and programs had Sentinel do.

    It reads the store, whether Sentinel runs or not.

    \b
    Examples:
      sentinel journal --since 30d --by ann
      sentinel journal verify
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from sentinel.app import chronicle

    try:
        last = parse_duration(since)
    except (ValueError, OverflowError):
        raise NotADuration(f"--since {since!r} is no duration") from None
    with planned(lenient=True) as plan:
        lines = asyncio.run(chronicle.entries(plan, last, by))
    if as_json:
        print_json({"entries": [line.to_json() for line in lines]})
    else:
        click.echo("\n".join(map(_line, lines)) or "Nothing is in the journal of that time.")


@journal.command()
@options.config
@as_json
def verify(as_json: bool) -> int:
    """Go along the chain, and say where it breaks.

    Every entry is chained to the one before it by a key that does not stand in the store. Exits with 0 when the chain is whole,
    else with 1.

    \b
    Example:
      sentinel journal verify
    """
    import asyncio

    from sentinel.app import chronicle
    from sentinel.core.journal import Break

    with planned(lenient=True) as plan:
        found = asyncio.run(chronicle.verified(plan))
    if isinstance(found, Break):
        if as_json:
            print_json({"whole": False, "breaks_at": found.number, "why": found.why})
        else:
            click.echo(f"The journal breaks at entry {found.number}: {found.why}.")
        return 1
    if as_json:
        print_json({"whole": True, "entries_until": found.number})
    else:
        click.echo(f"The journal is whole, up to entry {found.number}.")
    return 0


def _line(entry: "JournalLine") -> str:
    who = text.clean(entry.who)
    detail = f" ({text.clean(entry.detail)})" if entry.detail else ""
    if entry.action == START:
        told = f"{who} {entry.what}"
    else:
        way = f" by {entry.via}" if entry.via != Via.HOST.value else ""
        told = f"{who}{way}: {entry.what} {text.clean(entry.subject)}".rstrip()
    return f"{entry.number:>6}  {entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {told}{detail}"
