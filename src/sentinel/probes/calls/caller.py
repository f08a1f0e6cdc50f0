"""Requests whose headers differ from run to run, as those with a token do."""

import asyncio
from dataclasses import dataclass
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.requests import KIB, RequestOptions, prepared
from sentinel.probes.calls.session import Account, Login, LoginRefused
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange, ExchangeFailed, InvalidRequest, TlsContexts, Transport

BODY_CAP: Final = 256 * KIB  # bytes of an answer

_SLOW_HINT: Final = "Look which of the check's readings grew; when all are as ever, raise its `timeout`."

Header = tuple[str, str]


class NotSent(Finding):
    """The request did not go out, or went out in vain for its token was refused: the target did nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Sends requests for one probe."""

    transport: Transport
    contexts: TlsContexts

    async def call(
        self,
        step: str,
        options: RequestOptions,
        deadline: float,
        *,
        headers: tuple[Header, ...] = (),
        body_cap: int = BODY_CAP,
    ) -> Exchange:
        """The answer to a request with these headers added. Raises Finding, which names the step, when there is none."""
        if asyncio.get_running_loop().time() >= deadline:
            raise NotSent(FailureClass.READ_TIMEOUT, f"{step}: the steps before it took all the time", _SLOW_HINT)
        try:
            request = prepared(options, self.contexts, more_headers=headers)
        except InvalidRequest as error:
            raise NotSent(FailureClass.INTERNAL_ERROR, f"{step}: {error}") from None
        try:
            return await self.transport.exchange(request, deadline=deadline, body_cap=body_cap)
        except ExchangeFailed as error:
            raise Finding.of_exchange(step, error) from None

    async def call_as(
        self,
        step: str,
        account: Account | None,
        options: RequestOptions,
        deadline: float,
        *,
        headers: tuple[Header, ...] = (),
        body_cap: int = BODY_CAP,
    ) -> Exchange:
        """The same with the token of an account. One that is refused is renewed, unless it is new. Raises Finding."""
        if account is None:
            return await self.call(step, options, deadline, headers=headers, body_cap=body_cap)
        token = await self._token(step, account, deadline)
        exchange = await self.call(
            step, options, deadline, headers=_joined(headers, account.header(token)), body_cap=body_cap
        )
        if exchange.status != 401 or account.is_new(token):
            return exchange
        account.forget(token)
        token = await self._token(step, account, deadline)
        return await self.call(
            step, options, deadline, headers=_joined(headers, account.header(token)), body_cap=body_cap
        )

    async def _token(self, step: str, account: Account, deadline: float) -> str:
        try:
            return await account.token(self.transport, deadline)
        except LoginRefused as refused:
            raise NotSent(refused.failure, f"{step}, {refused.explanation}", refused.hint) from None


def _joined(headers: tuple[Header, ...], shown: Header) -> tuple[Header, ...]:
    """The headers with one more; cookies share one (RFC 6265, 5.4)."""
    same = [value for name, value in headers if name == shown[0] == "Cookie"]
    others = tuple(header for header in headers if header[0] != shown[0] or not same)
    return (*others, (shown[0], "; ".join([*same, shown[1]])))


def account_of(login: Login | None, tools: ProbeTools) -> Account | None:
    """The account that a login names; shared with every probe that names the same."""
    if login is None:
        return None
    return tools.sessions.account(login, login.username, login.password, tools.clock, tools.contexts)
