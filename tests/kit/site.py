"""A small web site whose pages, headers and manners a test decides; every answer ends its connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.kit.raw_server import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]  # names in small letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a path answers."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b"ok"


def _nothing(_asked: Asked) -> Page | None:
    return None


@dataclass(slots=True, kw_only=True)
class Site:
    """Pages by path; 404 for others. `answer` comes first, for what depends on the request."""

    pages: dict[str, Page] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)  # of every answer
    silent_to: frozenset[str] = frozenset()  # methods that get no answer
    answer: Callable[[Asked], Page | None] = _nothing
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, connection: Connection) -> None:
        """A script for RawServer."""
        lines = (await connection.request()).decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        pairs = (line.partition(":") for line in lines[1:] if line)
        asked = Asked(method=method, path=path, headers={name.lower(): value.strip() for name, _, value in pairs})
        self.asked.append(asked)
        if method in self.silent_to:
            await connection.hung_up()
            return
        known = self.pages.get(path) if method in {"GET", "HEAD"} else Page(status=405)
        page = self.answer(asked) or known or Page(status=404, body=b"nothing here")
        head = [f"HTTP/1.1 {page.status} X", f"Content-Length: {len(page.body)}"]
        head += [f"{name}: {value}" for name, value in [*self.headers, *page.headers]]
        await connection.send("\r\n".join([*head, "", ""]).encode() + page.body)
