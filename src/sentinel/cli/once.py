"""Commands that do something once, by themselves: run checks, send a test, make a report."""

from typing import TYPE_CHECKING

import click

from sentinel.base.errors import NotRunning
from sentinel.cli import complete, options, wire
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from sentinel.app.once import Told
    from sentinel.app.reporting import WrittenReport
    from sentinel.core.calendar import Period
    from sentinel.core.check import Check
    from sentinel.core.plan import Plan


@click.command()
@options.config
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.checks)
@click.option(
    "--tag",
    "-t",
    "tags",
    multiple=True,
    metavar="TAG",
    shell_complete=complete.tags,
    help="Only checks with this tag; may be repeated.",
)
@as_json
def check(names: tuple[str, ...], tags: tuple[str, ...], as_json: bool) -> int:
    """Run checks once, now. Nothing is stored, nobody is told.

    A scenario that makes something is run by the daemon, if there is one, so that two runs never meet; that run counts as any
    other.

    Exits with 0 when all is well, 1 for a warning, 2 when something is critical, 3 when something could not be judged.

    \b
    Examples:
      sentinel check
      sentinel check health --json
      sentinel check --tag smoke
    """
    from sentinel.app import once
    from sentinel.core.rule import Severity

    with planned() as plan:
        _refuse_unknown("check", names, [check.name for check in plan.checks])
        ran = _run(plan, once.choose(plan, names, tags))
    if not ran:
        raise click.UsageError(f"no check has the tag {' or '.join(tags)}" if tags else "there are no checks")
    severities = {severity.label: severity for severity in Severity}
    ran.sort(key=lambda one: (-severities[one["severity"]].urgency, one["name"]))
    worst = severities[ran[0]["severity"]]
    if as_json:
        print_json({"overall": worst.label, "checks": ran})
    else:
        _print_runs(ran)
    return int(worst)


def _run(plan: "Plan", chosen: "list[Check]") -> list[wire.Json]:
    """Run checks, by the daemon where they make something and there is one; answers the documents of their runs."""
    import asyncio

    from sentinel.app import once
    from sentinel.reports.status import run_line

    by_daemon = {check.name: line for check in chosen if once.makes(check) and (line := _run_by_daemon(plan, check))}
    ran = asyncio.run(once.check_once(plan, [check for check in chosen if check.name not in by_daemon]))
    return [*by_daemon.values(), *(run_line(*one).to_json() for one in ran)]


def _run_by_daemon(plan: "Plan", check: "Check") -> wire.Json | None:
    """The document of a run by the daemon; None when none runs."""
    from urllib.parse import quote

    patience = check.timeout.total_seconds() * 2 + wire.TO_CHANGE
    try:
        return wire.ask(plan.file, f"/api/v1/checks/{quote(check.name, safe='')}/run", {}, patience=patience)
    except wire.NotAllowed:
        raise
    except NotRunning:
        return None


def _print_runs(ran: list[wire.Json]) -> None:
    from sentinel.reports import text

    style = look()
    names = max(len(one["name"]) for one in ran)
    for one in ran:
        measured = style.paragraph(text.readings(one), 12 + names)
        if one["severity"] == "OK":
            said, below = "".join(measured[:1]).lstrip(), measured[1:]
        else:
            said, below = _cleaned(one["explanation"]), measured + style.paragraph(one["hint"], 12 + names)
        click.echo(f"{style.severity(one['severity'], 8)}  {one['name'].ljust(names)}  {said}".rstrip())
        for part in below:
            click.echo(style.dim(part))


@click.command("test-alert")
@options.config
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...", shell_complete=complete.channels)
@as_json
def test_alert(channels: tuple[str, ...], as_json: bool) -> int:
    """Send a test message.

    It is marked as a test and goes through every channel, or through those that are named. Exits with 0 when every receiver
    took it.

    \b
    Example:
      sentinel test-alert email
    """
    import asyncio

    from sentinel.app import once

    with planned() as plan:
        _refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        told = asyncio.run(once.test_alert(plan, channels))
    if not told:
        raise click.UsageError("there are no channels")
    return _print_told(told, as_json=as_json)


def _print_told(told: "list[Told]", *, as_json: bool) -> int:
    """Print how each attempt ended; answers 0 when all were taken."""
    from sentinel.core.notification import Sent

    rows = [
        {
            "channel": one.channel,
            "recipient": one.recipient,
            "outcome": type(one.outcome).__name__.lower(),
            "cause": "" if isinstance(one.outcome, Sent) else one.outcome.cause.value,
            "detail": "" if isinstance(one.outcome, Sent) else one.outcome.detail,
        }
        for one in told
    ]
    if as_json:
        print_json({"sent": rows})
    else:
        for row in rows:
            click.echo(_cleaned(" ".join(part for part in row.values() if part)))
    return 0 if all(isinstance(one.outcome, Sent) for one in told) else 2


@click.command()
@options.config
@click.option("--since", default="24h", metavar="TIME", show_default=True, help="A duration back from now, or a date.")
@click.option("--until", metavar="TIME", help="Likewise; at most now, which is the default.")
@click.option("--send", "channels", multiple=True, metavar="CHANNEL", help="Send it there too; may be repeated.")
@click.option("--folder", type=click.Path(file_okay=False), metavar="FOLDER", help="Where to write it.")
@as_json
def report(since: str, until: str | None, channels: tuple[str, ...], folder: str | None, as_json: bool) -> int:
    """Write a report of any period.

    It comes from the store, whether a daemon runs or not, and lands in the reports folder as HTML and JSON.

    \b
    Examples:
      sentinel report --since 7d --send email
      sentinel report --since 2026-11-01 --until 2026-12-01
    """
    with planned(lenient=not channels) as plan:
        _refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        _have_it_written_down(plan)
        zone = next((scheduled.zone for scheduled in plan.reports), "UTC")
        written = _write(plan, _period(since, until, zone), zone, folder)
        _print_report(written, as_json=as_json)
        return _send(plan, written, channels) if channels else 0


def _have_it_written_down(plan: "Plan") -> None:
    """Ask a running daemon to commit the figures of the last minutes; without one the store has all there is."""
    import contextlib

    with contextlib.suppress(NotRunning, wire.NotAnswering, wire.Refused):
        wire.ask(plan.file, "/api/v1/write-down", {})


def _write(plan: "Plan", period: "Period", zone: str, folder: str | None) -> "WrittenReport":
    import asyncio
    from pathlib import Path

    from sentinel.app.once import make_report

    return asyncio.run(make_report(plan, "on-demand", period, zone, Path(folder) if folder else None))


def _print_report(written: "WrittenReport", *, as_json: bool) -> None:
    from sentinel.reports import render

    if as_json:
        click.echo(render.as_json(written.document), nl=False)
    else:
        click.echo(written.text)
        click.echo("\n".join(f"written: {file}" for file in written.files))


def _send(plan: "Plan", written: "WrittenReport", channels: tuple[str, ...]) -> int:
    import asyncio

    from sentinel.app.once import send_report

    return _print_told(asyncio.run(send_report(plan, written, channels)), as_json=False)


def _period(since: str, until: str | None, zone_name: str) -> "Period":
    from zoneinfo import ZoneInfo

    from sentinel.base.clock import SystemClock
    from sentinel.core.calendar import Period

    now, zone = SystemClock().now(), ZoneInfo(zone_name)
    first = _moment(since, now, zone)
    # A report of this month may be asked for before it is over.
    last = min(_moment(until, now, zone), now) if until else now
    if not first < last:
        raise click.UsageError("--since has to be before --until, and before now")
    return Period(
        key=f"{first.astimezone(zone):%Y-%m-%dT%H%M}--{last.astimezone(zone):%Y-%m-%dT%H%M}", since=first, until=last
    )


def _moment(text: str, now: "datetime", zone: "tzinfo") -> "datetime":
    """A duration back from now, or a date or time; local to the zone of the reports unless it names its own."""
    from datetime import UTC, datetime

    from sentinel.base.units import parse_duration

    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} is neither a duration such as 24h nor a date such as 2026-11-01") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _refuse_unknown(what: str, names: tuple[str, ...], known: list[str]) -> None:
    import difflib

    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"
            raise click.UsageError(f"no {what} is called {name!r}; {hint}")


def _cleaned(line: str) -> str:
    from sentinel.reports.text import clean

    return clean(line)
