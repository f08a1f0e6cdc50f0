"""Writes the reference of the command line from the commands themselves: `python -m sentinel.cli.reference > docs/cli.md`."""

from collections.abc import Iterator

import click

from sentinel.cli.main import cli

#: Exit statuses, and what they mean, with what is typed between backquotes.
EXIT_STATUSES = (
    ("0", "all is well; the command did what it was asked; `--compact` always"),
    (
        "1",
        (
            "a warning (`--status`, `check`); a release or its rollback failed (`deploy verify`, `deploy watch`, `rollback`); "
            "the daemon refused what it was asked, or did not confirm it in time (`ack`)"
        ),
    ),
    (
        "2",
        "something is critical (`--status`, `check`); a receiver did not take the message (`test-alert`, `report --send`)",
    ),
    (
        "3",
        "something is unknown, or no daemon runs or answers; a watch was inconclusive, or nobody knows (`deploy watch`)",
    ),
    ("64", "the command line cannot be understood"),
    ("65", "the store is of a newer Sentinel, or damaged"),
    ("70", "a fault in Sentinel"),
    (
        "71, 73, 74",
        "a socket or port cannot be had; the log cannot be opened; the store or a file cannot be read or written",
    ),
    ("75", "another Sentinel owns the store"),
    ("78", "the configuration cannot be used"),
)

_HEAD = """\
# Command line

Every command names its configuration by `--config FILE`, before the command or after it. Errors go to standard error, each
with what can be done about it.

{statuses}

This page is written from the commands by `python -m sentinel.cli.reference`.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    rows = "".join(f"\n| {status} | {meaning} |" for status, meaning in EXIT_STATUSES)
    head = _HEAD.format(statuses=f"| exit status | meaning |\n|---|---|{rows}")
    return head + "".join(_page(path, command) for path, command in commands(cli, "sentinel"))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all beneath it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")


def _page(path: str, command: click.Command) -> str:
    help_names = cli.context_settings["help_option_names"]
    context = click.Context(
        command, info_name=path, terminal_width=100, max_content_width=100, help_option_names=help_names
    )
    return f"\n## {path}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
