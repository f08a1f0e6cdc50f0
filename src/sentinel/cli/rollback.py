"""`sentinel rollback`: undo a deployment, once, or say before what that would run."""

import shlex
from collections.abc import Iterator

import click

from sentinel.base.units import format_duration
from sentinel.cli import complete, options, wire
from sentinel.cli.deployment import environment, label, one, system, which
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.main import INTERRUPTED
from sentinel.cli.options import as_json, chosen_config, print_json
from sentinel.reports.text import clean, moment

#: States of a rollback of which nobody knows yet what comes of it.
_GOING = frozenset({"ordered", "started", "done"})


@click.command()
@options.config
@click.option("--quick", is_flag=True, help="To the version before.")
@click.option("--backup-id", metavar="ID", help="To this backup.")
@click.option("--reason", metavar="TEXT", help="Why; the stakeholders read it.")
@click.option(
    "--deployment",
    "number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    shell_complete=complete.deployments,
    help="Which. Default: the one that goes on, or else the last one.",
)
@system
@environment
@click.option("--dry-run", is_flag=True, help="Only say what would run.")
@click.option("--status", "asks_status", is_flag=True, help="Say how far the rollback is, and change nothing.")
@click.option("--follow/--no-follow", default=True, show_default=True, help="Wait until it ran and is verified.")
@by_option
@as_json
def rollback(
    quick: bool,
    backup_id: str | None,
    reason: str | None,
    number: int | None,
    system: str | None,
    environment: str | None,
    dry_run: bool,
    asks_status: bool,
    follow: bool,
    by: str | None,
    as_json: bool,
) -> int:
    """Undo a deployment: at most once, and verified afterwards.

    What is configured as its rollback runs, a command or a webhook. It is never run again by itself, whatever becomes of it.

    Exits with 0 when it ran and its checks pass, 1 when that failed or was refused, 3 while it goes on or is not known.

    \b
    Examples:
      sentinel rollback --quick --reason "payslips are wrong" --dry-run
      sentinel rollback --quick --reason "payslips are wrong"
      sentinel rollback --backup-id nightly-312 --reason "the migration lost rows"
      sentinel rollback --status
    """
    if asks_status:
        return _show_status(which(number, system), as_json=as_json)
    if quick == bool(backup_id):
        raise click.UsageError("say to where: --quick, which is the version before, or --backup-id ID")
    if not reason:
        raise click.UsageError("say why, with --reason TEXT")
    body = {"by": by or login_name(), "reason": reason, "quick": quick, "backup_id": backup_id or ""}
    body |= {"system": system or "", "environment": environment or "", "deployment": number or 0, "dry_run": dry_run}
    answer = wire.ask(chosen_config(), "/api/v1/rollbacks", body)
    if dry_run:
        return _show_dry_run(answer, as_json=as_json)
    return _followed(answer, as_json=as_json) if follow else _ordered(answer, as_json=as_json)


def _ordered(document: wire.Json, *, as_json: bool) -> int:
    if as_json:
        print_json(document)
    else:
        click.echo(f"{label(document)} is rolled back. `sentinel rollback --status` says how far that is.")
    return 0


def _followed(document: wire.Json, *, as_json: bool) -> int:
    from sentinel.cli.follow import Follower, is_ended

    number = document["line"]["id"]
    follower = Follower(chosen_config(), number, silent=as_json)
    follower.known(document)
    if not as_json:
        click.echo(f"{label(document)}: its rollback is ordered.")
    try:
        document = follower.until(is_ended)
    except KeyboardInterrupt:
        click.echo(
            f"{label(document)}: its rollback goes on. `sentinel rollback --status` says how far it is.", err=True
        )
        return INTERRUPTED
    if as_json:
        print_json(document)
    else:
        click.echo(f"{label(document)}: {clean(document['line']['ending'] or '').replace('_', ' ')}.")
    return 0 if document["line"]["ending"] == "rolled_back" else 1


# --- How far it is ----------------------------------------------------------------------------------------------------


def _show_status(number: int, *, as_json: bool) -> int:
    document = one(number)
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_status_lines(document)))
    return _status(document)


def _status(document: wire.Json) -> int:
    ending, order = document["line"]["ending"], document["rollback"]
    if not order:
        return 3
    if ending:
        return 0 if ending == "rolled_back" else 1
    return 3 if order["state"] in _GOING else 1


def _status_lines(document: wire.Json) -> Iterator[str]:
    order = document["rollback"]
    if not order:
        yield f"{label(document)} was not rolled back."
        return
    to = "to the version before" if order["quick"] else f"to the backup {clean(order['backup_id'])}"
    by = clean(order["by"]) or (f"the escalation of incident {order['incident']}" if order["incident"] else "Sentinel")
    yield f"{label(document)}: a rollback {to}, ordered by {by} at {moment(order['ordered_at']):%H:%M:%S} UTC."
    said, *more = order["text"].splitlines() or [""]
    yield f"  {clean(order['state'])}{f': {clean(said)}' if said else ''}"
    yield from (f"    {clean(written.expandtabs())}" for written in more)  # of what the command wrote
    if order["state"] == "ordered":
        yield f"  runs at {moment(order['runs_at']):%H:%M:%S} UTC; `sentinel deploy veto {document['line']['id']}` stops it"
    yield f"  {clean(document['line']['text'])}"


# --- What would run ---------------------------------------------------------------------------------------------------


def _show_dry_run(run: wire.Json, *, as_json: bool) -> int:
    if as_json:
        print_json(run)
    else:
        click.echo("\n".join(_dry_run_lines(run)))
    return 1 if run["refused"] else 0


def _dry_run_lines(run: wire.Json) -> Iterator[str]:
    number = f" (deployment {run['deployment']})" if run["deployment"] else ""
    what = f"The rollback of {clean(run['system'])}{number}"
    if run["refused"]:
        yield f"{what} would not run: {clean(run['refused'])}"
    else:
        yield f"{what} would run by the channel {clean(run['channel'])}, within {format_duration(run['timeout'])}:"
    if run["command"]:
        place = f"  (in {clean(run['folder'])})" if run["folder"] else ""
        yield f"  {clean(shlex.join(run['command']))}{place}"
    if run["url"]:
        yield f"  POST {clean(run['url'])}"
    if run["body"]:
        yield f"  {clean(run['body'])}"
    if run["environment"]:
        yield "with these variables:"
        yield from (f"  {clean(name)}={clean(shlex.quote(value))}" for name, value in run["environment"].items())
    if run["verify"]:
        yield f"Then these checks have to pass: {', '.join(map(clean, run['verify']))}."
    yield "Nothing was run."
