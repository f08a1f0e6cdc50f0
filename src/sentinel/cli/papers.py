"""`sentinel deploy report`: the document of a deployment, and reviews of it, made from the store."""

from typing import TYPE_CHECKING, Final

import click

from sentinel.cli import complete, options
from sentinel.cli.deployment import number, system
from sentinel.cli.once import refuse_unknown
from sentinel.cli.options import as_json
from sentinel.cli.planning import planned
from sentinel.cli.report import have_it_written_down, print_written, send_written

if TYPE_CHECKING:
    from datetime import timedelta

    from sentinel.app.reporting import WrittenReport
    from sentinel.core.plan import Plan

_FORMS: Final = ("html", "pdf", "markdown", "json")


@click.command()
@options.config
@number
@click.option("--review", "looks_back", is_flag=True, help="Look back at it, as of now, instead.")
@click.option("--after", metavar="TIME", help="Look back so long after its end, such as 1h, 24h or 7d.")
@click.option("--form", "forms", multiple=True, type=click.Choice(_FORMS), help="In which form; may be repeated.")
@click.option("--to", "folder", type=click.Path(file_okay=False), metavar="FOLDER", help="Where to write it.")
@click.option(
    "--mail", "channels", multiple=True, metavar="CHANNEL", shell_complete=complete.channels, help="Send it there, too."
)
@click.option("--verbose", "-v", is_flag=True, help="Name each file that was written.")
@system
@as_json
def report(
    number: int | None,
    looks_back: bool,
    after: str | None,
    forms: tuple[str, ...],
    folder: str | None,
    channels: tuple[str, ...],
    verbose: bool,
    system: str | None,
    as_json: bool,
) -> int:
    """Write the document of a deployment.

    That is: its timeline with times and durations, versions, what was verified, verdict and figures before and after, who was
    told what, and fields to sign. Of one that is over it is written by itself; this makes it again, or of one that goes on.
    It comes from the store, whether a daemon runs or not. Exits as `sentinel report make` does, and with 1 when there is no such
    deployment.

    \b
    Examples:
      sentinel deploy report
      sentinel deploy report 12 --form markdown --to /srv/releases
      sentinel deploy report 12 --after 24h
    """
    with planned(lenient=not channels) as plan:
        refuse_unknown("channel", channels, [channel.name for channel in plan.channels])
        have_it_written_down(plan)
        since = _passed(after)
        made = _make(plan, number or 0, system or "", since, looks_back or since is not None, forms, channels, folder)
        print_written(made, as_json=as_json, verbose=verbose)
        status = send_written(plan, made, channels) if channels else 0
        return 74 if made.problem else status


def _passed(after: str | None) -> "timedelta | None":
    from sentinel.base.units import parse_duration

    try:
        return parse_duration(after) if after else None
    except ValueError as error:
        raise click.UsageError(f"--after {after!r} is not {error}") from None


def _make(
    plan: "Plan",
    number: int,
    system: str,
    after: "timedelta | None",
    looks_back: bool,
    forms: tuple[str, ...],
    channels: tuple[str, ...],
    folder: str | None,
) -> "WrittenReport":
    import asyncio
    from pathlib import Path

    from sentinel.app.deploying import reporting
    from sentinel.cli.progress import stages
    from sentinel.core.form import Form

    chosen, place = tuple(map(Form, dict.fromkeys(forms))), Path(folder) if folder else None
    with stages("Making the document") as step:
        making = reporting.make(
            plan,
            number,
            system=system,
            after=after,
            look_back=looks_back,
            forms=chosen,
            channels=channels,
            folder=place,
            step=step,
        )
        return asyncio.run(making)
