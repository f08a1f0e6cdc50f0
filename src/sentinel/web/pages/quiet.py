"""Quiet times: silences and windows in a calendar, in lists, and the forms that make, extend and end them."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.keeper import NotDone
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.access import Principal, Role
from sentinel.core.silence import Course
from sentinel.reports import month
from sentinel.reports.documents import HeldLine, SilenceLine, WindowLine
from sentinel.web.access import principal
from sentinel.web.monitor import Monitor
from sentinel.web.pages import forms
from sentinel.web.pages.check import refused
from sentinel.web.pages.forms import Form, as_body
from sentinel.web.pages.frame import Renderer
from sentinel.web.payload import BadRequest, duration
from sentinel.web.quiet import asked, asked_window
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Silences and windows that are over, on the page.
MOST_PAST: Final = 50

#: How options of commands are called on the page; the longer ones first.
_FIELDS: Final = {
    "with --check, --tag or --kind; --check '*'": "by Checks, Tags or Kinds; * as Checks",
    "`sentinel --status --all` lists them; --anyway is for checks that are to come": "the overview lists them",
    "`sentinel window` lists them": "this page lists them",
    "`sentinel silence` lists them": "this page lists them",
    "name one with --announce": "tick one below Announce it through",
    "`--update-every 15m`": "15m",
    "`for`": "For",
    "`from`": "From",
    "`why`": "Why",
    "`public_text`": "What the public page says of it",
}

#: Years around now that the calendar shows.
YEARS: Final = 2


class QuietPage:
    """Shows quiet times, and takes in what people ask for."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/quiet", self.show, least=Role.VIEWER),
            _doing("/silences", self.add_silence, "silence.add"),
            _doing("/silences/{number:number}/end", self.end_silence, "silence.end"),
            _doing("/silences/{number:number}/extend", self.extend_silence, "silence.extend"),
            _doing("/windows", self.plan_window, "window.plan"),
            _doing("/windows/{name}/end", self.end_window, "window.end"),
            _doing("/windows/{name}/extend", self.extend_window, "window.extend"),
        )

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def add_silence(self, request: Request) -> Response:
        me, form = principal(request), await forms.read(request)
        try:
            wanted = asked(_fields(form, me) | {"severities": form.texts("severities")})
        except BadRequest as error:
            return await self._refuse(request, error, form)
        return await self._changing(request, self._monitor.silences.add(wanted), "silence", form)

    async def end_silence(self, request: Request) -> Response:
        me = principal(request)
        return await self._changing(
            request, self._monitor.silences.end(request.path_params["number"], me.name), "silence-end"
        )

    async def extend_silence(self, request: Request) -> Response:
        me, form = principal(request), await forms.read(request)
        try:
            longer = duration(form.text("for"))
        except BadRequest as error:
            return await self._refuse(request, error)
        number = request.path_params["number"]
        return await self._changing(request, self._monitor.silences.extend(number, me.name, longer), "silence-extend")

    async def plan_window(self, request: Request) -> Response:
        me, form = principal(request), await forms.read(request)
        try:
            wanted = asked_window(as_body(_fields(form, me) | _of_window(form)))
        except BadRequest as error:
            return await self._refuse(request, error, form)
        return await self._changing(request, self._monitor.windows.plan(wanted), "window", form)

    async def end_window(self, request: Request) -> Response:
        me = principal(request)
        return await self._changing(
            request, self._monitor.windows.end(request.path_params["name"], me.name), "window-end"
        )

    async def extend_window(self, request: Request) -> Response:
        me, form = principal(request), await forms.read(request)
        try:
            longer = duration(form.text("for"))
        except BadRequest as error:
            return await self._refuse(request, error)
        name = request.path_params["name"]
        return await self._changing(request, self._monitor.windows.extend(name, me.name, longer), "window-extend")

    async def _changing(
        self, request: Request, change: Awaitable[SilenceLine | WindowLine], done: str, form: Form | None = None
    ) -> Response:
        try:
            changed = await change
        except NotDone as refusal:
            return await self._refuse(request, refusal, form)
        tell(request, subject=f"{done.partition('-')[0]} {changed.id}")
        return RedirectResponse(f"/quiet?done={done}", 303)

    async def _refuse(self, request: Request, error: BadRequest | NotDone, form: Form | None = None) -> Response:
        """The page again, with why, and with what was filled in."""
        return await self._page(
            request, status=refused(error), problem=_of_fields(str(error)), hint=_of_fields(error.hint), form=form
        )

    async def _page(
        self, request: Request, *, status: int = 200, problem: str = "", hint: str = "", form: Form | None = None
    ) -> Response:
        now = self._clock.now()
        first = _month(request.query_params.get("month", ""), now)
        silences, windows = await self._monitor.silences.all(), await self._monitor.windows.all()
        past, held, away = await self._past()
        entries = month.entries(first, self._monitor.quiet().windows, held, (*silences, *past), now)
        return await self._renderer.answer(
            request,
            "quiet.html",
            title="Quiet times",
            here="quiet",
            status=status,
            problem=problem,
            hint=hint,
            at=now,
            silences=silences,
            windows=windows,
            past=past[:MOST_PAST],
            held=held[:MOST_PAST],
            away=away,
            month=month.build(first, now.astimezone(UTC).date(), entries),
            channels=[channel.name for channel in self._monitor.channels.all() if not channel.veto],
            with_public=self._monitor.plan.status_page is not None,
            given=form or Form(),
            opened=request.url.path if form is not None else request.query_params.get("new", ""),
        )

    async def _past(self) -> tuple[Sequence[SilenceLine], Sequence[HeldLine], str]:
        """Silences and windows that are over, and why the store did not tell."""
        try:
            found = await self._monitor.silences.all(past=True)
            held = await self._monitor.windows.past()
        except StoreError as error:
            return (), (), str(error)
        over = [one for one in found if one.course is Course.OVER]
        return sorted(over, key=lambda one: one.ends_at, reverse=True), held, ""


def _doing(path: str, endpoint: Endpoint, name: str) -> Rule:
    """Where a form goes, and what the journal calls it."""
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=name)


def _fields(form: Form, me: Principal) -> dict[str, Any]:
    """What a silence and a window have in common, as programs send it."""
    fields = form.given("why", "for") | {name: form.words(name) for name in ("checks", "tags", "kinds")}
    start = form.text("from")
    moment = {"from": f"{start}Z"} if start else {}  # of a field of the kind datetime-local, which says UTC on the page
    return fields | moment | {"by": me.name, "anyway": form.text("anyway") == "on"}


def _of_window(form: Form) -> dict[str, Any]:
    fields = form.given("title", "before", "update_every", "public_text")
    flags = {name: form.text(name) == "on" for name in ("expect_down", "public")}
    return fields | flags | {"channels": form.texts("channels")}


def _of_fields(text: str) -> str:
    """What speaks of the options of a command, in the words of the form."""
    for option, field in _FIELDS.items():
        text = text.replace(option, field)
    return text


def _month(text: str, now: datetime) -> date:
    """The first day of the month in an address, such as `2026-11`; of this month where there is none."""
    today = now.astimezone(UTC).date().replace(day=1)
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return today
    return first if abs(first.year - today.year) <= YEARS else today
