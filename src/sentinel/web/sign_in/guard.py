"""Finds out who asks, before anything is answered: by a token, by a session's cookie, or nobody."""

import hmac
from dataclasses import replace
from hashlib import sha256

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.config.access import is_loopback
from sentinel.core.access import Access, ApiToken, Principal, Role, Via
from sentinel.core.access import Scope as Part
from sentinel.core.journal import Deed
from sentinel.web.access import PRINCIPAL, SESSION
from sentinel.web.answers import json_answer
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.csrf import comes_from_elsewhere, own_origins
from sentinel.web.sign_in.journaling import CLOCK, JOURNAL
from sentinel.web.sign_in.tries import Tries

log = structlog.get_logger()

#: With this prefix a browser takes the cookie over https alone, for this host alone (RFC 6265bis, 4.1.3.2).
SECURE_COOKIE, PLAIN_COOKIE = "__Host-sentinel", "sentinel"

#: Addresses that programs of elsewhere ask; each has a secret or a signature of its own.
FOR_PROGRAMS = ("/ping/", "/slack/", "/hooks/")

#: A browser that was here over https comes back over https, for a year.
HSTS = "max-age=31536000"


def cookie_name(scheme: str) -> str:
    """What the session's cookie is called."""
    return SECURE_COOKIE if scheme == "https" else PLAIN_COOKIE


class OwnerGuard:
    """Of the local socket: whoever may open its file may everything."""

    def __init__(self, app: ASGIApp, monitor: Monitor, clock: Clock) -> None:
        self._app = app
        self._monitor = monitor
        self._clock = clock
        self._owner = Principal(name="", role=Role.ADMIN, via=Via.SOCKET)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PRINCIPAL], scope[SESSION] = self._owner, ""
        scope[JOURNAL], scope[CLOCK] = self._monitor.journal, self._clock
        await self._app(scope, receive, send)


class Guard:
    """Of the TCP port."""

    def __init__(self, app: ASGIApp, monitor: Monitor, clock: Clock, host: str) -> None:
        self._app = app
        self._is_local = is_loopback(host)  # where Sentinel listens until a restart, whatever a reload says
        self._monitor = monitor
        self._clock = clock
        self._tries = Tries(clock)  # of tokens alone: a program with an old one must not make people wait who sign in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, plan = Headers(scope=scope), self._monitor.plan
        scope[JOURNAL], scope[CLOCK] = self._monitor.journal, self._clock
        scope["sentinel.people"] = plan.web.access.people
        origins = own_origins(scope["scheme"], headers.get("host", ""), plan.link)
        for_programs = scope["path"].startswith(FOR_PROGRAMS)
        if not for_programs and comes_from_elsewhere(scope["method"], headers, origins):
            await json_answer({"error": "a page of another site asked for this"}, 403)(scope, receive, send)
            return
        shown = None if for_programs else _bearer(headers)
        if shown is not None:
            refusal = await self._by_token(scope, shown)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        else:
            self._by_session(scope, headers)
        await self._app(scope, receive, _with_hsts(send) if scope["scheme"] == "https" else send)

    def _by_session(self, scope: Scope, headers: Headers) -> None:
        known = cookie_parser(headers.get("cookie", "")).get(cookie_name(scope["scheme"]), "")
        found = self._monitor.sessions.find(known) if known else None
        scope[PRINCIPAL] = found or self._visitor()
        scope[SESSION] = known if found else ""

    def _visitor(self) -> Principal:
        """Somebody who has not said who they are. Only those on this host may look at everything, and a proxy brings others."""
        access = self._monitor.plan.web.access
        if self._is_local and not access.proxies:
            return access.visitor
        return replace(access.visitor, scopes=access.visitor.scopes - {Part.READ})

    async def _by_token(self, scope: Scope, shown: str) -> Response | None:
        """Let a program in, or say why not. One that is right is never slowed down by others that are wrong."""
        token = find(self._monitor.plan.web.access, shown, self._clock)
        if token is None:
            return await self._wrong_token((scope.get("client") or ("",))[0])
        scope[PRINCIPAL] = Principal(name=token.name, role=token.role, via=Via.TOKEN, scopes=token.scopes)
        scope[SESSION] = ""
        return None

    async def _wrong_token(self, address: str) -> Response:
        """Tell the journal, unless it has heard enough of this address for the moment."""
        if wait := self._tries.wait(address, ""):
            answer = json_answer({"error": "too many tokens that were wrong", "hint": "see `retry-after`"}, 429)
            answer.headers["retry-after"] = str(int(wait) + 1)
            return answer
        self._tries.failed(address, "")
        now, detail = self._clock.now(), f"from {address}"
        deed = Deed(at=now, by="", via=Via.TOKEN, action="token.refused", subject="", detail=detail)
        try:
            await self._monitor.journal.note(deed)
        except StoreError as error:
            log.warning("token.refused", address=address, not_in_the_journal=str(error))
        return json_answer({"error": "the token is not known, or no longer good"}, 401)


def find(access: Access, shown: str, clock: Clock) -> ApiToken | None:
    """The token that was shown, when it is good. All are looked at, so that the time tells nothing."""
    digest = sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()
    found: ApiToken | None = None
    for token in access.tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    if found is None or (found.until is not None and clock.now().date() > found.until):
        return None
    return found


def _bearer(headers: Headers) -> str | None:
    """What stands behind `Authorization: Bearer`; None where no token is shown."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _with_hsts(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("strict-transport-security", HSTS)
        await send(message)

    return sending
