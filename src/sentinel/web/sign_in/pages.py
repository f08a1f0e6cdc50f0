"""Signing in and out: by a password of the configuration, or at a provider."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote, urlsplit

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.base.clock import Clock
from sentinel.core.access import Access, OidcPlan, Role, Via
from sentinel.core.journal import Deed
from sentinel.web.access import session
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.forms import form
from sentinel.web.sign_in.guard import cookie_name
from sentinel.web.sign_in.id_token import Refused, groups_of, name_of
from sentinel.web.sign_in.journaling import line
from sentinel.web.sign_in.oidc import LONGEST_FLOW, Provider
from sentinel.web.sign_in.passwords import Passwords, TooBusy
from sentinel.web.sign_in.rules import SIGN_IN, Rule, rule
from sentinel.web.sign_in.tries import Tries, network_of

log = structlog.get_logger()

#: Makes a page of a template: `Renderer.answer` of the dashboard.
Show = Callable[..., Awaitable[Response]]

BACK: Final = f"{SIGN_IN}/oidc/back"

#: What ties a sign-in at a provider to the browser that began it; over https no other host can plant it.
FLOW_COOKIE: Final = "sentinel-flow"

#: Characters of an address within this host to which a sign-in leads.
LONGEST_PATH: Final = 2_000

#: Characters of a name that the page is shown with again.
LONGEST_NAME: Final = 64

WRONG: Final = "The name or the password is not right."
NOT_IN: Final = "You are not let in. Ask whoever runs this Sentinel, or sign in again."


class SignInPages:
    """The way in and out of one listener."""

    def __init__(self, monitor: Monitor, clock: Clock, show: Show) -> None:
        self._monitor = monitor
        self._clock = clock
        self._tries = Tries(clock)
        self._show = show
        self._passwords = Passwords()
        self._provider: Provider | None = None

    def close(self) -> None:
        self._passwords.close()

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule(SIGN_IN, self.page, least=None),
            rule(SIGN_IN, self.enter, least=None, methods=("POST",)),
            rule(f"{SIGN_IN}/oidc", self.begin, least=None),
            rule(BACK, self.back, least=None),
            rule("/sign-out", self.leave, least=Role.VIEWER, methods=("POST",), doing="session.end"),
        )

    async def page(self, request: Request) -> Response:
        """Where people say who they are."""
        if session(request):
            return RedirectResponse(local_path(request.query_params.get("to", "")), 303)
        return await self._page(request, local_path(request.query_params.get("to", "")))

    async def enter(self, request: Request) -> Response:
        """Take a name and a password."""
        fields = await form(request)
        name, to, address = fields.get("name", "").strip(), local_path(fields.get("to", "")), _address(request)
        wait = self._tries.wait(address, name)
        if wait:
            return await self._page(
                request, to, 429, problem=f"Too many tries. Try again in {wait + 1:.0f} s.", wait=wait, name=name
            )
        # Counted before it is looked at: of many at once all would be looked at before the first one has failed.
        self._tries.failed(address, name)
        try:
            user = await self._passwords.right(self._access.users, name, fields.get("password", ""))
        except TooBusy:
            self._tries.taken_back(address, name)
            raise
        if user is None:
            await self._refused(request, Via.PASSWORD, name if name in self._access.users else "", "wrong password")
            return await self._page(request, to, 401, problem=WRONG, name=name)
        self._tries.succeeded(address, name)
        return await self._let_in(request, user.name, user.role, Via.PASSWORD, user.stamp, to)

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        provider, to = self._at_provider(), local_path(request.query_params.get("to", ""))
        try:
            address, key = await provider.begin(self._back(request), to, network_of(_address(request)))
        except Refused as refusal:
            log.warning("oidc.cannot_begin", why=str(refusal))
            return await self._page(request, to, 503, problem=f"{refusal}.")
        answer = RedirectResponse(address, 303)
        _set_cookie(answer, request, _flow_cookie(request), key, int(LONGEST_FLOW))
        return answer

    async def back(self, request: Request) -> Response:
        """The provider has sent the browser back."""
        provider, address = self._at_provider(), _address(request)
        if wait := self._tries.wait(address, ""):
            return await self._page(
                request, "/", 429, problem=f"Too many tries. Try again in {wait + 1:.0f} s.", wait=wait
            )
        try:
            claims, to = await provider.finish(
                request.cookies.get(_flow_cookie(request), ""), dict(request.query_params)
            )
            name, role = name_of(claims, provider.plan.name_claim), _role(provider.plan, claims)
        except Refused as refusal:
            self._tries.failed(address, "")
            log.warning("oidc.refused", why=str(refusal))
            await self._refused(request, Via.OIDC, "", str(refusal))
            return await self._page(request, "/", 401, problem=NOT_IN)
        answer = await self._let_in(request, name, role, Via.OIDC, provider.plan.stamp, to)
        answer.delete_cookie(_flow_cookie(request), secure=request.url.scheme == "https", httponly=True)
        return answer

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        await self._monitor.sessions.close(session(request))
        answer = RedirectResponse(SIGN_IN, 303, {"clear-site-data": '"cache"'})
        answer.delete_cookie(cookie_name(request.url.scheme), secure=request.url.scheme == "https", httponly=True)
        return answer

    @property
    def _access(self) -> Access:
        return self._monitor.plan.web.access

    async def _let_in(self, request: Request, name: str, role: Role, via: Via, stamp: str, to: str) -> Response:
        """A session of its own for each sign-in: an id that somebody planted before is worth nothing."""
        deed = self._deed(request, via, name, "session.begin", f"as {role.label}")
        async with self._monitor.journal.doing(deed):
            if known := session(request):
                await self._monitor.sessions.close(known)
            shown = await self._monitor.sessions.open(name, role, via, stamp)
        answer = RedirectResponse(to, 303)
        _set_cookie(answer, request, cookie_name(request.url.scheme), shown, int(self._access.longest.total_seconds()))
        return answer

    async def _refused(self, request: Request, via: Via, name: str, why: str) -> None:
        """Nothing of what was typed is kept unless it is a name that is known: people type passwords there, too."""
        await self._monitor.journal.note(self._deed(request, via, name, "session.refused", why))

    def _deed(self, request: Request, via: Via, name: str, action: str, detail: str) -> Deed:
        return Deed(
            at=self._clock.now(),
            by=name,
            via=via,
            action=action,
            subject="session",
            detail=line(f"{detail}, from {_address(request)}"),
        )

    def _at_provider(self) -> Provider:
        """The provider that the configuration in force names; raises HTTPException 404."""
        plan = self._access.oidc
        if plan is None:
            raise HTTPException(404)
        if self._provider is None or self._provider.plan != plan:
            self._provider = Provider(plan, self._clock)
        return self._provider

    def _back(self, request: Request) -> str:
        link = self._monitor.plan.link
        base = link or f"{request.url.scheme}://{request.headers.get('host', '')}"
        parts = urlsplit(base)
        return f"{parts.scheme}://{parts.netloc}{BACK}"

    async def _page(
        self, request: Request, to: str, status: int = 200, *, problem: str = "", wait: float = 0.0, name: str = ""
    ) -> Response:
        oidc = self._access.oidc
        given: dict[str, Any] = {
            "to": to,
            "wrong": problem,
            "name": name[:LONGEST_NAME],  # who mistyped a password need not type this again
            "by_password": bool(self._access.users),
            "elsewhere": oidc.title if oidc else "",
            "elsewhere_at": f"{SIGN_IN}/oidc?to={quote(to, safe='')}",
        }
        answer = await self._show(request, "sign-in.html", title="Sign in", status=status, **given)
        if wait:
            answer.headers["retry-after"] = str(int(wait) + 1)
        return answer


def local_path(wanted: str) -> str:
    """Where to go on this host; `/` for what leads elsewhere. Browsers take `\\` for `/`, and leave tabs and newlines out."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or len(wanted) > LONGEST_PATH:
        return "/"
    if not wanted.isascii() or not wanted.isprintable() or "\\" in wanted or wanted.startswith(SIGN_IN):
        return "/"
    return wanted


def _role(plan: OidcPlan, claims: Any) -> Role:
    role = plan.role_of(groups_of(claims, plan.roles_claim))
    if role is None:
        raise Refused("who signed in is in none of the groups that may come in")
    return role


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _flow_cookie(request: Request) -> str:
    return f"__Host-{FLOW_COOKIE}" if request.url.scheme == "https" else FLOW_COOKIE


def _set_cookie(answer: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """Out of reach for scripts. `Lax` and not `Strict`: a link in a mail leads to the page, and not to signing in again."""
    answer.set_cookie(
        name, value, max_age=seconds, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
