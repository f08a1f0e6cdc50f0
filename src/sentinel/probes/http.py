"""The `http` probe: one request, every phase timed, and assertions on status, headers and body."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Self
from urllib.parse import urljoin

from pydantic import AfterValidator, model_validator

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.credential import HttpAuth
from sentinel.probes.calls.phases import UNITS, added, read_phases
from sentinel.probes.calls.requests import KIB, RequestOptions
from sentinel.probes.expect.answers import REDIRECTS, ExpectedAnswer, HttpExpectations
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.wire import (
    Exchange,
    ExchangeFailed,
    InvalidRequest,
    PreparedRequest,
    days_left,
    prepare,
)

_MOST_REDIRECTS: Final = 5


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

    __slots__ = ("_cap", "_expected", "_follow", "_request", "_shows_credential", "_tools", "host")

    def __init__(self, options: HttpOptions, tools: ProbeTools) -> None:
        self._tools = tools
        self._follow = options if options.follow_redirects else None
        self._expected = ExpectedAnswer(options.expect)
        self._shows_credential = options.auth is not None or bool(options.secret_headers)
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
        finding, readings = self._expected.unmet(exchange), self._readings(exchange)
        if finding is not None and finding.failure is FailureClass.WRONG_STATUS and self._shows_credential:
            finding = _CREDENTIAL.get(exchange.status, finding)
        return measurement([] if finding is None else [finding], readings, hints=_HINTS)

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
            if exchange.status not in REDIRECTS or location is None:
                return replace(exchange, phases=phases)
            before = phases
            url = _joined(url, location)
            options = _redirected(options, exchange.status)
            request = _same_origin(_prepare_at(url, options, self._tools), self._request)
        raise _RedirectRefused(f"more than {_MOST_REDIRECTS} redirects")


#: What these statuses are for who has shown a credential and does not expect them.
_CREDENTIAL: Final = {
    401: Finding(
        FailureClass.CREDENTIAL_REFUSED,
        "status 401: Sentinel's credential is refused",
        "Renew it in `auth` or `secret_headers`: it may have run out, been revoked or changed.",
    ),
    403: Finding(
        FailureClass.NOT_PERMITTED,
        "status 403: Sentinel's credential may not ask this",
        "Grant it the right to ask this address, or ask one that it may.",
    ),
}
_HINTS: Final = {
    "response_time": "Run the check by hand (`sentinel check`) to see where the time goes: `first_byte` is the service's own, "
    "`resolve`, `connect` and `tls` are the way there.",
    "first_byte": "The service takes its time: its load, its database, and what it calls itself.",
    "certificate_days": "Renew the certificate, reload what serves it, and see why it was not renewed by itself.",
}


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


def _idle(options: Any) -> Mapping[str, str]:
    encrypted = options.follow_redirects or options.url.startswith("https:")
    return idle_unless(encrypted, "an address with https://", "tls", "certificate_days")


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
    lower_is_worse=frozenset({"certificate_days"}),
    main="response_time",
    build=_build,
    idle=_idle,
)
