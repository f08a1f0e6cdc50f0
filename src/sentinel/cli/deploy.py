"""`sentinel deploy`: begin a deployment, note its steps, watch it, end it, and look at what came of it."""

from typing import Any
from urllib.parse import quote

import click

from sentinel.cli import complete, options, wire
from sentinel.cli.deployment import PATH, do, environment, label, number, one, say, system, which
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.judging import watch
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.cli.papers import report
from sentinel.cli.verify import verify
from sentinel.reports.text import moment

_why = click.option("--why", required=True, metavar="TEXT", help="Why; the stakeholders read it.")


@click.group()
@options.config
def deploy() -> None:
    """Deploy with Sentinel looking on.

    It expects trouble while you work, watches the release when you are done, and compares it with the one before.

    \b
    Examples:
      sentinel deploy verify --tag pre
      sentinel deploy start 2.4.1 --ref a1b2c3d --window 30m --expected-down
      sentinel deploy note "database migrated" --took 40s
      sentinel deploy watch --for 15m
      sentinel deploy status
    """


deploy.add_command(verify)
deploy.add_command(watch)
deploy.add_command(report)


@deploy.command()
@options.config
@click.argument("version", metavar="VERSION")
@click.option("--ref", metavar="REF", help="What it was built from, such as a commit.")
@click.option(
    "--from", "from_version", metavar="VERSION", help="The version before. Default: the last one that stands."
)
@click.option("--window", metavar="TIME", help="How long it may take, such as 30m. Default: as configured.")
@click.option("--expected-down", is_flag=True, help="The system is meant to be down: tell of what is up all the time.")
@click.option("--backup-id", metavar="ID", help="Of the backup that was made before; a rollback may need it.")
@click.option("--impact", metavar="TEXT", help="What its users notice. Default: as configured.")
@system
@environment
@click.option("--anyway", is_flag=True, help="Also where a condition does not hold.")
@by_option
@as_json
def start(version: str, as_json: bool, **given: Any) -> None:
    """Begin a deployment.

    Its window opens: trouble of the system is expected and alarms nobody until the window ends. The stakeholders are told. Where
    a condition does not hold, such as an incident that is open, it is refused, unless told --anyway.

    \b
    Examples:
      sentinel deploy start 2.4.1
      sentinel deploy start 2.4.1 --ref a1b2c3d --from 2.4.0 --window 45m --expected-down --backup-id nightly-312
    """
    document = wire.ask(chosen_config(), PATH, _asked(version, given))
    if as_json:
        print_json(document)
        return
    ends = moment(document["line"]["window_ends_at"])
    down = " Down is what is expected." if document["expects_down"] else ""
    click.echo(f"{label(document)} has begun. Its window is open until {ends:%H:%M} UTC.{down}")
    click.echo("When you are done, `sentinel deploy watch` has it watched.")


def _asked(version: str, given: dict[str, Any]) -> wire.Json:
    """The body of a request; what was not said is left out."""
    body: wire.Json = {
        "by": given["by"] or login_name(),
        "version": version,
        "from": given["from_version"],
        "expect_down": given["expected_down"],
    }
    for key in ("ref", "window", "backup_id", "impact", "system", "environment", "anyway"):
        body[key] = given[key]
    return {key: value for key, value in body.items() if value}


@deploy.command()
@options.config
@click.argument("text", metavar="TEXT")
@number
@click.option("--took", metavar="TIME", help="How long that took, such as 40s.")
@system
@by_option
@as_json
def note(text: str, number: int | None, took: str | None, system: str | None, by: str | None, as_json: bool) -> None:
    """Put a step on the timeline of a deployment.

    \b
    Example:
      sentinel deploy note "database migrated" --took 40s
    """
    say(do(which(number, system), "note", by, text=text, took=took), "has it on its timeline.", as_json=as_json)


@deploy.command()
@options.config
@number
@click.option("--for", "longer", required=True, metavar="TIME", help="How much longer, such as 15m.")
@system
@by_option
@as_json
def extend(number: int | None, longer: str, system: str | None, by: str | None, as_json: bool) -> None:
    """Have the window of a deployment end later.

    \b
    Example:
      sentinel deploy extend --for 15m
    """
    document = do(which(number, system), "extend", by, **{"for": longer})
    ends = moment(document["line"]["window_ends_at"])
    say(document, f"has its window open until {ends:%H:%M} UTC.", as_json=as_json)


@deploy.command()
@options.config
@number
@click.option("--why", metavar="TEXT", help="Why; the stakeholders read it.")
@system
@by_option
@as_json
def finish(number: int | None, why: str | None, system: str | None, by: str | None, as_json: bool) -> None:
    """End a deployment as it is.

    That is: without a watch, or before the end of its watch.

    \b
    Example:
      sentinel deploy finish --why "nothing but texts was changed"
    """
    say(do(which(number, system), "finish", by, why=why), "is finished.", as_json=as_json)


@deploy.command()
@options.config
@number
@_why
@system
@by_option
@as_json
def fail(number: int | None, why: str, system: str | None, by: str | None, as_json: bool) -> None:
    """Say that a step of a deployment failed.

    What is configured for a watch that fails happens: people are told, and it is rolled back where that is configured.

    \b
    Example:
      sentinel deploy fail --why "the migration stopped half-way"
    """
    document = do(which(number, system), "fail", by, why=why)
    say(document, _after_a_failure(document), as_json=as_json)


def _after_a_failure(document: wire.Json) -> str:
    line, order = document["line"], document["rollback"]
    if line["phase"] == "proposed" and order:
        at = f"{moment(order['runs_at']):%H:%M:%S} UTC"
        return (
            f"has failed. It is rolled back at {at}, unless `sentinel deploy veto {line['id']} --why TEXT` stops that."
        )
    if line["phase"] == "rolling_back":
        return "has failed, and is rolled back. `sentinel rollback --status` says how far that is."
    return "has failed, and stands as it is. `sentinel rollback` undoes it, `sentinel deploy accept` takes it as it is."


@deploy.command()
@options.config
@number
@_why
@system
@by_option
@as_json
def accept(number: int | None, why: str, system: str | None, by: str | None, as_json: bool) -> None:
    """Take a deployment that failed as it is.

    Its incident ends.

    \b
    Example:
      sentinel deploy accept 12 --why "slower by intent: every request is written to the audit log now"
    """
    say(do(which(number, system), "accept", by, why=why), "is accepted as it is.", as_json=as_json)


@deploy.command()
@options.config
@number
@_why
@system
@by_option
@as_json
def veto(number: int | None, why: str, system: str | None, by: str | None, as_json: bool) -> None:
    """Stop a rollback that has not begun.

    \b
    Example:
      sentinel deploy veto 12 --why "the provider is slow, not the release"
    """
    say(do(which(number, system), "veto", by, why=why), "is not rolled back.", as_json=as_json)


@deploy.command()
@options.config
@number
@system
@as_json
def status(number: int | None, system: str | None, as_json: bool) -> None:
    """Say how a deployment stands.

    That is: the one that goes on, or else the last one.

    \b
    Examples:
      sentinel deploy status
      sentinel deploy status 12 --json
    """
    document = one(which(number, system))
    if as_json:
        print_json(document)
        return
    from sentinel.reports.deployment_text import deployment

    click.echo(deployment(document, moment(document["at"]), look()), nl=False)


@deploy.command("list")
@options.config
@click.option("--system", metavar="NAME", shell_complete=complete.deployed, help="Only of this one.")
@as_json
def list_deployments(system: str | None, as_json: bool) -> None:
    """List deployments, the newest first.

    \b
    Example:
      sentinel deploy list --system payroll
    """
    answer = wire.ask(chosen_config(), PATH + (f"?system={quote(system)}" if system else ""))
    if as_json:
        print_json(answer)
        return
    from sentinel.reports.deployment_text import deployments

    click.echo(deployments(answer["deployments"], moment(answer["at"]), look()), nl=False)
