"""`sentinel deploy watch`: have a release watched and judged, and say what is found."""

from typing import Final

import click

from sentinel.cli import options, wire
from sentinel.cli.deployment import do, label, number, one, say, system, which
from sentinel.cli.incidents import by_option
from sentinel.cli.main import INTERRUPTED
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports.text import clean, moment

#: That nobody knows what came of it: a pipeline must not take that for a release that failed, or for one that is good.
NOT_KNOWN: Final = 3

#: Colours of how it ended; anything else is bad.
_COLOURS: Final = {"passed": "32", "inconclusive": "35", "unwatched": "35"}


@click.command()
@options.config
@number
@click.option("--for", "lasts", metavar="TIME", help="How long, such as 15m. Default: as configured.")
@click.option("--detach", is_flag=True, help="Only begin it, and do not wait.")
@click.option(
    "--follow/--no-follow", default=True, show_default=True, help="After a fail: wait for the end of the rollback, too."
)
@system
@by_option
@as_json
def watch(
    number: int | None,
    lasts: str | None,
    detach: bool,
    follow: bool,
    system: str | None,
    by: str | None,
    as_json: bool,
) -> int:
    """Watch a release, and say what is found.

    The window ends, checks are looked at more often, and at fixed points in time the release is compared with the one before.
    The daemon does so; this command follows, waits for a daemon that is restarted, and can be left by Ctrl-C: the watch goes on.
    Of a deployment that is watched already, or over, it says what is known.

    Exits with 0 when it passes, 1 when it fails, whatever is done about that, and 3 when it is inconclusive or not known.

    \b
    Examples:
      sentinel deploy watch --for 15m
      sentinel deploy watch --detach
      sentinel deploy watch 12 --no-follow
    """
    try:
        found = which(number, system)
        document = _begun(found, by, lasts)
        if not detach:
            return _followed(document, follow=follow, as_json=as_json)
    except wire.Refused as refused:
        refused.exit_code = NOT_KNOWN
        raise
    say(document, _left(document), as_json=as_json)
    return 0


def _begun(number: int, by: str | None, lasts: str | None) -> wire.Json:
    """The deployment, watched if it was not."""
    document = one(number)
    at_work = document["line"]["phase"] == "under_way"
    return do(number, "watch", by, **{"for": lasts}) if at_work else document


def _left(document: wire.Json) -> str:
    number, ends = document["line"]["id"], document["watch_ends_at"]
    if document["line"]["phase"] != "watching" or not ends:
        return "is not watched any more; `sentinel deploy status` says what came of it."
    return f"is watched until {moment(ends):%H:%M} UTC; `sentinel deploy watch {number}` follows."


def _followed(document: wire.Json, *, follow: bool, as_json: bool) -> int:
    """Tell what happens until it is over; the exit status."""
    from sentinel.base.clock import SystemClock
    from sentinel.cli.follow import Follower, exit_status, going, is_ended, is_judged

    follower = Follower(chosen_config(), document["line"]["id"], silent=as_json)
    follower.known(document)
    if not as_json and not is_ended(document):
        click.echo(_headline(document) or going(document, SystemClock().now()))
    try:
        document = follower.until(is_ended if follow else is_judged)
    except KeyboardInterrupt:
        click.echo(f"{label(document)} goes on without this command: it {_left(document)}", err=True)
        return INTERRUPTED
    if as_json:
        print_json(document)
    else:
        click.echo(_verdict(document))
    return exit_status(document)


def _headline(document: wire.Json) -> str:
    if document["line"]["phase"] != "watching":
        return ""
    return f"{label(document)} is watched until {moment(document['watch_ends_at']):%H:%M:%S} UTC."


def _verdict(document: wire.Json) -> str:
    line = document["line"]
    word = clean(line["ending"] or line["phase"]).replace("_", " ")
    style = look()
    painted = style.paint(word, _COLOURS.get(word, "1;31"))
    text = clean(line["text"])
    return f"{label(document)}: {painted}{f': {text}' if text and text != word else ''}"
