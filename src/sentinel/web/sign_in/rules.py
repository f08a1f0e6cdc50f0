"""Routes that say who may ask: deny by default, and everything that changes something is in the journal.

Every route of the TCP port is made by `rule`; the application refuses others. What the endpoint finds is only asked for when
who asks may have it, when a form is one of ours, and when the journal has taken down what is about to be done.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sentinel.core.access import Principal, Role, Scope, Via
from sentinel.web.access import principal, require
from sentinel.web.contract import Contract
from sentinel.web.sign_in import csrf
from sentinel.web.sign_in.forms import FORM, content_type, form
from sentinel.web.sign_in.journaling import journaled

Endpoint = Callable[[Request], Awaitable[Response]]

#: Where people sign in.
SIGN_IN = "/sign-in"


class Number(Convertor[int]):
    """A number in an address. Python refuses to read one of thousands of digits, and no store has one of twenty."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", Number())


class Rule(Route):
    """A route, and who may ask it."""

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        least: Role | None,
        scope: Scope | None,
        methods: Sequence[str],
        doing: str,
        contract: Contract | None,
    ) -> None:
        self.least = least  # None: whoever can connect
        self.scope = scope
        self.doing = doing  # its name in the journal; empty where nothing is changed
        self.contract = contract  # None: of a page, or of what speaks another's language

        async def guarded(request: Request) -> Response:
            return await _answer(request, endpoint, self)

        super().__init__(path, guarded, methods=list(methods))


def rule(
    path: str,
    endpoint: Endpoint,
    *,
    least: Role | None,
    scope: Scope | None = None,
    methods: Sequence[str] = ("GET",),
    doing: str = "",
    contract: Contract | None = None,
) -> Rule:
    """A route.

    Args:
        path: as Starlette has it.
        endpoint: answers the request.
        least: the lowest role that may ask; None: whoever can connect.
        scope: what a token needs beside its role. By default `read` for what only looks, and `act` for the rest.
        methods: that it knows.
        doing: what it does, for the journal, such as `incident.acknowledge`; empty where it changes nothing.
        contract: what it takes and answers, where programs ask.
    """
    looking = csrf.SAFE.issuperset(methods)
    usual = (Scope.READ if looking else Scope.ACT) if least is not None else None
    return Rule(path, endpoint, least=least, scope=scope or usual, methods=methods, doing=doing, contract=contract)


async def _answer(request: Request, endpoint: Endpoint, asked: Rule) -> Response:
    if asked.least is None:
        return await endpoint(request)
    try:
        asking = require(request, asked.least, asked.scope)
    except HTTPException as refusal:
        if refusal.status_code == 401 and _is_page(request) and _can_sign_in(request):
            return RedirectResponse(f"{SIGN_IN}?to={quote(_wanted(request), safe='')}", 303)
        raise
    if request.method not in csrf.SAFE:
        await _check_form(request, asking)
    if not asked.doing:
        return await endpoint(request)
    return await journaled(request, endpoint, asked.doing.format(**request.path_params))


async def _check_form(request: Request, asking: Principal) -> None:
    """Programs have no cookie that a foreign page could use, and no page can send JSON for somebody."""
    if asking.via in (Via.PASSWORD, Via.OIDC) and content_type(request) != "application/json":
        if content_type(request) != FORM:
            raise HTTPException(415, f"expected content-type application/json or {FORM}")
        csrf.check(request, await form(request))


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/metrics")) and "text/html" in request.headers.get("accept", "")


def _can_sign_in(request: Request) -> bool:
    return bool(request.scope.get("sentinel.people")) and principal(request).via is Via.NOBODY


def _wanted(request: Request) -> str:
    """Where to go after signing in: back to the page; what would have been done is not done by itself."""
    if request.method not in csrf.SAFE:
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
