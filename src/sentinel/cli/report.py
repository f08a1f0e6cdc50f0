"""Commands about reports: make one, list what was made, compare files with their checksums."""

from typing import TYPE_CHECKING

import click

from sentinel.base.errors import NotRunning
from sentinel.cli import complete, options, wire
from sentinel.cli.noting import note
from sentinel.cli.once import print_told, refuse_unknown
from sentinel.cli.options import as_json, print_json
from sentinel.cli.planning import planned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from sentinel.app.reporting import WrittenReport
    from sentinel.core.calendar import Period
    from sentinel.core.plan import Plan, ReportPlan
    from sentinel.reports.forms.shelf import Verified

#: Reports that can be asked for though none of that name is configured.
_USUAL = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}

#: The name of a report that has none.
_UNNAMED = "on-demand"

#: Letters of a name that says what a report is about; files are named after it.
_LONGEST = 60

_FORMS = ("html", "pdf", "json", "csv", "markdown")
_CONTENTS = ("operations", "audit", "hipaa")


_verbose = click.option("--verbose", "-v", is_flag=True, help="Name each file that was written.")


class _Reports(click.Group):
    """A group that makes a report where no command is named: `sentinel report weekly`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        words = [word for word in args if not word.startswith("-")]
        asks_help = bool(args) and args[0] in context.help_option_names
        if not asks_help and not any(word in self.commands for word in words[:2]):
            args = ["make", *args]
        return super().parse_args(context, args)


@click.group(cls=_Reports)
@options.config
def report() -> None:
    """Make reports, list them, and check their files.

    Without a command it makes one: `sentinel report` is short for `sentinel report make`.

    \b
    Examples:
      sentinel report weekly --form pdf
      sentinel report --since 7d --mail email
      sentinel report verify
    """


@report.command()
@options.config
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--period", metavar="PERIOD", help="Such as 2026-11-21, 2026-W47, 2026-11, 2026-Q4 or 2026.")
@click.option("--since", metavar="TIME", help="A duration back from now, or a date. Without a name: the last 24 hours.")
@click.option("--until", metavar="TIME", help="Likewise; at most now, which is the default.")
@click.option("--content", "contents", multiple=True, type=click.Choice(_CONTENTS), help="What it is about.")
@click.option("--form", "forms", multiple=True, type=click.Choice(_FORMS), help="In which form; may be repeated.")
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Only this check; * stands for any letters.")
@click.option("--tag", "-t", "tags", multiple=True, metavar="TAG", help="Only checks with this tag; may be repeated.")
@click.option("--system", "systems", multiple=True, metavar="SYSTEM", help="Only checks of this system.")
@click.option(
    "--mail",
    "--send",
    "channels",
    multiple=True,
    metavar="CHANNEL",
    shell_complete=complete.channels,
    help="Send it there, too.",
)
@click.option("--folder", type=click.Path(file_okay=False), metavar="FOLDER", help="Where to write it.")
@_verbose
@as_json
def make(
    name: str | None,
    period: str | None,
    since: str | None,
    until: str | None,
    contents: tuple[str, ...],
    forms: tuple[str, ...],
    checks: tuple[str, ...],
    tags: tuple[str, ...],
    systems: tuple[str, ...],
    channels: tuple[str, ...],
    folder: str | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Make a report of any period.

    It comes from the store, whether a daemon runs or not, and lands in the reports folder. With the NAME of a configured report
    it is made as configured, of its last finished period unless another is given. The same report again changes nothing; one
    that says something else becomes the next revision beside the first.

    Exits with 0 when it was written, 2 when a receiver did not take it, 74 when it could not be written as a whole.

    \b
    Examples:
      sentinel report daily
      sentinel report monthly --period 2026-11 --content hipaa --form pdf
      sentinel report --since 2026-11-01 --until 2026-12-01 --form csv --folder /srv/audit
    """
    with planned(lenient=not channels) as plan:
        refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        asked = _asked(plan, name, contents, forms, channels)
        asked = _narrowed(asked, checks, tags, systems)
        span = _period(asked, name, period, since, until)
        have_it_written_down(plan)
        written = _make(plan, asked, span, folder)
        print_written(written, as_json=as_json, verbose=verbose)
        status = send_written(plan, written, channels) if channels else 0
        return 74 if written.problem else status


def _asked(
    plan: "Plan", name: str | None, contents: tuple[str, ...], forms: tuple[str, ...], channels: tuple[str, ...]
) -> "ReportPlan":
    """The report that is meant: the configured one of that name, changed as far as the command line says."""
    from dataclasses import replace

    from sentinel.core.form import Form
    from sentinel.core.plan import Content, ReportPlan

    configured = {one.name: one for one in plan.reports}
    zone = next((one.zone for one in plan.reports), "UTC")
    if name is not None and name not in configured:
        refuse_unknown("report", (name,), [*configured, *_USUAL])
    usual = ReportPlan(name=name or _UNNAMED, every=_USUAL.get(name or "", "day"), at="00:00", zone=zone)
    found = replace(configured.get(name or "", usual), channels=channels)
    if contents and (chosen_contents := tuple(dict.fromkeys(map(Content, contents)))) != found.contents:
        found = replace(found, name=_named(found.name, chosen_contents), contents=chosen_contents)
    if forms:
        chosen = tuple(dict.fromkeys(map(Form, forms)))
        found = replace(found, forms=chosen, attach=tuple(form for form in chosen if form is not Form.JSON))
    return found


def _narrowed(
    asked: "ReportPlan", checks: tuple[str, ...], tags: tuple[str, ...], systems: tuple[str, ...]
) -> "ReportPlan":
    from dataclasses import replace

    from sentinel.core.selection import Selection

    if not (checks or tags or systems):
        return asked
    selection = Selection(checks=checks, tags=frozenset(tags), systems=frozenset(systems))
    if selection == asked.selection:
        return asked
    name = _named(asked.name, (*checks, *sorted(tags), *sorted(systems)), str(selection))
    return replace(asked, name=name, selection=selection)


def _named(name: str, parts: "Sequence[str]", whole: str = "") -> str:
    """What a report is called that is about something else than the one it was asked for as: it is no correction of that one.

    With a checksum where its parts alone would not tell it from others.
    """
    import hashlib
    import re

    slug = "-".join([name, *(re.sub(r"[^\w.]+", "-", part).strip("-") for part in parts)])
    return f"{slug[:_LONGEST]}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}" if whole else slug


def _period(asked: "ReportPlan", name: str | None, key: str | None, since: str | None, until: str | None) -> "Period":
    """The period that is meant: by its key, from and to, or the last one that is over."""
    from dataclasses import replace
    from zoneinfo import ZoneInfo

    from sentinel.base.clock import SystemClock
    from sentinel.core import calendar

    now, zone = SystemClock().now(), ZoneInfo(asked.zone)
    if key and (since or until):
        raise click.UsageError("--period stands alone, without --since and --until")
    if key:
        try:
            found = calendar.named(key, zone)
        except ValueError as error:
            raise click.UsageError(f"--period {key!r} is not {error}") from None
        if found.since >= now:
            raise click.UsageError(f"the period {key} has not begun")
        if found.until > now:
            # Of its own key: the report of the whole period, when that is over, corrects nothing.
            return replace(found, key=f"{key}--{now.astimezone(zone):%Y-%m-%dT%H%M}", until=now)
        return found
    if name and not since and not until:
        due = calendar.due(replace(asked, at="00:00"), None, now + calendar.SETTLED)
        assert due is not None, "without a last one there is always one"
        return due
    return _between(since or "24h", until, now, zone)


def _between(since: str, until: str | None, now: "datetime", zone: "ZoneInfo") -> "Period":
    from sentinel.core.calendar import Period

    first = _moment(since, now, zone)
    # A report of this month may be asked for before it is over.
    last = min(_moment(until, now, zone), now) if until else now
    if not first < last:
        raise click.UsageError("--since has to be before --until, and before now")
    key = f"{first.astimezone(zone):%Y-%m-%dT%H%M}--{last.astimezone(zone):%Y-%m-%dT%H%M}"
    return Period(key=key, since=first, until=last)


def _moment(text: str, now: "datetime", zone: "ZoneInfo") -> "datetime":
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


def have_it_written_down(plan: "Plan") -> None:
    """Ask a running daemon to commit the figures of the last minutes; without one the store has all there is."""
    import contextlib

    with contextlib.suppress(NotRunning, wire.NotAnswering, wire.Refused):
        wire.ask(plan.file, "/api/v1/write-down", {})


def _make(plan: "Plan", asked: "ReportPlan", period: "Period", folder: str | None) -> "WrittenReport":
    import asyncio
    from pathlib import Path

    from sentinel.app.once import make_report
    from sentinel.cli.progress import stages

    with stages("Making the report") as step:
        return asyncio.run(make_report(plan, asked, period, Path(folder) if folder else None, step))


def _written(files: "Sequence[Path]", *, each: bool) -> list[str]:
    """What was written: each file, or how many in which folder."""
    if each:
        return [str(file) for file in files]
    folders = dict.fromkeys(file.parent for file in files)
    inside = {folder: [file for file in files if file.parent == folder] for folder in folders}
    return [str(some[0]) if len(some) == 1 else f"{len(some)} files in {folder}" for folder, some in inside.items()]


def _counted(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


def print_written(written: "WrittenReport", *, as_json: bool, verbose: bool) -> None:
    if as_json:
        from sentinel.reports.forms.data import as_json as document

        click.echo(document(written.document), nl=False)
    else:
        click.echo(written.text)
        for line in _written(written.files, each=verbose):
            click.echo(f"written: {line}")
    if written.problem:
        click.echo(f"sentinel: {written.problem}", err=True)


def send_written(plan: "Plan", written: "WrittenReport", channels: tuple[str, ...]) -> int:
    import asyncio

    from sentinel.app.once import send_report

    note("report", channels)
    return print_told(asyncio.run(send_report(plan, written, channels)), as_json=False)


@report.command()
@options.config
@click.argument("incident", type=click.IntRange(min=1), metavar="INCIDENT", shell_complete=complete.incidents)
@click.option("--after", metavar="DURATION", help="So long after its end, such as 1h, 24h or 7d; else now.")
@click.option("--form", "forms", multiple=True, type=click.Choice(_FORMS), help="In which form; may be repeated.")
@click.option(
    "--mail", "channels", multiple=True, metavar="CHANNEL", shell_complete=complete.channels, help="Send it there, too."
)
@click.option("--folder", type=click.Path(file_okay=False), metavar="FOLDER", help="Where to write it.")
@_verbose
@as_json
def review(
    incident: int,
    after: str | None,
    forms: tuple[str, ...],
    channels: tuple[str, ...],
    folder: str | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Look back at an incident.

    What it was, who was told, how long each step took, and how the check has done since, beside as long a time before it. Exits
    as `sentinel report make` does, and with 1 when there is no such incident.

    \b
    Examples:
      sentinel report review 12
      sentinel report review 12 --after 24h --mail email
    """
    with planned(lenient=not channels) as plan:
        refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        have_it_written_down(plan)
        written = _review(plan, incident, after, forms, channels, folder)
        print_written(written, as_json=as_json, verbose=verbose)
        status = send_written(plan, written, channels) if channels else 0
        return 74 if written.problem else status


def _review(
    plan: "Plan",
    incident: int,
    after: str | None,
    forms: tuple[str, ...],
    channels: tuple[str, ...],
    folder: str | None,
) -> "WrittenReport":
    import asyncio
    from pathlib import Path

    from sentinel.app.once import make_review
    from sentinel.base.units import parse_duration
    from sentinel.core.form import Form

    try:
        passed = parse_duration(after) if after else None
    except ValueError as error:
        raise click.UsageError(f"--after {after!r} is not {error}") from None
    place = Path(folder) if folder else None
    return asyncio.run(make_review(plan, incident, passed, tuple(map(Form, forms)), channels, place))


# --- What was made ----------------------------------------------------------------------------------------------------


@report.command("list")
@options.config
@click.argument("name", required=False, metavar="[NAME]")
@as_json
def list_reports(name: str | None, as_json: bool) -> int:
    """List the reports of the folder, the latest first.

    \b
    Example:
      sentinel report list weekly
    """
    from sentinel.reports.forms.library import library

    with planned(lenient=True) as plan:
        found = library(plan.reports_folder, name or "")
    if as_json:
        print_json(found.to_json())
        return 0
    for line in found.reports:
        forms = " ".join(dict.fromkeys(file.form for file in line.files))
        revision = f", revision {line.revision}" if line.revision > 1 else ""
        click.echo(f"{line.severity:8}  {line.report} {line.period}{revision}  {forms}")
    if found.left_out:
        click.echo(f"and {found.left_out} more")
    return 0


@report.command()
@options.config
@click.argument("path", required=False, type=click.Path(), metavar="[FILE|FOLDER]")
@click.option("--folder", type=click.Path(), metavar="FOLDER", help="Another folder; the same as the argument.")
@as_json
def verify(path: str | None, folder: str | None, as_json: bool) -> int:
    """Compare the files of reports with the checksums of their manifests.

    Of the reports folder, of another folder, or of one file. Exits with 0 when every file is as it was written, 2 when one is
    missing or was altered, 3 when nothing vouches for it.

    \b
    Examples:
      sentinel report verify
      sentinel report verify reports/daily-2026-11-21.pdf
    """
    from pathlib import Path

    from sentinel.reports.forms.manifest import BadManifest
    from sentinel.reports.forms.shelf import verify as look

    if path and folder:
        raise click.UsageError("name a file or folder once: as the argument, or as --folder")
    path = path or folder
    try:
        found = look(Path(path) if path else _folder())
    except BadManifest as error:
        click.echo(f"sentinel: {path}: {error}", err=True)
        return 3
    if as_json:
        print_json({"manifests": [one.to_json() for one in found]})
    else:
        _print_verified(found)
    if not found:
        return 3
    return 2 if any(one.faults for one in found) else 0


def _folder() -> "Path":
    with planned(lenient=True) as plan:
        return plan.reports_folder


def _print_verified(found: "list[Verified]") -> None:
    for one in found:
        for name, fault in one.faults.items():
            click.echo(f"{fault.value}: {name}")
    files, bad = sum(one.files for one in found), sum(len(one.faults) for one in found)
    click.echo(
        f"{_counted(files, 'file')} of {_counted(len(found), 'report')}, {bad or 'none'} missing or altered"
        if found
        else "there are no reports"
    )
