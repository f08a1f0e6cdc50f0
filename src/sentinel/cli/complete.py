"""What a shell offers after the Tab key beside commands and options: names that a daemon or its configuration knows.

Silent where nobody answers: a shell that is asked to complete a word has no place for a complaint.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.base.errors import SentinelError
from sentinel.cli import wire
from sentinel.cli.files import config_file
from sentinel.reports.narrow import SEVERITIES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Seconds that a daemon has to answer. Whoever pressed Tab waits.
WITHIN = 0.2

#: Bytes of a configuration that are read when no daemon answers.
LONGEST = 1 << 22

#: So many are offered.
MOST = 1000


def checks(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Names of checks."""
    return _offered(_names(_known(context)), typed)


def tags(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Tags that checks carry."""
    return _offered(((tag, "") for check in _known(context)["checks"] for tag in check.get("tags") or ()), typed)


def systems(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Systems that checks belong to."""
    return _offered(((check.get("system"), "") for check in _known(context)["checks"]), typed)


def states(_context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """How a check can be."""
    return _offered(((word.lower(), "") for word in SEVERITIES), typed)


def incidents(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Numbers of open incidents, each with its check."""
    return _offered(_numbers(_asked(context, "/api/v1/incidents")), typed)


def checks_or_incidents(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """What can be explained."""
    known = _known(context)  # asked once: a daemon that hangs takes its time each time
    return _offered(_numbers(known), typed) + _offered(_names(known), typed)


def _numbers(answer: wire.Json) -> Iterator[tuple[str, str]]:
    rows = answer.get("incidents", ())
    return ((str(row["id"]), f"{row['check']} {row['severity'].lower()}") for row in rows)


def _names(known: wire.Json) -> Iterator[tuple[str, str]]:
    return ((check["name"], check.get("title", "")) for check in known["checks"])


def channels(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Names of channels."""
    rows = _asked(context, "/api/v1/channels").get("channels", ())
    names = [(row["name"], row["kind"]) for row in rows] or [(name, "") for name in _written(context)["channels"]]
    return _offered(names, typed)


def deployments(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Numbers of deployments that go on, and of the last of each system."""
    rows = _asked(context, "/api/v1/deployments/current").get("deployments", ())
    return _offered(((str(row["id"]), f"{row['system']} {row['version']}") for row in rows), typed)


def deployed(context: click.Context, _parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    """Systems whose deployments are configured."""
    return _offered(((name, "") for name in _written(context)["deployments"]), typed)


def _offered(words: Iterable[tuple[Any, str]], typed: str) -> "list[CompletionItem]":
    """Those that go on as what was typed. A word or a help with a line break would be read as several."""
    from click.shell_completion import CompletionItem

    found = {
        word: said
        for word, said in words
        if isinstance(word, str) and word.startswith(typed) and word.isprintable() and " " not in word
    }
    return [CompletionItem(word, help=said if said.isprintable() else None) for word, said in _first(found)]


def _first(found: dict[str, str]) -> Iterator[tuple[str, str]]:
    return iter(sorted(found.items())[:MOST])


def _known(context: click.Context) -> wire.Json:
    """The checks that the daemon knows, else those that the configuration names."""
    return _asked(context, "/api/v1/status") or _written(context)


def _asked(context: click.Context, target: str) -> wire.Json:
    with suppress(SentinelError, OSError):
        return wire.ask(_file(context), target, within=WITHIN)
    return {}


def _written(context: click.Context) -> wire.Json:
    """What stands in the file itself, without what Sentinel makes of it."""
    found: wire.Json = {"checks": [], "channels": [], "deployments": []}
    with suppress(SentinelError, OSError, ValueError, RecursionError):
        tree = _tree(_file(context))
        if isinstance(listed := tree.get("checks"), list):
            found["checks"] = [entry for entry in listed if isinstance(entry, dict) and "name" in entry]
        if isinstance(named := tree.get("channels"), dict):
            found["channels"] = list(named)
        if isinstance(systems := tree.get("deployments"), dict):
            found["deployments"] = list(systems)
    return found


def _tree(file: Path) -> wire.Json:
    with file.open("rb") as stream:
        text = stream.read(LONGEST).decode()
    tree = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    return tree if isinstance(tree, dict) else {}


def _file(context: click.Context) -> Path:
    return config_file(context.find_root().meta.get("sentinel.config"))
