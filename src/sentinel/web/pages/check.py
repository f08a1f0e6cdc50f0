"""The page of one check: how it went over a time, its rules, its last results, and a run by hand."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.keeper import NotDone
from sentinel.base.errors import SentinelError
from sentinel.core.access import Role
from sentinel.reports.check import CheckDocument, Stretch
from sentinel.web.access import principal
from sentinel.web.monitor import Monitor
from sentinel.web.pages import forms
from sentinel.web.pages.frame import Renderer
from sentinel.web.pages.words import segment
from sentinel.web.payload import LONGEST_REASON, BadRequest, duration, line
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Rule, rule

#: Charts that stand on the page at once; the readings of some kinds are dozens.
MOST_CHARTS: Final = 12

#: Numbers of which no mean says anything.
UNDRAWN: Final = frozenset({"status"})

#: For how long a check is silenced by a choice.
HOLDS: Final = ("1h", "4h", "24h", "7d")

#: Width and height of a chart over the whole page, and of one beside another or on a phone, in pixels; pages scale them.
WIDE, SMALL = (1160, 260), (540, 220)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch that can be chosen."""

    stretch: Stretch
    chosen: bool
    path: str


class CheckPage:
    """Shows a check."""

    def __init__(self, monitor: Monitor, renderer: Renderer) -> None:
        self._monitor = monitor
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/checks/{name}", self.show, least=Role.VIEWER),
            rule("/checks/{name}/run", self.run, least=Role.OPERATOR, methods=("POST",), doing="check.run"),
            rule("/checks/{name}/silence", self.silence, least=Role.OPERATOR, methods=("POST",), doing="silence.add"),
        )

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def run(self, request: Request) -> Response:
        """Run it now; the page shows what came of it."""
        name = request.path_params["name"]
        try:
            found = await self._monitor.run_check(name)
        except SentinelError as error:
            return await self._page(request, status=503, problem=str(error), hint=error.hint)
        if found is None:
            raise HTTPException(404, "there is no such check")
        return RedirectResponse(f"{path_of(name)}?done=run", 303)

    async def silence(self, request: Request) -> Response:
        """Mute it for a while."""
        form = await forms.read(request)
        name = request.path_params["name"]
        try:
            why, hold = line(form.given("why"), "why", LONGEST_REASON), duration(form.text("for"))
            made = await self._monitor.silences.add_for_check(name, principal(request).name, why, hold)
        except (BadRequest, NotDone) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        tell(request, subject=f"silence {made.id}", detail=f"check {name}; for {form.text('for')}")
        return RedirectResponse(f"{path_of(name)}?done=silence", 303)

    async def _page(self, request: Request, *, status: int = 200, problem: str = "", hint: str = "") -> Response:
        name, chosen = request.path_params["name"], stretch_of(request.query_params.get("for", ""))
        document = await self._monitor.faces.check(name, chosen)
        if document is None:
            raise HTTPException(404, f"there is no check {name}")
        charts = [chart for chart in document.charts if chart.reading not in UNDRAWN]
        return await self._renderer.answer(
            request,
            "check.html",
            title=document.line.title or name,
            here="overview",
            status=status,
            problem=problem,
            hint=hint,
            document=document,
            charts=charts[:MOST_CHARTS],
            left_out=max(0, len(charts) - MOST_CHARTS),
            periods=periods(document),
            holds=HOLDS,
            wide=WIDE,
            small=SMALL,
        )


def refused(error: Exception) -> int:
    """The status of the answer to what could not be done."""
    return 400 if isinstance(error, BadRequest) else 409


def path_of(name: str) -> str:
    """The address of a check's page."""
    return f"/checks/{segment(name)}"


def stretch_of(text: str) -> Stretch:
    """The stretch in an address; a day where there is none."""
    return next((one for one in Stretch if one.value == text), Stretch.DAY)


def periods(document: CheckDocument) -> tuple[Period, ...]:
    """The stretches that can be chosen."""
    path = path_of(document.line.name)
    return tuple(Period(stretch=one, chosen=one is document.stretch, path=f"{path}?for={one.value}") for one in Stretch)
