"""The `http` probe: one request, every phase timed, and assertions on status, headers and body."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Self
from urllib.parse import urljoin

from pydantic import AfterValidator, Field, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.phases import UNITS, added, read_phases
from sentinel.probes.calls.requests import KIB, RequestOptions
from sentinel.probes.expect.assertions import HeaderExpectations, JsonAssertion, TextField
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.wire import (
    Exchange,
    ExchangeFailed,
    InvalidRequest,
    PreparedRequest,
    days_left,
    prepare,
)

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5


class BasicAuth(Options):
    """A user and password, sent as HTTP's own "Basic" scheme."""

    username: str
    """The name."""
    password: SecretField
    """The password."""


class HttpAuth(Options):
    """How Sentinel shows who it is; one of the two."""

    basic: BasicAuth | None = None
    """A user and password."""
    bearer: SecretField | None = None
    """A token."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.basic is None) == (self.bearer is None):
            raise ValueError("either basic or bearer")
        return self

    def header(self) -> tuple[str, str]:
        if self.basic is None:
            return "Authorization", f"Bearer {self.bearer.reveal() if self.bearer else ''}"
        pair = f"{self.basic.username}:{self.basic.password.reveal()}".encode()
        return "Authorization", f"Basic {base64.b64encode(pair).decode()}"


class HttpExpectations(Options):
    """What the answer must be. All that is given must hold; the first that does not is told of."""

    status: StatusField = ("2xx",)
    """Statuses that are good: numbers, classes such as `2xx`, spans such as `200-204`."""
    headers: HeaderExpectations = Field(default_factory=dict)
    """Per header what it must be: a text for the whole value, or `equals`, `matches`, `exists`."""
    json_: tuple[JsonAssertion, ...] = Field(default=(), alias="json")
    """Places in the body, read as JSON, and what must stand there."""
    text: TextField | None = None
    """Texts that must be in the body."""
    not_text: TextField | None = None
    """Texts that must not be in the body."""

    @property
    def reads_body(self) -> bool:
        return bool(self.json_ or self.text or self.not_text)


def _body_limit(value: int) -> int:
    # Reading JSON of that size holds the process up for some 30 ms.
    if not 0 < value <= 8 << 20:
        raise ValueError("a number of bytes from 1 to 8388608 (8 MiB)")
    return value


class HttpOptions(RequestOptions):
    """Asks one URL and looks at the answer."""

    auth: HttpAuth | None = None
    """Sentinel's credential for the target."""
    expect: HttpExpectations = HttpExpectations()
    """What the answer must be."""
    follow_redirects: bool = False
    """Follow up to 5 redirects that stay on the same origin (scheme, host and port). Times are summed."""
    body_limit: Annotated[int, AfterValidator(_body_limit)] = 256 * KIB
    """Bytes of the body, decompressed, that are read at most. Assertions on a longer body fail."""

    def all_headers(self) -> list[tuple[str, str]]:
        headers = super().all_headers()
        return headers if self.auth is None else [*headers, self.auth.header()]

    @model_validator(mode="after")
    def _names_one_credential(self) -> Self:
        given = [*self.headers, *self.secret_headers]
        if self.auth is not None and any(name.lower() == "authorization" for name in given):
            raise ValueError("either auth or an Authorization header")
        return self


class HttpProbe:
    """Sends the same prepared request in every run."""

    __slots__ = ("_cap", "_expect", "_follow", "_headers", "_request", "_statuses", "_tools", "host")

    def __init__(self, options: HttpOptions, tools: ProbeTools) -> None:
        self._tools = tools
        self._follow = options if options.follow_redirects else None
        self._expect = options.expect
        self._headers = tuple(options.expect.headers.items())
        self._statuses = all_of(options.expect.status)
        self._cap = options.body_limit
        self._request = _prepare(options, tools)
        self.host = self._request.host

    async def measure(self, deadline: float) -> Measurement:
        try:
            if self._follow is None:
                exchange = await self._tools.transport.exchange(self._request, deadline=deadline, body_cap=self._cap)
            else:
                exchange = await self._follow_redirects(self._follow, deadline)
        except ExchangeFailed as failure:
            return self._failed(failure)
        except _RedirectRefused as refused:
            return failed(FailureClass.WRONG_STATUS, str(refused), hint=refused.hint)
        return self._judged(exchange)

    async def close(self) -> None:
        """There is nothing to give back: every run has a connection of its own."""

    def _judged(self, exchange: Exchange) -> Measurement:
        readings = self._readings(exchange)
        if exchange.status not in self._statuses:
            expected = ", ".join(self._expect.status)
            explanation = f"status {exchange.status}, expected {expected}"
            return failed(FailureClass.WRONG_STATUS, explanation, hint=_status_hint(exchange.status), readings=readings)
        for name, expected_header in self._headers:
            if unmet := expected_header.unmet(exchange.header(name)):
                return failed(
                    FailureClass.WRONG_HEADER,
                    f"header {name}: expected {unmet}",
                    hint="Look at what answers now: another version, a proxy, or an error page.",
                    readings=readings,
                )
        if not self._expect.reads_body:
            return passed(readings)
        return self._judged_body(exchange, readings)

    def _judged_body(self, exchange: Exchange, readings: list[Reading]) -> Measurement:
        if exchange.truncated:
            explanation = f"the body has more than {self._cap} bytes, too many to look at"
            return failed(FailureClass.BODY_TOO_LARGE, explanation, readings=readings)
        if unmet := self._unmet_in_body(exchange.body):
            return failed(FailureClass.WRONG_BODY, unmet, hint=_BODY_HINT, readings=readings)
        return passed(readings)

    def _unmet_in_body(self, body: bytes) -> str:
        expect = self._expect
        if expect.json_:
            try:
                document = read_json(body)
            except ValueError:
                return "the body is not JSON"
            for assertion in expect.json_:
                if unmet := assertion.failing(document):
                    return unmet
        if expect.text is None and expect.not_text is None:
            return ""
        text = body.decode("utf-8", "replace")
        if expect.text is not None and (missing := expect.text.unmet(text)):
            return f"the body does not contain {missing}"
        if expect.not_text is not None and (present := expect.not_text.met_by(text)):
            return f"the body contains {present}, which it must not"
        return ""

    def _readings(self, exchange: Exchange) -> list[Reading]:
        readings = read_phases(exchange.phases)
        readings.append(Reading("response_time", exchange.phases.total, Unit.SECONDS))
        readings.append(Reading("status", exchange.status, Unit.NONE))
        readings.append(Reading("size", len(exchange.body), Unit.BYTES))
        if exchange.certificate is not None:
            readings += self._certificate_days(exchange.certificate)
        return readings

    def _certificate_days(self, certificate: bytes | None) -> list[Reading]:
        days = None if certificate is None else days_left(certificate, self._tools.clock.now())
        return [] if days is None else [Reading("certificate_days", days, Unit.DAYS)]

    def _failed(self, failure: ExchangeFailed) -> Measurement:
        readings = read_phases(failure.phases) + self._certificate_days(failure.certificate)
        return failed(failure.failure, failure.explanation, readings=readings)

    async def _follow_redirects(self, options: HttpOptions, deadline: float) -> Exchange:
        request, url, before = self._request, options.url, None
        for _ in range(_MOST_REDIRECTS + 1):
            exchange = await self._tools.transport.exchange(request, deadline=deadline, body_cap=self._cap)
            phases = exchange.phases if before is None else added(before, exchange.phases)
            location = exchange.header("location")
            if exchange.status not in _REDIRECTS or location is None:
                return replace(exchange, phases=phases)
            before = phases
            url = _joined(url, location)
            options = _redirected(options, exchange.status)
            request = _same_origin(_prepare_at(url, options, self._tools), self._request)
        raise _RedirectRefused(f"more than {_MOST_REDIRECTS} redirects")


class _RedirectRefused(Exception):
    """A redirect that is not followed. The text names no part of where it leads: the target chose it."""

    hint = "See where the redirects lead, for instance with `curl -sIL`, and set `url` to the final address."


def _prepare(options: HttpOptions, tools: ProbeTools) -> PreparedRequest:
    return _prepare_at(options.url, options, tools)


def _prepare_at(url: str, options: HttpOptions, tools: ProbeTools) -> PreparedRequest:
    try:
        return prepare(
            options.method,
            url,
            headers=options.all_headers(),
            body=options.payload,
            tls=options.tls.setting,
            contexts=tools.contexts,
        )
    except InvalidRequest:
        if url == options.url:
            raise
        raise _RedirectRefused("a redirect leads to an address that cannot be requested") from None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise _RedirectRefused("a redirect leads to an address that cannot be read") from None


def _same_origin(request: PreparedRequest, first: PreparedRequest) -> PreparedRequest:
    if request.origin != first.origin:
        raise _RedirectRefused("a redirect leads to another origin, which is not followed")
    return request


def _redirected(options: HttpOptions, status: int) -> HttpOptions:
    """What to send next: after 303, and after 301 and 302 as every browser does, a GET without the body."""
    if options.method in {"GET", "HEAD"} or status in {307, 308}:
        return options
    kept = {name: value for name, value in options.headers.items() if name.lower() != "content-type"}
    return options.model_copy(update={"method": "GET", "body": None, "json_body": None, "headers": kept})


_BODY_HINT: Final = "Ask the same URL by hand and compare; if the new answer is right, change what the check expects."
_STATUS_HINTS: Final = {
    401: "The target wants a credential: see `auth` and `secret_headers`, and whether the credential is still good.",
    403: "The target knows who asks and refuses: see what that credential may do.",
    404: "The path does not exist there: look for a typing error, a missing route or a wrong virtual host.",
    429: "The target limits how often it may be asked: raise `interval`, or have Sentinel excepted.",
    502: "A proxy answered: the service behind it is down or broken.",
    503: "The service says that it cannot serve now: look at its load, its dependencies and its maintenance mode.",
    504: "A proxy answered: the service behind it is too slow.",
}


def _status_hint(status: int) -> str:
    if status in _STATUS_HINTS:
        return _STATUS_HINTS[status]
    if status in _REDIRECTS:
        return "The address has moved: set `url` to the new one, or `follow_redirects` if it stays on the same origin."
    return "Look at the service's log for this request." if status >= 500 else "Ask the same URL by hand and compare."


def _build(options: Any, tools: ProbeTools) -> HttpProbe:
    return HttpProbe(options, tools)


READINGS: Final[Mapping[str, Unit]] = {
    **UNITS,
    "status": Unit.NONE,
    "size": Unit.BYTES,
    "certificate_days": Unit.DAYS,
}

KIND: Final = ProbeKind(
    name="http",
    summary="Asks a URL and looks at status, headers and body; times every phase.",
    options=HttpOptions,
    readings=READINGS,
    main="response_time",
    build=_build,
)
