"""`sentinel deploy verify`: run the checks of a system once, to know whether one may go on."""

import threading
from pathlib import Path
from typing import Final

import click

from sentinel.base.errors import NotRunning, SentinelError
from sentinel.cli import complete, options, wire
from sentinel.cli.deployment import environment as of_environment
from sentinel.cli.deployment import system as of_system
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.cli.progress import progress

#: Seconds between two looks at how far a running daemon is.
_EVERY: Final = 0.25

_EXIT = {"pass": 0, "fail": 1}

_PATH: Final = "/api/v1/verifications"


class NotVerified(SentinelError):
    """Nothing was run, so nobody knows whether one may go on."""

    exit_code = 3


@click.command()
@options.config
@click.option(
    "--tag",
    "-t",
    "tags",
    multiple=True,
    metavar="TAG",
    shell_complete=complete.tags,
    help="Checks with this tag, such as pre, post or smoke; may be repeated. Default: all checks of the system.",
)
@of_system
@of_environment
@click.option(
    "--junit",
    "junit_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write JUnit XML, for a pipeline.",
)
@by_option
@as_json
def verify(
    tags: tuple[str, ...],
    system: str | None,
    environment: str | None,
    junit_file: Path | None,
    by: str | None,
    as_json: bool,
) -> int:
    """Run checks once, all at the same time, and say whether one may go on.

    With --tag pre, what has to hold before a deployment is asked, too: that no incident is open, that the hour is agreed, that
    no other deployment goes on. A running daemon does it, and puts it on the timeline of the deployment that goes on; without
    one, this command does it by itself.

    Exits with 0 when everything passes, 1 when something fails, 3 when something could not be judged, or nothing was run.

    \b
    Examples:
      sentinel deploy verify --tag pre --environment production
      sentinel deploy verify --tag post --tag smoke --junit verify.xml
    """
    asked: wire.Json = {
        "by": by or login_name(),
        "system": system or "",
        "environment": environment or "",
        "tags": list(tags),
    }
    document = _verified(asked)
    if junit_file is not None:
        _write_junit(junit_file, document)
    if as_json:
        print_json(document)
    else:
        from sentinel.reports.verification_text import verification

        click.echo(verification(document, look()), nl=False)
    return _EXIT.get(document["verdict"], 3)


def _verified(asked: wire.Json) -> wire.Json:
    """By the daemon, or without one by this command; its document."""
    try:
        begun = wire.ask(chosen_config(), _PATH, asked)
    except wire.NotAllowed:
        raise
    except (wire.Refused, wire.NotAnswering) as error:
        raise _not_verified(error) from None
    except NotRunning:
        return _verified_here(asked)
    try:
        return _followed(begun)
    except (wire.Refused, NotRunning) as error:  # it was restarted, and knows nothing of this one
        raise _not_verified(error) from None


def _followed(document: wire.Json) -> wire.Json:
    """Look at it until it is over. The daemon bounds how long that may be."""
    pause, one = threading.Event(), f"{_PATH}/{document['number']}"
    with progress("Verifying") as advance:
        while document["ended_at"] is None:
            advance(document["done"] / max(1, document["planned"]))
            pause.wait(_EVERY)
            document = wire.ask(chosen_config(), f"{one}?brief=true")
    return wire.ask(chosen_config(), one)


def _verified_here(asked: wire.Json) -> wire.Json:
    import asyncio

    from sentinel.app.deploying.asking import AskedVerification
    from sentinel.app.deploying.once import verify_once
    from sentinel.app.keeper import NotDone
    from sentinel.cli.planning import planned

    meant = AskedVerification(**(asked | {"tags": tuple(asked["tags"])}))
    with planned() as plan, progress("Verifying") as advance:
        try:
            return asyncio.run(verify_once(plan, meant, advance)).to_json()
        except NotDone as refusal:
            raise _not_verified(refusal) from None


def _not_verified(refusal: SentinelError) -> NotVerified:
    error = NotVerified(str(refusal))
    error.hint = refusal.hint
    return error


def _write_junit(file: Path, document: wire.Json) -> None:
    from sentinel.reports.junit import junit

    file.write_bytes(junit(document))
