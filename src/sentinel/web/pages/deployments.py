"""Deployments: the list with what goes on, and one of them with what people do about it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.deploying.asking import AskedVerification, Deployments
from sentinel.app.keeper import NotDone
from sentinel.app.library import deployment_files
from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.deployment.deployment import Ending, Phase, Ran
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.reports.check import Mark, ReadingChart, Stretch
from sentinel.reports.deployment import DeploymentDocument
from sentinel.reports.documents import DeploymentLine
from sentinel.reports.forms.library import ReportFile
from sentinel.web.access import principal
from sentinel.web.deployment_shapes import (
    EXTEND,
    FINISH,
    FOR,
    LONGER,
    MAYBE_WHY,
    NOTE,
    ROLLBACK,
    START,
    TEXT,
    TOOK,
    WATCH,
    asked_rollback,
    asked_start,
)
from sentinel.web.fields import Given, Shape
from sentinel.web.monitor import Monitor
from sentinel.web.pages import forms
from sentinel.web.pages.check import SMALL, WIDE, path_of, refused
from sentinel.web.pages.deployed import Progress, doings, progress, undone_why
from sentinel.web.pages.figures import Option
from sentinel.web.pages.forms import Form
from sentinel.web.pages.frame import Renderer
from sentinel.web.pages.overview import LONGEST_TEXT, page_number, pager
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, BadRequest
from sentinel.web.shapes import BY, BY_WHY, WHY
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Deployments that are over on one page of the list.
PER_PAGE: Final = 25

#: Lines of a timeline that stand on the page, the latest; its document has all.
MOST_LINES: Final = 200

#: Comparisons of one point that stand open, the worst.
MOST_COMPARED: Final = 8

_DAY: Final = timedelta(days=1)

#: What a chart shows before a deployment and after its end.
AROUND: Final = timedelta(hours=1)

_Doing = Callable[[Deployments, int, Given], Awaitable[DeploymentDocument]]

#: What each form of a deployment brings, and what becomes of it.
DOINGS: Final[Mapping[str, tuple[Shape, _Doing]]] = {
    "note": (NOTE, lambda desk, number, given: desk.note(number, given[BY], given[TEXT], given[TOOK])),
    "extend": (EXTEND, lambda desk, number, given: desk.extend(number, given[BY], given[LONGER])),
    "watch": (WATCH, lambda desk, number, given: desk.watch(number, given[BY], given[FOR])),
    "finish": (FINISH, lambda desk, number, given: desk.finish(number, given[BY], given[MAYBE_WHY])),
    "fail": (BY_WHY, lambda desk, number, given: desk.fail(number, given[BY], given[WHY])),
    "accept": (BY_WHY, lambda desk, number, given: desk.accept(number, given[BY], given[WHY])),
    "veto": (BY_WHY, lambda desk, number, given: desk.veto(number, given[BY], given[WHY])),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a deployment that goes on says in the list."""

    document: DeploymentDocument
    why: str  # it is rolled back; empty: it is not
    watch: Progress | None
    veto: timedelta | None  # how long its rollback may still be stopped
    proven_by: datetime | None  # until when the checks have to prove its rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a check went around a deployment."""

    check: str
    chart: ReadingChart
    marks: tuple[Mark, ...]
    since: datetime
    until: datetime
    path: str  # of the check's page


class DeploymentPages:
    """Shows deployments, and takes in what people do about them. Only where deployments are configured."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/deployments", self.all, least=Role.VIEWER),
            _doing("/deployments", self.start, "start"),
            rule("/deployments/{number:number}", self.one, least=Role.VIEWER),
            *(_doing(_path(word), partial(self.do, word), word) for word in DOINGS),
            _doing(_path("verify"), self.verify, "verify"),
            _doing(_path("rollback"), self.roll_back, "rollback"),
            _doing(_path("rollback/plan"), self.plan, "rollback"),
        )

    async def all(self, request: Request) -> Response:
        return await self._list(request)

    async def one(self, request: Request) -> Response:
        return await self._page(request)

    async def start(self, request: Request) -> Response:
        """Open a window and tell the stakeholders; the page of the new deployment follows."""
        form, me = await forms.read(request), principal(request).name
        names = ("system", "version", "ref", "from", "environment", "backup_id", "window", "impact")
        flags = {name: form.text(name) == "on" for name in ("expect_down", "anyway")}
        try:
            wanted = asked_start(START.of({"by": me, **form.given(*names), **flags}))
            document = await self._monitor.deployments.start(wanted)
        except (BadRequest, NotDone) as error:
            return await self._list(request, status=refused(error), problem=str(error), hint=error.hint, form=form)
        tell(request, subject=f"deployment {document.line.id}")
        return RedirectResponse(f"/deployments/{document.line.id}?done=deploy-start", 303)

    async def do(self, word: str, request: Request) -> Response:
        """Note, extend, watch, finish, fail, accept, veto."""
        form, number = await forms.read(request), request.path_params["number"]
        shape, change = DOINGS[word]
        names = [one.name for one in shape.fields if one.name != BY.name]
        try:
            given = shape.of({"by": principal(request).name, **form.given(*names)})
            await change(self._monitor.deployments, number, given)
        except (BadRequest, NotDone) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        return _back(request, f"deploy-{word}")

    async def verify(self, request: Request) -> Response:
        """Run checks once; they belong to the deployment if it goes on."""
        form, document = await forms.read(request), await self._document(request)
        me, tags = principal(request).name, tuple(form.words("tags"))
        if any(len(tag) > LONGEST_NAME for tag in tags):
            return await self._page(request, status=400, problem=f"a tag has at most {LONGEST_NAME} characters")
        try:
            await self._monitor.deployments.verify(AskedVerification(by=me, system=document.line.system, tags=tags))
        except NotDone as error:
            return await self._page(request, status=409, problem=str(error), hint=error.hint)
        return _back(request, "deploy-verify")

    async def plan(self, request: Request) -> Response:
        """Show exactly what a rollback would run, with a button that has it run. Changes nothing."""
        form, document = await forms.read(request), await self._document(request)
        try:
            wanted = asked_rollback(_wanted(request, document, form))
            run = await self._monitor.deployments.dry_run(wanted)
        except (BadRequest, NotDone) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        tell(request, subject=f"deployment {document.line.id}", detail="a dry run: nothing was changed")
        return await self._renderer.answer(
            request,
            "rollback.html",
            title=f"Roll back {document.line.label}?",
            here="deployments",
            still=True,
            document=document,
            run=run,
            form=form,
        )

    async def roll_back(self, request: Request) -> Response:
        """Order the one rollback; whoever asks has seen what it runs."""
        form, document = await forms.read(request), await self._document(request)
        try:
            wanted = asked_rollback(_wanted(request, document, form))
            if form.text("seen") != "yes":
                raise BadRequest("look first at what would run")
            await self._monitor.deployments.rollback(wanted)
        except (BadRequest, NotDone) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        return _back(request, "deploy-rollback")

    # --- Pages ------------------------------------------------------------------------------------------------------

    async def _list(
        self, request: Request, *, status: int = 200, problem: str = "", hint: str = "", form: Form | None = None
    ) -> Response:
        systems = sorted(self._monitor.plan.deployments)
        chosen = request.query_params.get("system", "")[:LONGEST_TEXT]
        chosen = chosen if chosen in systems else ""
        found = await self._monitor.deployments.all(chosen)
        if not systems and not found:
            raise HTTPException(404, "no deployments are configured")
        over = [one for one in found if one.phase is Phase.ENDED]
        pages = max(1, -(-len(over) // PER_PAGE))
        page = min(page_number(request.query_params.get("page", "")), pages)
        given, now = form or Form(), self._clock.now()
        going = [one for one in found if one.phase is not Phase.ENDED]
        rows = over[(page - 1) * PER_PAGE : page * PER_PAGE]
        return await self._renderer.answer(
            request,
            "deployments.html",
            title="Deployments",
            here="deployments",
            status=status,
            problem=problem,
            hint=hint,
            at=now,
            going=[(one, progress(one.started_at, one.window_ends_at, now), await self._card(one)) for one in going],
            rows=rows,
            whys=await self._whys(rows),
            systems=systems,
            chips=[Option(name=one, chosen=one == chosen, path=_address(one)) for one in ("", *systems)],
            chosen=chosen,
            given=given,
            opened=form is not None or request.query_params.get("new") == "1",
            pager=pager(page, pages, lambda number: _address(chosen, number)),
            longest=LONGEST_REASON,
        )

    async def _page(self, request: Request, *, status: int = 200, problem: str = "", hint: str = "") -> Response:
        document = await self._document(request)
        line, plan = document.line, self._monitor.plan.deployments.get(document.line.system)
        now = document.at
        return await self._renderer.answer(
            request,
            "deployment.html",
            title=f"Deployment {line.id}: {line.label}",
            here="deployments",
            status=status,
            problem=problem,
            hint=hint,
            document=document,
            at=now,
            window=progress(line.started_at, line.window_ends_at, now),
            watch=_watched(document, now),
            veto=_veto(document, now),
            proven_by=_proven_by(document, plan),
            course=await self._course(document),
            asked=f"?for={_stretch(line, now).value}",
            wide=WIDE,
            small=SMALL,
            files=await self._files(line.id),
            may=doings(document, plan, latest=self._is_latest(line)),
            lines=document.timeline[-MOST_LINES:],
            most_compared=MOST_COMPARED,
            earlier=max(0, len(document.timeline) - MOST_LINES),
            longest=LONGEST_REASON,
        )

    async def _card(self, line: DeploymentLine) -> Card:
        """What else the list says of one that goes on."""
        document = await self._monitor.deployments.one(line.id)
        watch, now = _watched(document, document.at), document.at
        return Card(
            document=document,
            why=undone_why(document) if document.rollback is not None else "",
            watch=watch if line.phase is Phase.WATCHING else None,
            veto=_veto(document, now),
            proven_by=_proven_by(document, self._monitor.plan.deployments.get(line.system)),
        )

    async def _whys(self, rows: Sequence[DeploymentLine]) -> Mapping[int, str]:
        """Why those were undone that were, by number."""
        undone = [one for one in rows if one.ending in (Ending.ROLLED_BACK, Ending.ROLLBACK_FAILED)]
        return {one.id: undone_why(await self._monitor.deployments.one(one.id)) for one in undone}

    async def _course(self, document: DeploymentDocument) -> Course | None:
        """How the check went that is compared worst; None where nothing is compared, or that is long ago."""
        line, names = document.line, [one.check for each in document.judgements[-1:] for one in each.comparisons]
        name, stretch = next(filter(None, names), ""), _stretch(line, document.at)
        # The steps of longer stretches are longer than most deployments.
        shown = await self._monitor.faces.check(name, stretch) if name and stretch.length <= _DAY else None
        if shown is None or not shown.charts:
            return None
        since = max(shown.since, line.started_at - AROUND)
        until = min(shown.until, (line.ended_at or document.at) + AROUND)
        points = tuple(one for one in shown.charts[0].points if since <= one.at <= until)
        chart, path = replace(shown.charts[0], points=points), f"{path_of(name)}?for={stretch.value}"
        return Course(check=name, chart=chart, marks=shown.marks, since=since, until=until, path=path)

    def _is_latest(self, line: DeploymentLine) -> bool:
        """Whether no deployment of its system came after it: one below another cannot be undone."""
        return all(one.id <= line.id for one in self._monitor.deployments.current() if one.system == line.system)

    async def _files(self, number: int) -> Sequence[ReportFile]:
        """Its document in every form that was written; none where the folder cannot be read."""
        try:
            return await deployment_files(self._monitor.plan, number)
        except OSError:
            return ()

    async def _document(self, request: Request) -> DeploymentDocument:
        try:
            return await self._monitor.deployments.one(request.path_params["number"])
        except NotDone as error:
            raise HTTPException(404, str(error)) from None


def _wanted(request: Request, document: DeploymentDocument, form: Form) -> Given:
    """A rollback as programs ask for it; raises BadRequest."""
    where: dict[str, Any] = {"quick": True} if form.text("to") == "quick" else form.given("backup_id")
    which = {"system": document.line.system, "deployment": document.line.id}
    return ROLLBACK.of({"by": principal(request).name, **which, **form.given("reason"), **where})


def _watched(document: DeploymentDocument, now: datetime) -> Progress | None:
    """How far the watch has come; None without one."""
    began, ends = document.watch_began_at, document.watch_ends_at
    return progress(began, ends, now) if began and ends else None


def _veto(document: DeploymentDocument, now: datetime) -> timedelta | None:
    """How long a rollback may still be stopped; None where none waits."""
    one = document.rollback
    waits = one is not None and document.line.phase is Phase.PROPOSED and one.state is Ran.ORDERED
    return max(one.runs_at - now, timedelta(0)) if one is not None and waits else None


def _proven_by(document: DeploymentDocument, plan: DeploymentPlan | None) -> datetime | None:
    """Until when the checks have to prove its rollback; None where they do not run."""
    one, undo = document.rollback, plan.rollback if plan is not None else None
    if document.line.phase is not Phase.VERIFYING or one is None or one.ended_at is None or undo is None:
        return None
    return one.ended_at + undo.verify_within


def _stretch(line: DeploymentLine, now: datetime) -> Stretch:
    """The shortest stretch up to now that shows a deployment, and some time before it."""
    needed = now - line.started_at + AROUND / 4
    return next((one for one in Stretch if needed <= one.length), Stretch.YEAR)


def _doing(path: str, endpoint: Endpoint, word: str) -> Rule:
    """Where a form goes, and what the journal calls it."""
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=f"deployment.{word}")


def _path(word: str) -> str:
    return f"/deployments/{{number:number}}/{word}"


def _back(request: Request, done: str) -> Response:
    number = request.path_params["number"]
    tell(request, subject=f"deployment {number}")
    return RedirectResponse(f"/deployments/{number}?done={done}", 303)


def _address(system: str, page: int = 1) -> str:
    question = urlencode([part for part in (("system", system), ("page", str(page) if page > 1 else "")) if part[1]])
    return f"/deployments?{question}" if question else "/deployments"
