"""`sentinel user hash` and `sentinel token new`: what the configuration needs to let people and programs in."""

import json
import sys

import click

from sentinel.base.errors import SentinelError

#: NIST SP 800-63B, 5.1.1.2: at least eight characters, and no rules about which.
SHORTEST = 8

LONGEST = 1_000

ROLES = click.Choice(["viewer", "operator", "admin"])
SCOPES = click.Choice(["metrics", "status", "read", "deploy", "act"])

#: By which a token is known for what it is, such as by a scanner of repositories.
PREFIX = "sentinel_"


class NoPassword(SentinelError):
    """What was typed is no password to sign in with."""

    exit_code = 64
    hint = "a few words in a row are easy to keep in mind and hard to guess"


@click.group()
def user() -> None:
    """People who sign in."""


@user.command(name="hash")
def hash_() -> None:
    """Make of a password what the configuration needs.

    It asks for the password without showing it, or takes the first line of what is piped into it. What it prints goes to
    `web.users.NAME.password`; nobody can read the password from it.

    \b
    Example:
      sentinel user hash
    """
    from argon2 import PasswordHasher

    click.echo(PasswordHasher().hash(_password()))


@click.group()
def token() -> None:
    """Programs that ask over TCP."""


@token.command()
@click.argument("name", metavar="NAME")
@click.option("--role", type=ROLES, default="viewer", show_default=True, help="What it may.")
@click.option(
    "--scope", "scopes", multiple=True, type=SCOPES, help="What it may ask. Default: everything that its role may."
)
@click.option("--until", metavar="DAY", help="The last day on which it is good, such as 2027-06-30. Default: for good.")
def new(name: str, role: str, scopes: tuple[str, ...], until: str | None) -> None:
    """Make a token for a program.

    The token is shown once and stands nowhere: give it to the program, and put the other lines into the configuration.

    \b
    Example:
      sentinel token new ci --role operator --scope deploy --until 2027-06-30
    """
    import secrets
    from datetime import date
    from hashlib import sha256

    from sentinel.config.schema.fields import checked_name

    try:
        checked_name(name)
        day = date.fromisoformat(until).isoformat() if until else None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    made = PREFIX + secrets.token_urlsafe(32)
    entry: dict[str, object] = {"role": role, "hash": f"sha256:{sha256(made.encode()).hexdigest()}"}
    entry |= ({"until": day} if day else {}) | ({"scopes": list(scopes)} if scopes else {})
    click.echo(
        f"The token, which is shown this once:\n\n  {made}\n\nFor `web.tokens` in the configuration, a file that nobody"
    )
    click.echo("else may read (chmod 600), else it is refused:\n")
    click.echo(f"  {json.dumps(name)}: {json.dumps(entry)}")


def _password() -> str:
    if sys.stdin.isatty():
        typed = str(click.prompt("Password", hide_input=True, confirmation_prompt="Again"))
    else:
        typed = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    if len(typed) < SHORTEST:
        raise NoPassword(f"a password has at least {SHORTEST} characters")
    if len(typed) > LONGEST:
        raise NoPassword(f"a password has at most {LONGEST} characters")
    return typed
