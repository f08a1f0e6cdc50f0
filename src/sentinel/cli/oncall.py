"""`sentinel oncall`: who is on call, and who stands in for whom."""

from typing import TYPE_CHECKING

import click

from sentinel.cli import options, wire
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.options import as_json, chosen_config, look, print_json

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@click.group(invoke_without_command=True)
@options.config
@as_json
@click.pass_context
def oncall(context: click.Context, as_json: bool) -> None:
    """Say who is on call now and next.

    \b
    Examples:
      sentinel oncall
      sentinel oncall override --schedule primary --person anna --for 8h --why "swapped with ben"
      sentinel oncall end 3
    """
    if context.invoked_subcommand is not None:
        return
    answer = wire.ask(chosen_config(), "/api/v1/on-call")
    if as_json:
        print_json(answer)
        return
    from sentinel.reports.on_call import on_call_text

    click.echo(on_call_text(answer, look()), nl=False)


@oncall.command()
@options.config
@click.option("--schedule", required=True, metavar="NAME", help="Of which schedule.")
@click.option("--person", required=True, metavar="NAME", help="Who is on call instead.")
@click.option("--from", "since", metavar="TIME", help="From when, such as 2026-12-24T09:00. Default: now.")
@click.option("--to", "until", metavar="TIME", help="Until when.")
@click.option("--for", "lasts", metavar="TIME", help="How long, such as 8h, instead of --to.")
@click.option("--why", required=True, metavar="TEXT", help="Why; whoever looks at the schedule reads it.")
@by_option
@as_json
def override(
    schedule: str,
    person: str,
    since: str | None,
    until: str | None,
    lasts: str | None,
    why: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Have somebody stand in.

    While it lasts that person is on call in place of whoever it would be. Times are local to the zone of the schedule unless
    they name their own, as in 2026-12-24T09:00Z. What overlaps: the latest counts.

    \b
    Examples:
      sentinel oncall override --schedule primary --person anna --for 8h --why "swapped with ben"
      sentinel oncall override --schedule primary --person anna --from 2026-12-24T09:00 --to 2026-12-27T09:00 --why holidays
    """
    asked = {"schedule": schedule, "person": person, "why": why, "by": by or login_name()}
    asked |= {"to": _end(since, until, lasts)} | ({"from": _time("--from", since).isoformat()} if since else {})
    made = wire.ask(chosen_config(), "/api/v1/on-call/overrides", asked)
    if as_json:
        print_json(made)
    else:
        times = f"from {made['starts_at'][:16].replace('T', ' ')} to {made['ends_at'][:16].replace('T', ' ')} UTC"
        click.echo(f"{made['person']} stands in on {made['schedule']} {times} (override {made['id']}).")


@oncall.command()
@options.config
@click.argument("override", type=click.IntRange(min=1), metavar="ID")
@by_option
@as_json
def end(override: int, by: str | None, as_json: bool) -> None:
    """End an override before its time.

    Whoever it would be is on call again. One of the configuration is ended there.

    \b
    Example:
      sentinel oncall end 3
    """
    ended = wire.ask(chosen_config(), f"/api/v1/on-call/overrides/{override}/end", {"by": by or login_name()})
    if as_json:
        print_json(ended)
    else:
        click.echo(f"Override {ended['id']} ({ended['person']} on {ended['schedule']}) is ended.")


def _end(since: str | None, until: str | None, lasts: str | None) -> str:
    if (until is None) == (lasts is None):
        raise click.UsageError("say when it ends: --to TIME or --for TIME")
    if until is not None:
        return _time("--to", until).isoformat()
    return (_start(since) + _duration(lasts or "")).isoformat()


def _duration(text: str) -> "timedelta":
    from sentinel.base.units import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--for: {text!r} is not {error}") from None


def _start(since: str | None) -> "datetime":
    from sentinel.base.clock import SystemClock

    return _time("--from", since) if since else SystemClock().now()


def _time(name: str, text: str) -> "datetime":
    from sentinel.base.moments import read_moment

    try:
        return read_moment(text)
    except ValueError:
        raise click.UsageError(f"{name}: {text!r} is no time such as 2026-12-24T09:00") from None
