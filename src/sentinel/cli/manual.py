"""Writes the man page from the commands themselves: `python -m sentinel.cli.manual > docs/sentinel.1`."""

import re
from collections.abc import Iterable, Iterator

import click

from sentinel import __version__
from sentinel.cli.main import cli
from sentinel.cli.reference import EXIT_STATUSES, commands

#: What is typed stands between backquotes in help texts.
_TYPED = re.compile(r"`([^`]+)`")

_ENVIRONMENT = {
    "SENTINEL_CONFIG": "The configuration, where no --config names one.",
    "NO_COLOR": "Anything in it turns colours off.",
    "COLUMNS": "How wide the terminal is taken to be.",
    "STATE_DIRECTORY, RUNTIME_DIRECTORY, LOGS_DIRECTORY": "Folders for the store, the socket and log files, as systemd "
    "sets them. For a configuration in /etc/sentinel those of the service stand in.",
    "CREDENTIALS_DIRECTORY": "Where systemd puts secrets that the configuration refers to.",
    "NOTIFY_SOCKET, WATCHDOG_USEC": "Set by systemd: where readiness and signs of life are told, and how often.",
}

_FILES = {
    "./monitoring_config.json, /etc/sentinel/monitoring_config.json": "The configuration, in this order, where nothing "
    "names another one.",
    "state/sentinel.db, /var/lib/sentinel/sentinel.db": "The store, beside the configuration or of the service.",
    "state/sentinel.sock, /run/sentinel/sentinel.sock": "The socket that commands ask. Whoever may open it may do everything.",
    "reports/, /var/lib/sentinel/reports/": "Reports.",
}

_SIGNALS = {
    "SIGTERM, SIGINT": "The daemon stops in good order: what is known is written down, what is being sent is settled.",
    "SIGHUP": "The daemon reads its configuration again. A wrong one changes nothing.",
}


def manual() -> str:
    """The whole page, for groff's man macros (man(7)). It has no date, so that the same commands make the same page."""
    title = [f'.TH SENTINEL 1 "" "Sentinel {__version__}" "Sentinel"', ".nh", ".ad l"]
    parts = (
        title,
        _section("Name", ["sentinel \\- watch production systems, and tell people when they are in trouble"]),
        _section("Synopsis", _synopsis()),
        _section("Description", _prose(cli.help or "")),
        _section("Options", _options(cli)),
        _section("Commands", _commands()),
        _section("Exit status", _list(dict(EXIT_STATUSES))),
        _section("Environment", _list(_ENVIRONMENT)),
        _section("Files", _list(_FILES)),
        _section("Signals", _list(_SIGNALS)),
        _section("See also", [f"{_bold('systemd.service')}(5), {_bold('journalctl')}(1)"]),
    )
    return "".join(f"{line}\n" for part in parts for line in part)


def escaped(text: str) -> str:
    """Text as roff prints it: hyphens that can be copied, what is typed in bold, and no request at the start of a line."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    plain = _TYPED.sub(r"\\fB\1\\fR", plain)
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title.upper()}"
    yield from lines


def _synopsis() -> Iterator[str]:
    yield f"{_bold('sentinel')} [{_bold('run')}] [{_bold('--config')} {_italic('FILE')}]"
    yield ".br"
    yield f"{_bold('sentinel')} {_bold('--status')} [{_italic('OPTION')}]..."
    yield ".br"
    yield f"{_bold('sentinel')} {_italic('COMMAND')} [{_italic('OPTION')}]... [{_italic('ARGUMENT')}]..."


def _commands() -> Iterator[str]:
    for path, command in commands(cli, "sentinel"):
        if command is not cli:
            context = click.Context(command, info_name=path)
            yield f'.SS "{escaped(" ".join([path, *command.collect_usage_pieces(context)]))}"'
            yield from _prose(command.help or "")
            yield from _options(command)


def _prose(text: str) -> Iterator[str]:
    """A docstring of a command: paragraphs, and blocks that click is told not to wrap."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines[0] == "\b":
            yield from _block(lines[1:])
        else:
            yield from ([".PP"] if number else [])
            yield from map(escaped, lines)


def _block(lines: list[str]) -> Iterator[str]:
    """`Examples:` and what follows, as it stands."""
    yield from (".PP", escaped(lines[0]), ".PP", ".RS 4", ".nf", *map(escaped, lines[1:]), ".fi", ".RE")


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    for parameter in command.params:
        if (
            isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(context))
            and _is_own(command, parameter)
        ):
            yield from (".TP", _bold(record[0]), escaped(record[1].strip()))


def _is_own(command: click.Command, option: click.Option) -> bool:
    """Whether the option is to be told of here: --config, which every command has, is told of once."""
    return command is cli or "--config" not in option.opts


def _list(entries: dict[str, str]) -> Iterator[str]:
    for term, meaning in entries.items():
        yield from (".TP", _bold(term), escaped(meaning))


def _bold(text: str) -> str:
    return f"\\fB{escaped(text)}\\fR"


def _italic(text: str) -> str:
    return f"\\fI{escaped(text)}\\fR"


if __name__ == "__main__":
    click.echo(manual(), nl=False)
