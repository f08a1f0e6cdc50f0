"""Wrong passwords: one must be refused, and many must lock the account. Never tried with Sentinel's own user."""

import secrets
from datetime import timedelta
from typing import Final

from sentinel.base.redact import Secret
from sentinel.core.result import FailureClass
from sentinel.probes.auth.options import AuthOptions, Lockout, WrongPassword
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.session import Account, login_request
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange, ExchangeFailed

_ANSWER_CAP: Final = 65_536  # bytes of an answer
_AGAIN: Final = timedelta(hours=1)  # between two tries of a lockout that is missing

#: Statuses that mean that the service could not say: not a refusal.
_NO_VERDICT: Final = range(500, 600)


class Passwords:
    """Tries logins that must not work."""

    def __init__(self, options: AuthOptions, account: Account, tools: ProbeTools) -> None:
        self._login = options.login
        self._account = account
        self._tools = tools

    async def refuse_wrong(self, tried: WrongPassword, deadline: float) -> None:
        """Raises Finding when a made-up password is taken."""
        whose = f"the account {tried.account}" if tried.account is not None else "a user that does not exist"
        step = f"wrong password for {whose}"
        exchange = await self._try(step, tried.account or tried.user, _made_up(), deadline)
        if self._gets_in(exchange):
            explanation = f"{step}: the login works, with status {exchange.status}"
            raise Finding(FailureClass.ACCESS_GAINED, explanation, _GAINED_HINT)

    async def lock(self, tried: Lockout, deadline: float) -> int:
        """Try wrong passwords until the account is locked; answers 0, or how many it took without being locked.

        Raises Finding when a wrong password is taken, or when there is no answer.
        """
        locked = all_of(tried.locked)
        for number in range(1, tried.attempts + 1):
            step = f"lockout, attempt {number}"
            exchange = await self._try(step, tried.account, _made_up(), deadline)
            if self._gets_in(exchange):
                explanation = f"{step}: the login works with a wrong password"
                raise Finding(FailureClass.ACCESS_GAINED, explanation, _GAINED_HINT)
            if exchange.status in locked:
                return 0
        if tried.password is None:
            return tried.attempts
        exchange = await self._try("lockout, right password", tried.account, tried.password, deadline)
        return tried.attempts if self._gets_in(exchange) else 0

    def _gets_in(self, exchange: Exchange) -> bool:
        return exchange.status < 400 and bool(self._account.token_in(exchange))

    async def _try(self, step: str, user: str, password: Secret, deadline: float) -> Exchange:
        request = login_request(self._login, user, password, self._tools.contexts)
        try:
            exchange = await self._tools.transport.exchange(request, deadline=deadline, body_cap=_ANSWER_CAP)
        except ExchangeFailed as error:
            raise Finding.of_exchange(step, error) from None
        if exchange.status in _NO_VERDICT:
            explanation = f"{step}: status {exchange.status}, expected a refusal"
            raise Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for logins.")
        return exchange


def time_to_wait(tried: Lockout, *, missing: bool) -> timedelta:
    """How long until the lockout is tried again; sooner when it was missing, so that a mended one is seen the same day."""
    return min(tried.every, _AGAIN) if missing else tried.every


def lockout_missing(attempts: int, account: str) -> Finding:
    explanation = f"the account {account} took {attempts} wrong passwords in a row and was not locked"
    return Finding(FailureClass.LOCKOUT_MISSING, explanation, _LOCKOUT_HINT)


def _made_up() -> Secret:
    return Secret(secrets.token_urlsafe(18))


_GAINED_HINT: Final = (
    "Anybody may get in with any password: see what was deployed or configured last in what checks them."
)
_LOCKOUT_HINT: Final = (
    "Passwords can be tried without end: see whether failed logins are still counted, where, and up to which limit."
)
