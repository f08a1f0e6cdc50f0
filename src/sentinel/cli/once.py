"""Commands that do something once, by themselves: run checks, send a test."""

from typing import TYPE_CHECKING

import click

from sentinel.base.errors import NotRunning
from sentinel.cli import complete, options, wire
from sentinel.cli.noting import note
from sentinel.cli.options import as_json, look, print_json
from sentinel.cli.planning import planned
from sentinel.cli.progress import progress

if TYPE_CHECKING:
    from sentinel.app.once import Told
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
        refuse_unknown("check", names, [check.name for check in plan.checks])
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
    by_hand = [check for check in chosen if check.name not in by_daemon]
    with progress("Checking") as advance:
        ran = asyncio.run(once.check_once(plan, by_hand, advance))
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
        refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        note("test-alert", channels)
        told = asyncio.run(once.test_alert(plan, channels))
    if not told:
        raise click.UsageError("there are no channels")
    return print_told(told, as_json=as_json)


def print_told(told: "list[Told]", *, as_json: bool) -> int:
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


def refuse_unknown(what: str, names: tuple[str, ...], known: list[str]) -> None:
    import difflib

    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"
            raise click.UsageError(f"no {what} is called {name!r}; {hint}")


def _cleaned(line: str) -> str:
    from sentinel.reports.text import clean

    return clean(line)
