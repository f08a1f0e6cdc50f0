"""Answers of the public status page: a look into a table of finished bytes, and nothing that a visitor says is used further."""

from collections.abc import Mapping, Sequence
from email.utils import format_datetime

from starlette.types import Receive, Scope, Send

from sentinel.base.clock import Clock
from sentinel.web.public.faces import File, policy
from sentinel.web.public.shelf import Shelf

#: Addresses that stand for others.
_ALSO = {"": "index.html", "history": "history.html", "history/": "history.html"}

Headers = Sequence[tuple[bytes, bytes]]

#: Caches and browsers may keep an answer for so many seconds, and show an old one while they ask for a new one, or get none.
_KEEP = b"public, max-age=15, stale-while-revalidate=30, stale-if-error=300"


def always() -> Headers:
    """What every answer has. It is public: any page may use it, none may frame it."""
    return (
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", policy().encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"access-control-allow-origin", b"*"),
    )


class PublicApp:
    """The application behind the public listener."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._fixed = tuple(always())
        self._second = -1  # that the headers are of
        self._now: Headers = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # it never reads a body
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            await self._plain(send, 405, b"only GET and HEAD\n", ((b"allow", b"GET, HEAD"),))
            return
        found = await self._shelf.get()
        path = scope["path"].removeprefix("/")
        file = found.get(_ALSO.get(path, path))
        if file is not None:
            await self._file(scope, send, file)
        elif found:
            await self._plain(send, 404, b"nothing here\n")
        else:
            await self._plain(send, 503, b"not known yet\n", ((b"retry-after", b"5"),))

    @property
    def _always(self) -> Headers:
        """What every answer has, with the time, by which caches know how old it is; made once a second."""
        at = self._clock.now()
        if int(at.timestamp()) != self._second:
            self._second = int(at.timestamp())
            self._now = (*self._fixed, (b"date", format_datetime(at, usegmt=True).encode()))
        return self._now

    async def _file(self, scope: Scope, send: Send, file: File) -> None:
        given = {name: value for name, value in scope["headers"] if name in (b"if-none-match", b"accept-encoding")}
        tag = file.etag.encode()
        headers = [(b"etag", tag), (b"cache-control", _KEEP), (b"vary", b"accept-encoding")]
        if _has(given, b"if-none-match", tag):
            await _answer(send, 304, (*self._always, *headers), b"")
            return
        body = file.body
        if file.packed and _accepts_gzip(given.get(b"accept-encoding", b"")):
            body = file.packed
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"content-type", file.content_type.encode()), (b"content-length", b"%d" % len(body))]
        await _answer(send, 200, (*self._always, *headers), b"" if scope["method"] == "HEAD" else body)

    async def _plain(self, send: Send, status: int, body: bytes, more: Headers = ()) -> None:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        kept = (b"cache-control", b"no-store")
        await _answer(send, status, (*self._always, *headers, kept, *more), body)


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def _has(given: Mapping[bytes, bytes], name: bytes, tag: bytes) -> bool:
    """Whether one of the listed tags is ours; a proxy that packs answers makes it a weak one."""
    tags = (one.strip().removeprefix(b"W/") for one in given.get(name, b"").split(b","))
    return any(one in (tag, b"*") for one in tags)


def _accepts_gzip(wanted: bytes) -> bool:
    kinds = (part.strip().lower().replace(b" ", b"") for part in wanted.split(b","))
    return any(kind.split(b";")[0] == b"gzip" and not kind.endswith((b";q=0", b";q=0.0")) for kind in kinds)
