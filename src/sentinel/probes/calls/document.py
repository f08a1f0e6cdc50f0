"""A document that checks look at, each at its own part of it: asked for once, however many they are."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, Header, account_of
from sentinel.probes.calls.credential import HttpAuth
from sentinel.probes.calls.requests import RequestOptions, has_header
from sentinel.probes.calls.session import Account, Login
from sentinel.probes.expect.answers import REDIRECTS, status_hint
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange

T = TypeVar("T")

_MIB: Final = 1 << 20
_READ_HERE: Final = 32_768  # bytes of a body that is read within a millisecond or two, without a thread
_SHARE_OF_INTERVAL: Final = 0.5  # for which an answer may serve other checks

_MOMENT: Final = 0.1  # seconds

#: What every kind that reads a document can measure of the way to it.
UNITS: Final = {"response_time": Unit.SECONDS, "size": Unit.BYTES}

#: As a file has them. Who waits for a page gives up after seconds; so do most that ask for documents.
USUAL_RULES: Final = ({"reading": "response_time", "warning": "2s", "critical": "5s"},)

BodyLimit = Annotated[int, Field(ge=1024, le=16 * _MIB)]


class DocumentOptions(RequestOptions):
    """A request for a document, with a credential."""

    auth: HttpAuth | None = None
    """Sentinel's lasting credential for the target."""
    login: Login | None = None
    """A login to make first, instead; its token is kept, and shared by every check that names the same login."""

    @model_validator(mode="after")
    def _names_one_credential(self) -> Self:
        if self.auth is not None and self.login is not None:
            raise ValueError("either auth or login")
        given = [*self.headers.items(), *((name, "") for name in self.secret_headers)]
        if self.auth is not None and has_header(given, "authorization"):
            raise ValueError("either auth or an Authorization header")
        return self

    @property
    def has_credential(self) -> bool:
        return self.auth is not None or self.login is not None or bool(self.secret_headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An answer with a body that may be looked at."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = field(repr=False)  # as sent; may be anything
    asked_at: datetime
    moment: float  # the same, of the clock's monotonic time
    response_time: float  # seconds

    def readings(self) -> list[Reading]:
        return [
            Reading("response_time", self.response_time, Unit.SECONDS),
            Reading("size", len(self.body), Unit.BYTES),
        ]


class DocumentSource:
    """Asks for one document, or takes what another check was given for the same request a moment ago."""

    def __init__(
        self,
        options: DocumentOptions,
        tools: ProbeTools,
        *,
        name: str,
        body_limit: int,
        statuses: Collection[int],
        headers: tuple[Header, ...] = (),
    ) -> None:
        """`name`: what explanations call the document. `headers` are sent unless the options have them."""
        self._options = options
        self._tools = tools
        self._name = name
        self._limit = body_limit
        self._statuses = statuses
        self._headers = _headers(options, headers)
        self._account: Account | None = account_of(options.login, tools)
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._key = (name, _request_key(options, self._headers, body_limit))  # findings have the name in them
        self._max_age = tools.interval.total_seconds() * _SHARE_OF_INTERVAL
        self.host = urlsplit(options.url).hostname or ""

    async def get(self, deadline: float) -> Document:
        """The document. Raises Finding when there is none, or its status is none of those that are looked at."""
        try:
            # A moment later than the exchange, whose own finding knows what it waited for.
            async with asyncio.timeout_at(deadline + _MOMENT):
                answer = await self._tools.shared.get(
                    self._key, lambda: self._ask(deadline), max_age=self._max_age, taker=self
                )
        except TimeoutError:  # another check had asked before, and may wait for longer
            raise Finding(FailureClass.READ_TIMEOUT, f"{self._name}: no answer in time") from None
        if isinstance(answer, Finding):
            raise Finding(answer.failure, answer.explanation, answer.hint)
        if answer.status not in self._statuses:
            raise self._refused(answer.status)
        return answer

    async def read(self, document: Document, reader: Callable[[Document], T], deadline: float) -> T:
        """What `reader` makes of the document: on a thread when it is large, as other checks would wait for that long.

        Raises what `reader` raises, and Finding when it was not done in time.
        """
        if len(document.body) <= _READ_HERE:
            return reader(document)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.get_running_loop().run_in_executor(self._tools.threads, reader, document)
        except TimeoutError:
            explanation = f"{self._name}: it came, and could not be read in time"
            raise Finding(FailureClass.OVERLOADED, explanation) from None

    async def _ask(self, deadline: float) -> Document | Finding:
        """A finding is answered, not raised: its traceback would be everybody's and hold what is on the stack."""
        asked_at, moment = self._tools.clock.now(), self._tools.clock.monotonic()
        try:
            exchange = await self._caller.call_as(
                self._name, self._account, self._options, deadline, headers=self._headers, body_cap=self._limit
            )
        except Finding as finding:
            return Finding(finding.failure, finding.explanation, finding.hint)
        return self._document(exchange, asked_at, moment)

    def _document(self, exchange: Exchange, asked_at: datetime, moment: float) -> Document | Finding:
        if exchange.truncated:
            explanation = f"{self._name}: more than {self._limit} bytes, too many to look at"
            return Finding(FailureClass.BODY_TOO_LARGE, explanation)
        return Document(
            status=exchange.status,
            body=exchange.body,
            content_type=exchange.header("content-type") or "",
            asked_at=asked_at,
            moment=moment,
            response_time=exchange.phases.total,
        )

    def _refused(self, status: int) -> Finding:
        explanation = f"{self._name}: status {status}"
        if status in _CREDENTIAL and self._options.has_credential:
            return Finding(_CREDENTIAL[status], explanation, _CREDENTIAL_HINTS[status])
        hint = _MOVED_HINT if status in REDIRECTS else status_hint(status)
        return Finding(FailureClass.WRONG_STATUS, explanation, hint)


def shared_phase(options: DocumentOptions) -> str:
    """Equal for checks that look at the same document: they are due together. Nothing can be read from it."""
    return sha256(f"{options.method} {options.url}".encode()).hexdigest()[:16]


def _headers(options: DocumentOptions, usual: tuple[Header, ...]) -> tuple[Header, ...]:
    given = options.all_headers()
    headers = tuple((name, value) for name, value in usual if not has_header(given, name.lower()))
    return headers if options.auth is None else (*headers, options.auth.header())


def _request_key(options: DocumentOptions, headers: tuple[Header, ...], body_limit: int) -> str:
    """Equal for requests that are answered alike; a digest, so that no credential is kept in it."""
    parts = [
        options.method,
        options.url,
        repr(options.all_headers()),
        repr(headers),
        repr(options.tls),
        str(body_limit),
    ]
    login = options.login
    if login is not None:
        parts += [login.url, login.username, login.password.reveal(), login.token.source]
    digest = sha256("\0".join(parts).encode())
    digest.update(options.payload)
    return digest.hexdigest()


_CREDENTIAL: Final = {401: FailureClass.CREDENTIAL_REFUSED, 403: FailureClass.NOT_PERMITTED}
_CREDENTIAL_HINTS: Final = {
    401: "The target refuses Sentinel's credential: renew it under `auth`, `login` or `secret_headers`.",
    403: "The target knows who asks and refuses: grant Sentinel's user the right to read this address.",
}
_MOVED_HINT: Final = "The address has moved: set `url` to the new one."
