"""Logins, and the tokens they give: shared by every probe that uses the same account.

A refused login is not tried again for half an hour, and then ever less often, whoever asks: a monitor that tries each
minute would lock the account out.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, Self
from urllib.parse import urlencode

import orjson
from pydantic import Field, model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import SecretField
from sentinel.base.redact import Secret
from sentinel.base.units import format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.calls.cookies import set_cookies
from sentinel.probes.calls.requests import RequestOptions, prepared
from sentinel.probes.calls.tokens import claims
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange, ExchangeFailed, PreparedRequest, TlsContexts, Transport

_ANSWER_CAP: Final = 65_536  # bytes of a login's answer
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")  # what a header can carry
#: Statuses that may count as a failed attempt there; OAuth answers 400 to a wrong password (RFC 6749, 5.2).
_REFUSALS: Final = frozenset({400, 401, 403, 422, 423, 429})
_FIRST_PAUSE: Final = 1800.0  # seconds without an attempt after a refused login: at most 2 attempts an hour
_LONGEST_PAUSE: Final = 3600.0  # so that a login that was mended is seen within the hour
#: Seconds after a login in which a refusal is not the token's fault: at services that answer 401 to whoever lacks a right, each
#: refusal would cost a login and a second request.
_NEW: Final = 10.0
_UNKNOWN_LIFETIME: Final = 300.0  # seconds that a token is used for when nothing says how long it holds
_LONGEST_USE: Final = 3600.0
_MOST_STANDINGS: Final = 20_000  # more than any plan has users; the rest is what earlier plans left
_SHARE_OF_LIFE: Final = 0.8  # of its lifetime that a token is used for


class LoginWay(RequestOptions):
    """How to log in: a request with a user and password, answered by JSON with a token in it."""

    method: str = "POST"
    """The method."""
    send: Literal["json", "form"] = "json"
    """Whether user and password go as JSON or as a form."""
    username_field: str = "username"
    """The name of the field with the user."""
    password_field: str = "password"
    """The name of the field with the password."""
    more_fields: dict[str, str] = Field(default_factory=dict)
    """Other fields to send, such as `grant_type`."""
    token: JsonPath = JsonPath("access_token")
    """Where the token stands in the answer."""
    cookie: str | None = None
    """The cookie that carries the session, for services that set one; `token`, `token_header` and `scheme` do not count then."""
    lifetime: JsonPath = JsonPath("expires_in")
    """Where the answer says for how many seconds the token holds. Without it, a JWT's own `exp` counts."""
    token_header: str = "Authorization"
    """The header that the token is sent in afterwards."""
    scheme: str = "Bearer"
    """The word before the token in that header; empty for none."""

    @model_validator(mode="after")
    def _has_no_other_body(self) -> Self:
        if self.body is not None or self.json_body is not None:
            raise ValueError("no body or json here: user and password are the body; see `more_fields`")
        return self

    def fields(self, username: str, password: Secret) -> dict[str, str]:
        return {**self.more_fields, self.username_field: username, self.password_field: password.reveal()}


class Login(LoginWay):
    """How to log in, and as whom."""

    username: str
    """The user. It should be one of Sentinel's own, with no more rights than the checks need."""
    password: SecretField
    """The password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A login that worked."""

    token: str = field(repr=False)
    seconds: float  # that it took
    answer: Exchange = field(repr=False)


class LoginRefused(Finding):
    """The login did not work. `seconds`: how long the answer took, when there was one."""

    seconds: float | None = None


@dataclass(slots=True, kw_only=True)
class Standing:
    """How a user stands with a service: the token at hand, and the pause after refusals."""

    token: str = field(default="", repr=False)
    given_at: float = 0.0  # of the clock's monotonic time
    good_until: float = 0.0  # likewise
    not_before: float = 0.0  # likewise; the next login
    refusals: int = 0  # in a row; one more makes the next pause longer
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while logging in


class Account:
    """One user of one service, as one probe logs in. How that user stands there is shared with others of the same login."""

    def __init__(self, way: LoginWay, request: PreparedRequest, standing: Standing, clock: Clock) -> None:
        self._way = way
        self._request = request
        self._standing = standing
        self._clock = clock

    @property
    def host(self) -> str:
        return self._request.host

    def header(self, token: str) -> tuple[str, str]:
        """The header that shows the token."""
        if self._way.cookie is not None:
            return "Cookie", f"{self._way.cookie}={token}"
        return self._way.token_header, f"{self._way.scheme} {token}".strip()

    def at_hand(self) -> str:
        """The token of an earlier login while it should be good; empty when a login is needed."""
        return self._standing.token if self._clock.monotonic() < self._standing.good_until else ""

    async def token(self, transport: Transport, deadline: float) -> str:
        """A token that should be good: the one at hand, or that of a new login. Raises LoginRefused."""
        if token := self.at_hand():
            return token
        async with self._turn(deadline):
            if token := self.at_hand():  # somebody else has logged in meanwhile
                return token
            return (await self._try(transport, deadline)).token

    @property
    def patience(self) -> tuple[float, int]:
        """Seconds until the next login may be tried after refusals, 0 when it may be now; and how many were refused in a row."""
        return max(self._standing.not_before - self._clock.monotonic(), 0.0), self._standing.refusals

    def be_patient(self, seconds: float, refusals: int) -> None:
        """Go on with the pause of before a restart, unless a longer one is known."""
        seconds = min(seconds, _LONGEST_PAUSE)
        if seconds > self.patience[0]:
            self._standing.not_before = self._clock.monotonic() + seconds
            self._standing.refusals = max(self._standing.refusals, min(refusals, 10))

    @property
    def mark(self) -> str:
        """Differs in 255 of 256 cases when user or password do. It may be written down: it gives next to nothing of them away."""
        body = self._request.payload.partition(b"\r\n\r\n")[
            2
        ]  # the head has Sentinel's version, which an upgrade changes
        return sha256(self._way.url.encode() + b"\0" + body).hexdigest()[:2]

    def is_new(self, token: str) -> bool:
        """Whether a login has given that token just now."""
        known = self._standing
        return known.token == token and self._clock.monotonic() - known.given_at < _NEW

    def forget(self, token: str) -> None:
        """That token was refused."""
        if self._standing.token == token:
            self._standing.token = ""

    async def log_in(self, transport: Transport, deadline: float) -> LoggedIn:
        """Log in now. Raises LoginRefused, also when it is too early to try again."""
        async with self._turn(deadline):
            return await self._try(transport, deadline)

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        """One login of a user at a time, so that a refusal keeps the others from trying."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._standing.lock.acquire()
        except TimeoutError:
            raise LoginRefused(FailureClass.OVERLOADED, "login: another login of this user is under way") from None
        try:
            self._refuse_early()
            yield
        finally:
            self._standing.lock.release()

    def _refuse_early(self) -> None:
        left = self._standing.not_before - self._clock.monotonic()
        if left > 0:
            raise LoginRefused(
                _REFUSED,
                f"login: refused before, tried again in {format_duration(left)}, so that the account is not locked",
                _REFUSED_HINT,
            )

    async def _try(self, transport: Transport, deadline: float) -> LoggedIn:
        try:
            exchange = await transport.exchange(self._request, deadline=deadline, body_cap=_ANSWER_CAP)
        except ExchangeFailed as error:
            raise LoginRefused.of_exchange("login", error) from None
        seconds = exchange.phases.total
        if exchange.status in _REFUSALS:
            raise self._refused(exchange.status, seconds)
        # After a login by a form the browser is sent on to a page.
        if not 200 <= exchange.status < (300 if self._way.cookie is None else 400):
            hint = "Look at the service's log for logins."
            raise _after(seconds, LoginRefused(_FAILED, f"login: status {exchange.status}, expected 2xx", hint))
        token, lifetime = self._read(exchange)
        if not token:
            raise self._without_token(seconds)
        self._standing.refusals = 0
        self._standing.token = token
        self._standing.given_at = self._clock.monotonic()
        self._standing.good_until = self._standing.given_at + min(lifetime * _SHARE_OF_LIFE, _LONGEST_USE)
        return LoggedIn(token=token, seconds=seconds, answer=exchange)

    def _without_token(self, seconds: float) -> LoginRefused:
        if self._way.cookie is None:
            explanation = f"login: the answer has no token at {self._way.token.source}"
            return _after(seconds, LoginRefused(_FAILED, explanation, "See where the token stands, and set `token`."))
        # A form answers a wrong password with the form again, and 200: that counts as an attempt there.
        self._pause()
        explanation = f"login: the answer does not set the cookie {self._way.cookie}"
        return _after(seconds, LoginRefused(_REFUSED, explanation, _REFUSED_HINT))

    def _refused(self, status: int, seconds: float) -> LoginRefused:
        self._pause()
        return _after(seconds, LoginRefused(_REFUSED, f"login: refused with status {status}", _REFUSED_HINT))

    def _pause(self) -> None:
        pause = min(_FIRST_PAUSE * 2**self._standing.refusals, _LONGEST_PAUSE)
        self._standing.refusals = min(self._standing.refusals + 1, 10)
        self._standing.not_before = self._clock.monotonic() + pause
        self._standing.token = ""

    def token_in(self, exchange: Exchange) -> str:
        """The token that an answer to a login gives; empty when it gives none."""
        return self._read(exchange)[0]

    def _read(self, exchange: Exchange) -> tuple[str, float]:
        if self._way.cookie is not None:
            found = next((one.value for one in set_cookies(exchange) if one.name == self._way.cookie), "")
            return (found, _UNKNOWN_LIFETIME) if _TOKEN.fullmatch(found) else ("", 0.0)
        try:
            document = read_json(exchange.body)
        except ValueError:
            return "", 0.0
        token = self._way.token.find(document)
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return "", 0.0
        lifetime = self._way.lifetime.find(document)
        if isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and lifetime > 0:
            return token, float(lifetime)
        return token, self._own_lifetime(token)

    def _own_lifetime(self, token: str) -> float:
        ends = claims(token).get("exp")
        if not isinstance(ends, int | float) or isinstance(ends, bool):
            return _UNKNOWN_LIFETIME
        return max(ends - self._clock.now().timestamp(), 0.0)


_FAILED: Final = FailureClass.LOGIN_FAILED
#: Who is refused does not know whether the service is at fault or its own password. That logins work is the matter of `auth`.
_REFUSED: Final = FailureClass.CREDENTIAL_REFUSED
_REFUSED_HINT: Final = (
    "Either the service refuses logins that are good, or Sentinel's own user is: try that user and password by hand, "
    "and see whether the account is locked or its password has expired."
)


def _after(seconds: float, refused: LoginRefused) -> LoginRefused:
    refused.seconds = seconds
    return refused


def login_request(way: LoginWay, username: str, password: Secret, contexts: TlsContexts) -> PreparedRequest:
    fields = way.fields(username, password)
    if way.send == "form":
        form = way.model_copy(update={"body": urlencode(fields)})
        return prepared(form, contexts, more_headers=[("Content-Type", "application/x-www-form-urlencoded")])
    return prepared(
        way.model_copy(update={"body": orjson.dumps(fields).decode()}),
        contexts,
        more_headers=[("Content-Type", "application/json")],
    )


class Sessions:
    """How the users stand that probes log in as: who names the same login shares its token and its pause after a refusal.

    It outlives a plan, so that a reload does not repeat a login that was just refused. Another password is another login.
    """

    def __init__(self) -> None:
        self._standings: dict[bytes, Standing] = {}  # by a digest: a password that was changed is not kept

    def account(self, way: LoginWay, username: str, password: Secret, clock: Clock, contexts: TlsContexts) -> Account:
        request = login_request(way, username, password, contexts)
        return Account(way, request, self._standing(_identity(way, request)), clock)

    def _standing(self, identity: bytes) -> Standing:
        if identity not in self._standings and len(self._standings) >= _MOST_STANDINGS:
            del self._standings[next(iter(self._standings))]  # the oldest
        return self._standings.setdefault(identity, Standing())


def _identity(way: LoginWay, request: PreparedRequest) -> bytes:
    """Equal for those that log in by the same request and find the token in the same place."""
    read_by = f"{way.url} {way.token.source} {way.token_header} {way.scheme} {way.cookie}"
    return sha256(read_by.encode() + b"\0" + request.payload).digest()
