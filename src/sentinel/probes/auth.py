"""The `auth` probe: the login works, its token is accepted, and tokens that must be refused are."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

from sentinel.base.fields import Options, SecretField
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.caller import Caller, Header
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Account, Login, LoginRefused
from sentinel.probes.calls.tokens import foreign, tampered
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.finding import Finding, measurement


class RefusedTokens(Options):
    """Which requests must be refused."""

    missing: bool = True
    """One without a token."""
    tampered: bool = True
    """One whose token's signature was changed."""
    foreign: bool = True
    """One whose token says the same, but is signed by a key that the service does not know."""
    expired: SecretField | None = None
    """A genuine token whose time is over; none: this is not looked at."""


class AuthOptions(Options):
    """Logs in once in every run and tries the token, and some that are none."""

    login: Login
    """How to log in, and as whom."""
    protected: RequestOptions
    """A harmless request that needs a token."""
    accepted: StatusField = ("2xx",)
    """Statuses that mean that the token was accepted."""
    refused: StatusField = ("401", "403")
    """Statuses that mean that it was refused."""
    refuse: RefusedTokens = RefusedTokens()
    """Which requests must be refused."""


class AuthProbe:
    """Never logs in more than once in a run."""

    def __init__(self, options: AuthOptions, tools: ProbeTools) -> None:
        login = options.login
        self._options = options
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._account: Account = tools.sessions.account(
            login, login.username, login.password, tools.clock, tools.contexts
        )
        self._accepted = all_of(options.accepted)
        self._refused = all_of(options.refused)
        self.host = self._account.host

    async def measure(self, deadline: float) -> Measurement:
        began = perf_counter()
        readings: list[Reading] = []
        findings: list[Finding] = []
        try:
            await self._take_steps(deadline, readings, findings)
        except Finding as finding:
            findings.append(finding)
        else:
            readings.append(Reading("response_time", perf_counter() - began, Unit.SECONDS))
        return measurement(findings, readings)

    async def close(self) -> None:
        """There is nothing to give back: a token is forgotten by itself."""

    async def _take_steps(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        token = await self._log_in(deadline, readings)
        await self._try_token(token, deadline, readings)
        for what, headers in self._to_refuse(token):
            if finding := await self._tried_in_vain(what, headers, deadline):
                findings.append(finding)

    async def _log_in(self, deadline: float, readings: list[Reading]) -> str:
        try:
            done = await self._account.log_in(self._caller.transport, deadline)
        except LoginRefused as refused:
            if refused.seconds is not None:
                readings.append(Reading("login_time", refused.seconds, Unit.SECONDS))
            if refused.failure is FailureClass.CREDENTIAL_REFUSED:
                # That login works is what this check is for: until it is tried again, it does not.
                raise LoginRefused(FailureClass.LOGIN_FAILED, refused.explanation, refused.hint) from None
            raise
        readings.append(Reading("login_time", done.seconds, Unit.SECONDS))
        return done.token

    async def _try_token(self, token: str, deadline: float, readings: list[Reading]) -> None:
        headers = (self._account.header(token),)
        exchange = await self._caller.call("good token", self._options.protected, deadline, headers=headers)
        readings.append(Reading("token_check_time", exchange.phases.total, Unit.SECONDS))
        if exchange.status in self._accepted:
            return
        if exchange.status in self._refused:
            explanation = f"good token: refused with status {exchange.status}"
            raise Finding(FailureClass.TOKEN_REFUSED, explanation, _REFUSED_HINT)
        raise self._strange("good token", exchange.status, self._options.accepted)

    def _to_refuse(self, token: str) -> list[tuple[str, tuple[Header, ...]]]:
        refuse = self._options.refuse
        tries: list[tuple[str, tuple[Header, ...]]] = []
        if refuse.missing:
            tries.append(("missing token", ()))
        if refuse.tampered:
            tries.append(("tampered token", (self._account.header(tampered(token)),)))
        if refuse.foreign:
            tries.append(("foreign token", (self._account.header(foreign(token)),)))
        if refuse.expired is not None:
            tries.append(("expired token", (self._account.header(refuse.expired.reveal()),)))
        return tries

    async def _tried_in_vain(self, what: str, headers: tuple[Header, ...], deadline: float) -> Finding | None:
        """None when the request was refused, as it must be."""
        exchange = await self._caller.call(what, self._options.protected, deadline, headers=headers)
        if exchange.status in self._refused:
            return None
        if exchange.status in self._accepted:
            explanation = f"{what}: accepted with status {exchange.status}"
            return Finding(FailureClass.TOKEN_ACCEPTED, explanation, _ACCEPTED_HINT)
        return self._strange(what, exchange.status, self._options.refused)

    @staticmethod
    def _strange(what: str, status: int, expected: tuple[str, ...]) -> Finding:
        explanation = f"{what}: status {status}, expected {' or '.join(expected)}"
        return Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")


_REFUSED_HINT: Final = "Look whether signing keys or clocks differ between what issues tokens and what verifies them."
_ACCEPTED_HINT: Final = (
    "Anybody may get in: see whether the service still verifies signature, issuer and expiry of tokens, "
    "and what was deployed or configured last."
)


def _build(options: Any, tools: ProbeTools) -> AuthProbe:
    return AuthProbe(options, tools)


READINGS: Final[Mapping[str, Unit]] = {
    "login_time": Unit.SECONDS,
    "token_check_time": Unit.SECONDS,
    "response_time": Unit.SECONDS,
}

KIND: Final = ProbeKind(
    name="auth",
    summary="Logs in, uses the token, and sees that missing, tampered, foreign and expired tokens are refused.",
    options=AuthOptions,
    readings=READINGS,
    main="login_time",
    build=_build,
)
