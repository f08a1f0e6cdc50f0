"""The secrets of a configuration: where they stand, whether they are written openly, and a tree without them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from sentinel.base.redact import MASK, Secret
from sentinel.config.keypath import KeyPath, value_at
from sentinel.config.places import Places
from sentinel.config.problems import Problems
from sentinel.config.references import stands_for_secret
from sentinel.config.shape import matches, path_places, secret_places

_SQLITE = re.compile(r"sqlite(\+\w+)?:///")
_PASSWORD_IN_QUERY = re.compile(r"[?&](?:password|authToken)=([^&#]*)", re.IGNORECASE)
#: Addresses whose only secret is a password or token in them.
_ADDRESSES = ("postgresql://", "postgres://", "sqlite+libsql://", "libsql://", "redis://", "rediss://")
OTHERS = 0o077  # permission bits of everybody but the owner


def secrets_in(data: object, model: type[BaseModel]) -> Iterator[tuple[KeyPath, Secret]]:
    """The secrets that the data has where the model says they are."""
    for pattern in secret_places(model):
        for path in matches(data, pattern):
            value = value_at(data, path)
            if isinstance(value, Secret):
                yield path, value
            elif isinstance(value, str) and value:
                yield path, Secret(value)


def refuse_open_secret(path: KeyPath, secret: Secret, mode: int, file: Path, problems: Problems) -> None:
    """Note a secret that stands in the file itself while others may read that."""
    written = problems.written(path)
    if mode & OTHERS == 0 or not isinstance(written, str) or stands_for_secret(written) or not is_telling(secret):
        return
    problems.add(
        path,
        f"a secret written into a file that others may read (mode {mode:04o})",
        "a reference such as '${NAME}' or '${file:PATH}'",
        f"or let nobody else read it: chmod 600 {file.name}",
    )


def also_secret(secret: Secret) -> Iterator[Secret]:
    """The secret, and the password within it where it is an address."""
    yield secret
    for password in _passwords(secret.reveal()):
        yield Secret(password)


def masked(tree: Any, paths: Iterable[KeyPath]) -> Any:
    """The tree with a mask at the paths; what needs no change is shared, not copied."""
    below: dict[str | int, list[KeyPath]] = {}
    for path in paths:
        if not path:
            return MASK
        below.setdefault(path[0], []).append(path[1:])
    if not below:
        return tree
    copy = cast(Any, dict(tree) if isinstance(tree, dict) else list(tree))
    for part, rest in below.items():
        copy[part] = masked(copy[part], rest)
    return copy


def anchored(data: dict[str, Any], model: type[BaseModel], places: Places) -> dict[str, Any]:
    """The data with relative paths of files made absolute: they start from the folder of the configuration."""
    found = [path for pattern in path_places(model) for path in matches(data, pattern)]
    found += [path for path, secret in secrets_in(data, model) if _SQLITE.match(secret.reveal())]
    for path in found:
        value = value_at(data, path)
        if isinstance(value, str) and value:
            data = _replaced(
                data, path, anchored_url(value, places) if _SQLITE.match(value) else str(places.resolve(value))
            )
    return data


def anchored_url(url: str, places: Places) -> str:
    """The address of an SQLite file with an absolute path."""
    start = _SQLITE.match(url)
    if start is None:
        return url
    path, question, query = url[start.end() :].partition("?")
    return f"{start[0]}{places.resolve(path)}{question}{query}" if path else url


def _replaced(tree: Any, path: KeyPath, value: object) -> Any:
    if not path:
        return value
    copy = cast(Any, dict(tree) if isinstance(tree, dict) else list(tree))
    copy[path[0]] = _replaced(copy[path[0]], path[1:], value)
    return copy


def is_telling(secret: Secret) -> bool:
    """Whether the value must not be seen: the address of a database without a password in it may be."""
    value = secret.reveal()
    if not _SQLITE.match(value) and not value.startswith(_ADDRESSES):
        return True
    return bool(list(_passwords(value)) or _PASSWORD_IN_QUERY.search(value))


def _passwords(value: str) -> Iterator[str]:
    """The password of an address, as it is written and as it is meant."""
    try:
        password = urlsplit(value).password if "://" in value else None
    except ValueError:
        return
    in_query = _PASSWORD_IN_QUERY.findall(value) if value.startswith(_ADDRESSES) else []
    for found in filter(None, [password, *in_query]):
        yield from {found, unquote(found)}
