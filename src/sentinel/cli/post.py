"""Commands about the public status page: post, posts, posts edit, posts withdraw, status-page write."""

from pathlib import Path

import click

from sentinel.base.errors import SentinelError
from sentinel.cli import options, wire
from sentinel.cli.incidents import by_option, login_name
from sentinel.cli.options import as_json, chosen_config, look, print_json
from sentinel.reports import posts_text, text

STATES = ("investigating", "identified", "monitoring", "resolved")

POSTS = "/api/v1/posts"


class CannotWrite(SentinelError):
    """A folder for the page cannot be had."""

    exit_code = 73  # EX_CANTCREAT


@click.command()
@options.config
@click.argument("words", metavar="WORDS", required=False, default="")
@click.option("--component", "-C", "components", multiple=True, metavar="NAME", help="What it is about.")
@click.option("--state", type=click.Choice(STATES), help="How far you are. Default: investigating, or as before.")
@click.option("--text", "more", metavar="TEXT", help="More words below the title.")
@click.option("--on", type=int, metavar="ID", help="Go on with what this post began; WORDS are its text.")
@click.option("--incident", type=int, metavar="NUMBER", help="The incident it is about; never shown in public.")
@by_option
@as_json
def post(
    words: str,
    components: tuple[str, ...],
    state: str | None,
    more: str | None,
    on: int | None,
    incident: int | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Tell people outside, on the public status page.

    WORDS are the title of what is new, or with --on the text of an update. What you write is public at once.

    \b
    Examples:
      sentinel post "Payroll is slow" --component Payroll --text "Pages take up to a minute."
      sentinel post --on 4 --state identified "A database is busy; it is being relieved."
      sentinel post --on 4 --state resolved
    """
    body: wire.Json = {"by": by or login_name()}
    body |= {"on": on} if on else {"title": words, "components": list(components)}
    if on and components:
        raise click.UsageError("--component belongs to what is new, not to an update")
    if not on and not words:
        raise click.UsageError("say what it is about")
    told = " ".join(filter(None, (words if on else "", more)))
    for key, value in (("state", state), ("text", told), ("incident", incident)):
        if value:
            body[key] = value
    _say(wire.ask(chosen_config(), POSTS, body), "posted", as_json=as_json)


@click.group(invoke_without_command=True)
@options.config
@as_json
@click.pass_context
def posts(context: click.Context, as_json: bool) -> None:
    """List what was posted on the public status page.

    That is: what goes on, and what was over within 90 days.

    \b
    Examples:
      sentinel posts
      sentinel posts edit 5 --text "It was the network."
      sentinel posts withdraw 5
    """
    if context.invoked_subcommand is not None:
        return
    answer = wire.ask(chosen_config(), POSTS)
    if as_json:
        print_json(answer)
    else:
        click.echo(posts_text.posts(answer["posts"], text.moment(answer["at"]), look()), nl=False)


@posts.command()
@options.config
@click.argument("number", metavar="ID", type=int)
@click.option("--title", metavar="TEXT", help="Another title; only of what began a thread.")
@click.option("--text", "told", metavar="TEXT", help="Other words.")
@by_option
@as_json
def edit(number: int, title: str | None, told: str | None, by: str | None, as_json: bool) -> None:
    """Put other words in the place of what was posted.

    \b
    Example:
      sentinel posts edit 5 --text "It was the network, not the database."
    """
    if not title and not told:
        raise click.UsageError("give --text or --title")
    given = {key: value for key, value in (("title", title), ("text", told)) if value}
    row = wire.ask(chosen_config(), f"{POSTS}/{number}/edit", {"by": by or login_name(), **given})
    _say(row, "changed", as_json=as_json)


@posts.command()
@options.config
@click.argument("number", metavar="ID", type=int)
@by_option
@as_json
def withdraw(number: int, by: str | None, as_json: bool) -> None:
    """Take a post off the page.

    With the first one of a thread all of it goes. `sentinel posts` still lists it, with who took it off.

    \b
    Example:
      sentinel posts withdraw 5
    """
    row = wire.ask(chosen_config(), f"{POSTS}/{number}/withdraw", {"by": by or login_name()})
    _say(row, "taken off the page", as_json=as_json)


@click.group("status-page")
def status_page() -> None:
    """The public status page."""


@status_page.command()
@options.config
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path))
def write(folder: Path) -> None:
    """Write the page as files, to be served from elsewhere.

    Each file is put in place whole. Run it from a timer; the page says as of when it is.

    \b
    Example:
      sentinel status-page write /var/www/status
    """
    answer = wire.ask(chosen_config(), "/api/v1/status-page/files")
    try:
        for name, content in answer["files"].items():
            _put(folder, name, content)
    except OSError as error:
        raise CannotWrite(f"cannot write {error.filename or folder}: {error.strerror}") from error
    click.echo(f"{len(answer['files'])} files written to {folder}")


def _put(folder: Path, name: str, content: str) -> None:
    """Write one file under another name first, so that nobody is ever served half of it."""
    file = folder.joinpath(*name.split("/"))
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f".{file.name}.new")
    made.write_text(content, encoding="utf-8")
    made.replace(file)


def _say(row: wire.Json, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        click.echo(posts_text.post_done(row, done), nl=False)
