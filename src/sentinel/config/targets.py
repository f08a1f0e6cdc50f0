"""What a check looks at, from its options: checks of the same target that break together are told of together."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432, "redis": 6379, "rediss": 6379}


def target(options: Mapping[str, Any]) -> str:
    """Host and port of the first address in the options, or the path of a file; empty where there is none."""
    host, port = options.get("host"), options.get("port")
    if isinstance(host, str) and host:
        return f"{host}:{port}" if isinstance(port, int) else host
    return next((found for text in _texts(options) if (found := _place(text))), "")


def _place(text: str) -> str:
    if not _ADDRESS.match(text):
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.partition("+")[0]
    if not parts.hostname:
        return f"{scheme}:{parts.path}" if parts.path else ""
    return f"{parts.hostname}:{port or _PORTS.get(scheme, 0)}"


def _texts(value: Any, depth: int = 4) -> Iterator[str]:
    """The texts of the options in the order of the file."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one, depth - 1)
    elif depth and isinstance(value, list):
        for one in value:
            yield from _texts(one, depth - 1)
