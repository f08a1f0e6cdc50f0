"""What stands around every page: who looks, where they are, how things stand, and the answer that carries it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sentinel.base.escaping import escaping
from sentinel.core.access import Principal, Role, Scope, Via
from sentinel.core.rule import Severity
from sentinel.reports import drawing
from sentinel.reports.documents import IncidentLine
from sentinel.web.access import principal
from sentinel.web.monitor import Monitor
from sentinel.web.pages import deployed
from sentinel.web.pages.assets import Assets
from sentinel.web.pages.words import FILTERS
from sentinel.web.sign_in import csrf

#: The cookie that holds how the visitor wants pages to look.
THEME_COOKIE: Final = "sentinel-theme"
THEMES: Final = ("light", "dark")

#: What a page may load and do: its own style and script, pictures, forms to here; nothing inline, nothing foreign, no frames.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

#: What a form that was taken led to, by the word in the address of the page that is shown then.
NOTICES: Final = {
    "acknowledge": "You have taken the incident. Nothing escalates while you hold it.",
    "unacknowledge": "The incident is nobody's again, and escalates as before.",
    "resolve": "The incident is resolved. If results go on to be bad, another one opens.",
    "comment": "Your comment stands on the timeline.",
    "assign": "It is written down whose it is.",
    "veto": "The command is stopped.",
    "run": "The check has run; below is what it found.",
    "silence": "The silence is kept. Everything is still measured, and its end is told.",
    "silence-end": "The silence has ended. What it muted and is still bad is told now.",
    "silence-extend": "The silence ends later now.",
    "window": "The window is planned.",
    "window-end": "The window has ended, or was called off.",
    "window-extend": "The window ends later now.",
    "post": "It stands on the status page.",
    "post-edit": "The status page says it in these words now.",
    "post-withdraw": "It is gone from the status page and from its feeds.",
    "deploy-start": "The deployment has begun: its window is open, and its stakeholders are told.",
    "deploy-note": "It stands on the timeline.",
    "deploy-extend": "The window ends later now.",
    "deploy-watch": "The window is over, and the watch has begun.",
    "deploy-finish": "The deployment is over.",
    "deploy-fail": "The deployment counts as failed; what is configured for that happens.",
    "deploy-accept": "The deployment stands as it is, and its incident ends.",
    "deploy-veto": "The rollback is stopped.",
    "deploy-verify": "The checks run; what they find stands below soon.",
    "deploy-rollback": "The rollback is ordered. It runs once.",
    "test": "The test message is on its way; this page shows how it went.",
    "redrive": "The messages are sent again.",
    "drop": "The messages are put away.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page that the navigation leads to."""

    name: str
    path: str
    title: str


PLACES: Final = (
    Place(name="overview", path="/", title="Overview"),
    Place(name="incidents", path="/incidents", title="Incidents"),
    Place(name="quiet", path="/quiet", title="Quiet"),
    Place(name="figures", path="/figures", title="Figures"),
    Place(name="reports", path="/reports", title="Reports"),
    Place(name="channels", path="/channels", title="Channels"),
    Place(name="sentinel", path="/sentinel", title="Sentinel"),
)

#: Only where there is a public status page.
POSTS: Final = Place(name="posts", path="/posts", title="Posts")

#: Only where deployments are configured.
DEPLOYMENTS: Final = Place(name="deployments", path="/deployments", title="Deployments")

#: Only for administrators.
JOURNAL: Final = Place(name="journal", path="/journal", title="Journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the layout of every page shows."""

    title: str
    here: str  # name of the place; empty: none of them
    source: str  # name of this Sentinel
    me: Principal
    may_operate: bool
    may_administer: bool
    is_nobody: bool  # who looks did not sign in
    can_sign_in: bool  # whether there are people who can
    token: Markup  # the hidden field of forms
    theme: str  # empty: as the device has it
    version: int  # of what is shown
    worst: Severity
    open_incidents: int
    path: str  # of this page, with its question
    still: bool  # it answers a form, and cannot be fetched again; or is not to change; or who looks may not follow what happens
    notice: str
    problem: str  # why what was asked for was not done
    hint: str
    assets: Assets
    places: Sequence[Place]


class Renderer:
    """Makes pages of templates and documents."""

    def __init__(self, monitor: Monitor, source: str, assets: Assets) -> None:
        self._monitor = monitor
        self._source = source
        self._assets = assets
        self._environment = environment()
        # A page takes some ten milliseconds: not on the loop that schedules probes.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="pages")

    def close(self) -> None:
        self._writer.shutdown(wait=False)  # pages that are being made are given

    def titles(self, lines: Iterable[IncidentLine]) -> Mapping[str, str]:
        """The titles of the checks that incidents are of, by name; of one that the plan has no more, none."""
        names = {line.check for line in lines}
        return {one.check.name: one.check.label for one in self._monitor.snapshot() if one.check.name in names}

    async def answer(
        self,
        request: Request,
        template: str,
        *,
        title: str,
        here: str = "",
        status: int = 200,
        problem: str = "",
        hint: str = "",
        still: bool = False,
        **given: Any,
    ) -> Response:
        """The page of a template.

        Args:
            request: that asks for it.
            template: name of its file.
            title: of the page.
            here: name of the place in the navigation.
            status: of the answer.
            problem: why what was asked for was not done; empty: nothing was asked, or it was done.
            hint: what a person can do about it.
            still: whether it stays as it is however much happens.
            given: what the template shows.
        """
        frame = self._frame(request, title, here, problem, hint, still=still)
        write = partial(self._environment.get_template(template).render, frame=frame, **given)
        text = await asyncio.get_running_loop().run_in_executor(self._writer, write)
        return HTMLResponse(text, status, {"content-security-policy": POLICY})

    def _frame(self, request: Request, title: str, here: str, problem: str, hint: str, *, still: bool) -> Frame:
        me = principal(request)
        theme = request.cookies.get(THEME_COOKIE, "")
        question = f"?{request.url.query}" if request.url.query else ""
        # Who has not signed in learns nothing by the door, or by a page that is not there.
        is_open, worst = self._now() if me.may(Role.VIEWER, Scope.STATUS) else (0, Severity.OK)
        return Frame(
            title=title,
            here=here,
            source=self._source,
            me=me,
            may_operate=me.may(Role.OPERATOR),
            may_administer=me.may(Role.ADMIN),
            is_nobody=me.via is Via.NOBODY,
            can_sign_in=self._monitor.plan.web.access.people,
            token=csrf.field(request),
            theme=theme if theme in THEMES else "",
            version=self._monitor.faces.version,
            worst=worst,
            open_incidents=is_open,
            path=request.url.path + question if request.method == "GET" else "/",
            still=still or request.method not in ("GET", "HEAD") or not me.may(Role.VIEWER, Scope.READ),
            notice=NOTICES.get(request.query_params.get("done", ""), "") if not problem else "",
            problem=problem,
            hint=hint,
            assets=self._assets,
            places=self._places(me),
        )

    def _places(self, me: Principal) -> Sequence[Place]:
        plan = self._monitor.plan
        deployed = (DEPLOYMENTS,) if plan.deployments else ()
        posted = (POSTS,) if plan.status_page is not None else ()
        places = (*PLACES[:2], *deployed, *PLACES[2:5], *posted, *PLACES[5:])
        return (*places, JOURNAL) if me.may(Role.ADMIN, Scope.READ) else places

    def _now(self) -> tuple[int, Severity]:
        """How many incidents are open, and the worst of them."""
        troubles = [
            one.incident for one in self._monitor.snapshot() if one.incident is not None and one.incident.is_open
        ]
        worst = max((one.severity for one in troubles), key=lambda one: one.urgency, default=Severity.OK)
        return len(troubles), worst


@cache
def environment() -> Environment:
    """The templates of the pages."""
    made = escaping("sentinel.web.pages")
    made.filters.update(FILTERS)
    made.filters.update(deployed.FILTERS)
    made.filters.update({name: _drawn(draw) for name, draw in _DRAWINGS.items()})
    return made


_DRAWINGS: Final = {"strip": drawing.strip, "sparkline": drawing.sparkline, "chart": drawing.chart}


#: Only a drawing in a file of its own has to say what it is; a page has a hundred of them.
_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'


def _drawn(draw: Any) -> Any:
    """A drawing as a filter: its template has escaped every text in it."""
    return lambda *given, **more: Markup(draw(*given, **more).replace(_NAMESPACE, "", 1))  # noqa: S704  # escaped there
