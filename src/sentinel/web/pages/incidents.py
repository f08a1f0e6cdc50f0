"""Incidents: the list, and one of them with what people do about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.keeper import NotDone
from sentinel.app.telling import NothingToStop
from sentinel.base.clock import Clock
from sentinel.core.access import Principal, Role
from sentinel.core.deployment.check import name_of
from sentinel.core.incident import Phase, Refusal
from sentinel.reports.documents import DeploymentLine, IncidentLine
from sentinel.reports.incident import IncidentDocument
from sentinel.web.access import principal
from sentinel.web.doings import DOINGS
from sentinel.web.incidents import REFUSALS, lines
from sentinel.web.monitor import Monitor
from sentinel.web.pages import forms
from sentinel.web.pages.check import HOLDS, refused
from sentinel.web.pages.forms import Form, as_body
from sentinel.web.pages.frame import Renderer
from sentinel.web.pages.overview import LONGEST_TEXT, page_number, pager
from sentinel.web.payload import LONGEST_REASON, BadRequest, duration, line
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Incidents on one page of the list.
PER_PAGE: Final = 50

#: How far back the list can go.
PASTS: Final = {
    "open": timedelta(0),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
}

#: What the forms of an incident bring.
FIELDS: Final = {
    "acknowledge": ("why", "for"),
    "unacknowledge": ("why",),
    "resolve": ("why",),
    "comment": ("text",),
    "assign": ("to",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A time that the list can go back."""

    name: str
    chosen: bool
    path: str


class IncidentPages:
    """Shows incidents, and takes in what people do with them."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/incidents", self.all, least=Role.VIEWER),
            rule("/incidents/{number:number}", self.one, least=Role.VIEWER),
            _doing("silence", self.silence, "silence.add"),
            _doing("veto", self.veto, "incident.veto"),
            *(_doing(word, partial(self.do, word), f"incident.{word}") for word in FIELDS),
        )

    async def all(self, request: Request) -> Response:
        query, now = request.query_params, self._clock.now()
        chosen = query.get("since", "") if query.get("since", "") in PASTS else "open"
        text = query.get("text", "").strip()[:LONGEST_TEXT]
        found = await self._lines(now, PASTS[chosen], text)
        pages = max(1, -(-len(found) // PER_PAGE))
        page = min(page_number(query.get("page", "")), pages)
        rows = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        return await self._renderer.answer(
            request,
            "incidents.html",
            title="Incidents",
            here="incidents",
            at=now,
            rows=rows,
            titles=self._renderer.titles(rows),
            found=len(found),
            chosen=chosen,
            text=text,
            pasts=[Past(name=name, chosen=name == chosen, path=_address(name, text)) for name in PASTS],
            pager=pager(page, pages, lambda number: _address(chosen, text, number)),
        )

    async def one(self, request: Request) -> Response:
        return await self._page(request)

    async def do(self, doing: str, request: Request) -> Response:
        """Acknowledge, give back, resolve, comment, assign."""
        number, form = request.path_params["number"], await forms.read(request)
        try:
            event = DOINGS[doing](_body(form, doing, principal(request)))
        except BadRequest as error:
            return await self._page(request, status=400, problem=str(error))
        answer = await self._monitor.meet(number, event)
        if isinstance(answer, Refusal) and answer is not Refusal.ALREADY_YOURS:  # a button that was pressed twice
            return await self._refused(request, answer)
        return _back(form, number, doing)

    async def silence(self, request: Request) -> Response:
        """Mute the check of the incident for a while."""
        form = await forms.read(request)
        document = await self._document(request)
        try:
            why, hold = line(form.given("why"), "why", LONGEST_REASON), duration(form.text("for"))
            made = await self._monitor.silences.add_for_check(document.line.check, principal(request).name, why, hold)
        except (BadRequest, NotDone) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        tell(request, subject=f"silence {made.id}", detail=f"check {document.line.check}; for {form.text('for')}")
        return _back(form, document.line.id, "silence")

    async def veto(self, request: Request) -> Response:
        """Stop the commands that wait to be run for the incident."""
        form = await forms.read(request)
        number = request.path_params["number"]
        try:
            why = line(form.given("why"), "why", LONGEST_REASON)
            answer = await self._monitor.channels.veto(number, principal(request).name, why)
        except (BadRequest, NothingToStop) as error:
            return await self._page(request, status=refused(error), problem=str(error), hint=error.hint)
        if isinstance(answer, Refusal):
            return await self._refused(request, answer)
        return _back(form, number, "veto")

    async def _refused(self, request: Request, refusal: Refusal) -> Response:
        status, text = REFUSALS[refusal]
        if status == 404:
            raise HTTPException(404, text)
        return await self._page(request, status=status, problem=text)

    async def _document(self, request: Request) -> IncidentDocument:
        document = await self._monitor.incident(request.path_params["number"])
        if document is None:
            raise HTTPException(404, "there is no such incident")
        return document

    async def _page(self, request: Request, *, status: int = 200, problem: str = "", hint: str = "") -> Response:
        document = await self._document(request)
        commands = {channel.name for channel in self._monitor.channels.all() if channel.veto}
        return await self._renderer.answer(
            request,
            "incident.html",
            title=f"Incident {document.line.id}: {document.title}",
            here="incidents",
            status=status,
            problem=problem,
            hint=hint,
            document=document,
            is_open=document.line.phase in (Phase.OPEN, Phase.ACKNOWLEDGED),
            is_taken=document.line.phase is Phase.ACKNOWLEDGED,
            deployment=await self._deployment(document),
            stoppable=any(row.channel in commands and row.state == "queued" for row in document.deliveries),
            holds=HOLDS,
        )

    async def _deployment(self, document: IncidentDocument) -> DeploymentLine | None:
        """That which an incident of a system's deployments is about: the last that had begun then."""
        line = document.line
        system = next((one for one in self._monitor.plan.deployments if name_of(one) == line.check), "")
        found = await self._monitor.deployments.all(system) if system else ()
        return next((one for one in found if one.started_at <= line.began_at), None)

    async def _lines(self, now: datetime, back: timedelta, text: str) -> list[IncidentLine]:
        """The incidents, open ones first, and the newest of each first."""
        found = await self._monitor.incidents(since=now - back if back else None)
        wanted = [one for one in lines(self._monitor, found, now) if text.lower() in one.check.lower()]
        return sorted(wanted, key=lambda one: (one.resolved_at is None, one.opened_at or one.began_at), reverse=True)


def _doing(word: str, endpoint: Endpoint, name: str) -> Rule:
    """Where a form of an incident goes, and what the journal calls it."""
    return rule(f"/incidents/{{number:number}}/{word}", endpoint, least=Role.OPERATOR, methods=("POST",), doing=name)


def _body(form: Form, doing: str, me: Principal) -> bytes:
    fields = form.given(*FIELDS[doing]) | {"by": me.name}
    return as_body(fields | {"to": form.text("to")} if doing == "assign" else fields)


def _back(form: Form, number: int, done: str) -> Response:
    """Back to where the form stood."""
    if form.text("back") == "overview":
        return RedirectResponse(f"/?done={done}", 303)
    return RedirectResponse(f"/incidents/{number}?done={done}", 303)


def _address(past: str, text: str, page: int = 1) -> str:
    parts = [("since", past if past != "open" else ""), ("text", text), ("page", str(page) if page > 1 else "")]
    question = urlencode([part for part in parts if part[1]])
    return f"/incidents?{question}" if question else "/incidents"
