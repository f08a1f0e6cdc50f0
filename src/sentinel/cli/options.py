"""Options and ways of printing that several commands share.

Modules of commands import nothing heavy at their top: what a command needs of the application is imported inside it, so that
`--help` and `--status` start quickly. It is the one place in Sentinel where imports stand inside functions.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sentinel.cli.files import config_file
from sentinel.reports.text import Look

_CONFIG_HELP = (
    "The configuration. Default: $SENTINEL_CONFIG, ./monitoring_config.json, /etc/sentinel/monitoring_config.json."
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _remember(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """`--config` may stand before the command or after it; the later one counts."""
    if value is not None:
        context.find_root().meta["sentinel.config"] = value
    return value


config = click.option(
    "--config", "-c", metavar="FILE", type=click.Path(), expose_value=False, callback=_remember, help=_CONFIG_HELP
)


def chosen_config() -> Path:
    """The file that this command goes by; absolute."""
    return config_file(click.get_current_context().find_root().meta.get("sentinel.config"))


def print_json(value: Mapping[str, Any] | list[Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def look() -> Look:
    """Colours and the width of the terminal, if it is one. NO_COLOR turns colours off (no-color.org)."""
    terminal = sys.stdout.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Look(colour=terminal and not plain, width=_columns() if terminal else None)


def _columns() -> int | None:
    if os.environ.get("COLUMNS", "").isdigit():
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return None
