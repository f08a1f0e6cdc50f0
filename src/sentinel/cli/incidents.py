"""Commands about incidents: incidents, incident, ack, unack, resolve, comment, assign."""

import os

import click

from sentinel.cli import complete, options, wire
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports import text

by_option = click.option("--by", metavar="NAME", help="Who you are. Default: your login name.")
number = click.argument("incident", type=click.IntRange(min=1), metavar="ID", shell_complete=complete.incidents)


@click.command()
@options.config
@click.option("--all", "everything", is_flag=True, help="Also those of the last 30 days that are over.")
@as_json
def incidents(everything: bool, as_json: bool) -> None:
    """List open incidents.

    \b
    Example:
      sentinel incidents --all
    """
    answer = wire.ask(chosen_config(), "/api/v1/incidents" + (f"?since={_a_month_ago()}" if everything else ""))
    if as_json:
        print_json(answer)
    else:
        click.echo(text.incidents(answer["incidents"], text.moment(answer["at"]), look()), nl=False)


@click.command()
@options.config
@number
@as_json
def incident(incident: int, as_json: bool) -> None:
    """Show one incident from beginning to end.

    That is: what happened, who did what, who was told, and how each delivery ended.

    \b
    Example:
      sentinel incident 12
    """
    from sentinel.reports.incident import as_text

    answer = wire.ask(chosen_config(), f"/api/v1/incidents/{incident}")
    if as_json:
        print_json(answer)
    else:
        click.echo(as_text(answer, look()), nl=False)


@click.command()
@options.config
@number
@click.option("--why", required=True, metavar="TEXT", help="What you know or do; everybody who was told reads it.")
@by_option
@click.option("--for", "hold", metavar="TIME", help="How long it holds, such as 2h. Default: as the policy says.")
@as_json
def ack(incident: int, why: str, by: str | None, hold: str | None, as_json: bool) -> None:
    """Take an incident.

    Its escalation stops, and everybody who was told learns who has it. Acknowledging it again takes it over from somebody
    else, or holds it for another time from now. One that is told of together with another one is taken with that.

    \b
    Examples:
      sentinel ack 12 --why "restarting the database" --for 1h
      sentinel ack 12 --why "the new disk comes at noon" --for 4h
    """
    row = _do(incident, "acknowledge", {"by": by, "why": why} | ({"for": hold} if hold else {}))
    if as_json:
        print_json(row)
        return
    until = text.moment(row["acknowledged_until"])
    click.echo(
        f"{_which(row)} is acknowledged by {text.clean(row['acknowledged_by'])} until {until:%Y-%m-%d %H:%M} UTC."
    )


@click.command()
@options.config
@number
@click.option("--why", required=True, metavar="TEXT", help="Why; everybody who was told reads it.")
@by_option
@as_json
def unack(incident: int, why: str, by: str | None, as_json: bool) -> None:
    """Give an incident back that somebody has taken.

    Its escalation goes on where it stopped.

    \b
    Example:
      sentinel unack 12 --why "not mine: it is the network"
    """
    row = _do(incident, "unacknowledge", {"by": by, "why": why})
    _say(row, "is nobody's again; its escalation goes on.", as_json=as_json)


@click.command()
@options.config
@number
@click.option("--why", required=True, metavar="TEXT", help="Why it is over; everybody who was told reads it.")
@by_option
@as_json
def resolve(incident: int, why: str, by: str | None, as_json: bool) -> None:
    """Say that an incident is over.

    Rarely needed: it is over by itself when its check is well. If the check goes on to fail, another incident opens.

    \b
    Example:
      sentinel resolve 12 --why "the bound was wrong and is mended"
    """
    row = _do(incident, "resolve", {"by": by, "why": why})
    _say(row, "is resolved.", as_json=as_json)


@click.command()
@options.config
@number
@click.argument("what", metavar="TEXT")
@by_option
@as_json
def comment(incident: int, what: str, by: str | None, as_json: bool) -> None:
    """Write something on the timeline of an incident, also of one that is over.

    \b
    Example:
      sentinel comment 12 "the disk was full since the log level was raised"
    """
    row = _do(incident, "comment", {"by": by, "text": what})
    _say(row, "has your comment on its timeline.", as_json=as_json)


@click.command()
@options.config
@number
@click.argument("to", metavar="NAME", required=False)
@click.option("--nobody", is_flag=True, help="It is nobody's any more.")
@by_option
@as_json
def assign(incident: int, to: str | None, nobody: bool, by: str | None, as_json: bool) -> None:
    """Say who is to see to an incident.

    Everybody who was told learns it. Nothing else changes: it escalates until somebody takes it.

    \b
    Example:
      sentinel assign 12 bob
    """
    if bool(to) == nobody:
        raise click.UsageError("name somebody, or --nobody")
    row = _do(incident, "assign", {"by": by, "to": to or ""})
    whom = text.clean(row["assigned_to"]) or "nobody"
    _say(row, f"is assigned to {whom}.", as_json=as_json)


def _do(incident: int, doing: str, asked: dict[str, str | None]) -> wire.Json:
    body = asked | {"by": asked["by"] or login_name()}
    return wire.ask(chosen_config(), f"/api/v1/incidents/{incident}/{doing}", body)


def _say(row: wire.Json, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        click.echo(f"{_which(row)} {what}")


def _which(row: wire.Json) -> str:
    return f"Incident {row['id']} ({text.clean(row['check'])})"


def _a_month_ago() -> str:
    from datetime import timedelta

    from sentinel.base.clock import SystemClock

    return f"{SystemClock().now() - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"


def login_name() -> str:
    """Who sits at the keyboard, through sudo too."""
    import getpass

    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise click.UsageError("this user has no name: say who you are with --by NAME") from error
