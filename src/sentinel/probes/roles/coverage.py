"""Endpoints that a service lists in its OpenAPI document and that no request of the matrix tries."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import orjson
from pydantic import model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Options, PositiveDuration
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.document import DocumentOptions, DocumentSource
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.expect.patterns import Pattern
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.local.worker import Worker

_DOCUMENT_CAP: Final = 4 << 20  # bytes
_MOST_ENDPOINTS: Final = 5000
_MOST_BASES: Final = 10
_SHOWN: Final = 5  # endpoints named
_LONGEST: Final = 100  # characters of one that is named
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")  # of OpenAPI 3.1, 4.8.9


class OpenApiOptions(Options):
    """Where the service's OpenAPI (or Swagger) document is, in JSON, and which of its endpoints need no matrix."""

    request: DocumentOptions | None = None
    """The request for it."""
    file: Path | None = None
    """A file with it, instead."""
    ignore: tuple[Pattern, ...] = ()
    """Endpoints that nobody need try, as patterns (RE2) of `GET /health`."""
    base: str | None = None
    """What stands before its paths in an address, such as `/api/v1`; none: what the document's own `servers` say."""
    every: PositiveDuration = timedelta(hours=1)
    """How often it is read."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.request is None) == (self.file is None):
            raise ValueError("either request or file")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of the document."""

    method: str  # in capitals
    path: str  # as the document has it, with `{name}` for parameters

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Segments = tuple[str, ...]  # of a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a document lists."""

    endpoints: tuple[Endpoint, ...]
    bases: tuple[str, ...]  # what may stand before a path


def read_listed(content: bytes) -> Listed:
    """The endpoints of a document; ValueError when it is none."""
    document = orjson.loads(content)
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not ("openapi" in document or "swagger" in document):
        raise ValueError("no OpenAPI document")
    endpoints = tuple(_endpoints(paths))
    if len(endpoints) > _MOST_ENDPOINTS:
        raise ValueError("too many endpoints")
    return Listed(endpoints=endpoints, bases=tuple(_bases(document)))


def _endpoints(paths: Mapping[str, Any]) -> Iterator[Endpoint]:
    for path, item in paths.items():
        if path.startswith("/") and isinstance(item, dict):
            yield from (Endpoint(method=method.upper(), path=path) for method in _METHODS if method in item)


def _bases(document: Mapping[str, Any]) -> Iterator[str]:
    """The paths of its servers (OpenAPI 3), its `basePath` (Swagger 2), and none."""
    yield ""
    if isinstance(base := document.get("basePath"), str):
        yield base.rstrip("/")
    servers = document.get("servers")
    for server in servers[:_MOST_BASES] if isinstance(servers, list) else ():
        if isinstance(server, dict) and isinstance(url := server.get("url"), str):
            yield _path_of(url).rstrip("/")


def _path_of(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def uncovered(listed: Listed, requests: Collection[RequestOptions], options: OpenApiOptions) -> list[Endpoint]:
    """The endpoints that none of the requests is for, in the document's order."""
    bases = listed.bases if options.base is None else (options.base.rstrip("/"),)
    tried = _by_shape(requests)
    return [
        endpoint
        for endpoint in listed.endpoints
        if not any(one.found_in(str(endpoint)) for one in options.ignore)
        and not any(_is_tried(endpoint.method, base + endpoint.path, tried) for base in bases)
    ]


def _by_shape(requests: Collection[RequestOptions]) -> dict[tuple[str, int], set[Segments]]:
    """The paths of requests, by method and number of segments."""
    shapes: dict[tuple[str, int], set[Segments]] = {}
    for request in requests:
        path = tuple(_path_of(request.url).split("/"))
        shapes.setdefault((request.method, len(path)), set()).add(path)
    return shapes


def _is_tried(method: str, path: str, tried: Mapping[tuple[str, int], Collection[Segments]]) -> bool:
    template = path.split("/")
    return any(all(map(_fits, template, known)) for known in tried.get((method, len(template)), ()))


def _fits(template: str, segment: str) -> bool:
    """Whether a part of a path is one that the template means: `{id}.pdf` means `7.pdf`."""
    if "{" not in template:
        return template == segment
    before, after = template.partition("{")[0], template.rpartition("}")[2]
    return len(segment) > len(before) + len(after) and segment.startswith(before) and segment.endswith(after)


class Coverage:
    """Reads the document of one check from time to time, and knows what it said."""

    def __init__(self, options: OpenApiOptions, requests: Collection[RequestOptions], tools: ProbeTools) -> None:
        self._options = options
        self._requests = tuple(requests)
        self._clock: Clock = tools.clock
        self._worker = Worker(tools.threads)
        self._source = None
        if options.request is not None:
            self._source = DocumentSource(
                options.request, tools, name="openapi", body_limit=_DOCUMENT_CAP, statuses=all_of(("2xx",))
            )
        self._uncovered: list[Endpoint] = []
        self._listed = 0
        self._next = 0.0  # of the clock's monotonic time

    async def measure(self, deadline: float) -> list[Reading]:
        """How many endpoints there are, and how many nobody tries. Raises Finding when the document cannot be read."""
        if self._clock.monotonic() >= self._next:
            await self._read(deadline)
            self._next = self._clock.monotonic() + self._options.every.total_seconds()
        return [
            Reading("endpoints", self._listed, Unit.COUNT),
            Reading("uncovered", len(self._uncovered), Unit.COUNT),
        ]

    def hint(self) -> str:
        """The first endpoints that nobody tries, and what to do; empty when there are none."""
        if not self._uncovered:
            return ""
        names = ", ".join(_shown(endpoint) for endpoint in self._uncovered[:_SHOWN])
        more = len(self._uncovered) - _SHOWN
        further = f" and {more} more" if more > 0 else ""
        return (
            f"No role tries {names}{further}: add them to `requests`, or to `openapi.ignore` if anybody may use them."
        )

    async def _read(self, deadline: float) -> None:
        content = await self._content(deadline)
        try:
            # On a thread, as thousands of endpoints and requests may have to be compared.
            await self._worker.do(lambda _halt: self._look_at(content), deadline)
        except ValueError:
            explanation = "openapi: not an OpenAPI document in JSON"
            raise Finding(FailureClass.WRONG_BODY, explanation, "Open the same address in a browser.") from None

    def _look_at(self, content: bytes) -> None:
        listed = read_listed(content)
        self._uncovered = uncovered(listed, self._requests, self._options)
        self._listed = len(listed.endpoints)

    async def _content(self, deadline: float) -> bytes:
        if self._source is not None:
            return (await self._source.get(deadline)).body
        file = self._options.file
        assert file is not None
        try:
            return await self._worker.do(lambda _halt: _read_file(file), deadline)
        except OSError as error:
            explanation = f"openapi: the file cannot be read ({error.strerror})"
            hint = "See whether `openapi.file` names the right file, and let Sentinel's user read it."
            raise Finding(FailureClass.NOT_PERMITTED, explanation, hint) from None


def _read_file(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_DOCUMENT_CAP)


def _shown(endpoint: Endpoint) -> str:
    """The document is the target's: what it says is made fit for a line."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(endpoint))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
