"""Renewing a token, and ending its session: what the old and the new tokens are good for afterwards."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import orjson

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.auth.options import Logout, Refresh
from sentinel.probes.calls.caller import Caller, Header
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Account, LoggedIn
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange

_REFUSED: Final = frozenset({400, 401, 403})  # OAuth answers 400 to a refresh token that is over (RFC 6749, 5.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a refresh gave."""

    token: str = field(repr=False)
    used: str = field(repr=False)  # the refresh token


class Renewal:
    """Refresh and logout of one account."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._caller = caller

    async def refresh(self, way: Refresh, session: LoggedIn, deadline: float, readings: list[Reading]) -> Renewed:
        """A new token for the one of a login. Raises Finding when there is none."""
        used = _text_at(way.token, session.answer)
        if not used:
            explanation = f"refresh: the login's answer has no refresh token at {way.token.source}"
            raise Finding(FailureClass.TOKEN_REFUSED, explanation, "See where it stands, and set `refresh.token`.")
        exchange = await self._send("refresh", way, used, session.token, deadline)
        readings.append(Reading("refresh_time", exchange.phases.total, Unit.SECONDS))
        if exchange.status in _REFUSED:
            explanation = f"refresh: refused with status {exchange.status}"
            raise Finding(FailureClass.TOKEN_REFUSED, explanation, _REFRESH_HINT)
        if not 200 <= exchange.status < 300:
            explanation = f"refresh: status {exchange.status}, expected 2xx"
            raise Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")
        token = _text_at(way.new_token, exchange)
        if not token:
            explanation = f"refresh: the answer has no token at {way.new_token.source}"
            raise Finding(FailureClass.TOKEN_REFUSED, explanation, "See where it stands, and set `refresh.new_token`.")
        return Renewed(token=token, used=used)

    async def refuse_twice(self, way: Refresh, renewed: Renewed, deadline: float) -> None:
        """Raises Finding when a refresh token can be used twice."""
        exchange = await self._send("refresh, again with the same token", way, renewed.used, renewed.token, deadline)
        if 200 <= exchange.status < 300 and _text_at(way.new_token, exchange):
            explanation = f"refresh token that was used: accepted with status {exchange.status}"
            raise Finding(FailureClass.TOKEN_ACCEPTED, explanation, _ONCE_HINT)

    async def log_out(self, way: Logout, token: str, deadline: float, readings: list[Reading]) -> None:
        """End the session. Raises Finding when the service does not."""
        exchange = await self._caller.call("logout", way, deadline, headers=(self._account.header(token),))
        readings.append(Reading("logout_time", exchange.phases.total, Unit.SECONDS))
        if exchange.status not in all_of(way.accepted):
            explanation = f"logout: status {exchange.status}, expected {' or '.join(way.accepted)}"
            raise Finding(FailureClass.WRONG_STATUS, explanation, "Look at the service's log for this request.")

    async def _send(self, step: str, way: Refresh, used: str, token: str, deadline: float) -> Exchange:
        headers = (self._account.header(token), _content_type(way))
        return await self._caller.call(step, _with_token(way, used), deadline, headers=headers)


def _with_token(way: Refresh, used: str) -> RequestOptions:
    fields = {**way.more_fields, way.field: used}
    body = urlencode(fields) if way.send == "form" else orjson.dumps(fields).decode()
    return way.model_copy(update={"body": body})


def _content_type(way: Refresh) -> Header:
    return "Content-Type", "application/x-www-form-urlencoded" if way.send == "form" else "application/json"


def _text_at(path: JsonPath, exchange: Exchange) -> str:
    try:
        found = path.find(read_json(exchange.body))
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""


_REFRESH_HINT: Final = (
    "Users are thrown out when their token ends: see what keeps refresh tokens, and whether keys were changed."
)
_ONCE_HINT: Final = "A stolen refresh token is good until it ends: see whether used ones are still remembered as used."
