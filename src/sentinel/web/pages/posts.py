"""What stands on the public status page: the threads of posts, and the forms that write, mend and take off."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.keeper import NotDone
from sentinel.core.access import Role
from sentinel.core.posting import Stage
from sentinel.reports.public import PostLine
from sentinel.web.access import principal
from sentinel.web.monitor import Monitor
from sentinel.web.pages import forms
from sentinel.web.pages.check import refused
from sentinel.web.pages.forms import Form, as_body
from sentinel.web.pages.frame import Renderer
from sentinel.web.payload import BadRequest
from sentinel.web.posts import EDIT, LONGEST_TEXT, LONGEST_TITLE, TEXT, TITLE, asked_post
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Threads on the page, the newest.
MOST_THREADS: Final = 50

#: Digits; neither Python nor JSON knows numbers of any length.
LONGEST_NUMBER: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadView:
    """The posts about one trouble."""

    id: int
    title: str
    components: tuple[str, ...]  # names; empty: the whole page
    stage: Stage  # of the last post that is on the page
    is_gone: bool  # taken off whole
    posts: tuple[PostLine, ...]  # the newest first

    @property
    def is_open(self) -> bool:
        return not self.is_gone and self.stage is not Stage.RESOLVED


class PostsPage:
    """Shows posts, and takes in what people write. Only where there is a public status page."""

    def __init__(self, monitor: Monitor, renderer: Renderer) -> None:
        self._monitor = monitor
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/posts", self.show, least=Role.VIEWER),
            _doing("/posts", self.add, "post.add"),
            _doing("/posts/{number:number}/edit", self.edit, "post.edit"),
            _doing("/posts/{number:number}/withdraw", self.withdraw, "post.withdraw"),
        )

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def add(self, request: Request) -> Response:
        """Begin a thread, or go on with one."""
        form = await forms.read(request)
        try:
            wanted = asked_post(as_body(_fields(form, principal(request).name)))
        except BadRequest as error:
            return await self._refuse(request, error, form)
        return await self._changing(request, self._monitor.posts.add(wanted), "post", form)

    async def edit(self, request: Request) -> Response:
        me, form = principal(request).name, await forms.read(request)
        try:
            given = EDIT.read(as_body({"by": me, **form.given("title", "text")}))
        except BadRequest as error:
            return await self._refuse(request, error)
        number = request.path_params["number"]
        change = self._monitor.posts.edit(number, me, title=given[TITLE], text=given[TEXT])
        return await self._changing(request, change, "post-edit")

    async def withdraw(self, request: Request) -> Response:
        change = self._monitor.posts.withdraw(request.path_params["number"], principal(request).name)
        return await self._changing(request, change, "post-withdraw")

    async def _changing(
        self, request: Request, change: Awaitable[PostLine], done: str, form: Form | None = None
    ) -> Response:
        try:
            changed = await change
        except NotDone as refusal:
            return await self._refuse(request, refusal, form)
        tell(request, subject=f"post {changed.id}")
        return RedirectResponse(f"/posts?done={done}", 303)

    async def _refuse(self, request: Request, error: BadRequest | NotDone, form: Form | None = None) -> Response:
        """The page again, with why, and with what was filled in."""
        return await self._page(request, status=refused(error), problem=str(error), hint=error.hint, form=form)

    async def _page(
        self, request: Request, *, status: int = 200, problem: str = "", hint: str = "", form: Form | None = None
    ) -> Response:
        plan = self._monitor.plan.status_page
        if plan is None:
            raise HTTPException(404, "there is no public status page")
        given = form or Form()
        return await self._renderer.answer(
            request,
            "posts.html",
            title="Status page",
            here="posts",
            status=status,
            problem=problem,
            hint=hint,
            link=plan.link,
            threads=threads(await self._monitor.posts.all())[:MOST_THREADS],
            components=[component.name for component in plan.components],
            stages=[stage.value for stage in Stage],
            longest_title=LONGEST_TITLE,
            longest_text=LONGEST_TEXT,
            given=given,
            answered=_number(given.text("on")) or 0,
            opened=form is not None,
        )


def threads(posts: Sequence[PostLine]) -> list[ThreadView]:
    """The threads of posts, the one that goes on first, then the one that began last."""
    by_thread = sorted(posts, key=attrgetter("thread", "id"))
    views = [_view(tuple(one)) for _, one in groupby(by_thread, key=attrgetter("thread"))]
    return sorted(views, key=lambda view: (not view.is_open, -view.id))


def _view(posts: tuple[PostLine, ...]) -> ThreadView:
    first, shown = posts[0], [post for post in posts if not post.withdrawn_by]
    return ThreadView(
        id=first.thread,
        title=first.title or "Posted by Sentinel itself",
        components=first.components,
        stage=(shown or posts)[-1].stage,
        is_gone=bool(first.withdrawn_by),
        posts=tuple(reversed(posts)),
    )


def _fields(form: Form, by: str) -> dict[str, Any]:
    """A post as programs send it."""
    fields: dict[str, Any] = {"by": by, **form.given("title", "text", "state")}
    numbers = {name: number for name in ("on", "incident") if (number := _number(form.text(name))) is not None}
    return fields | numbers | {"components": form.texts("components")}


def _number(text: str) -> int | str | None:
    """A number that was filled in; what is none stays as it is, for the reader to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else text or None


def _doing(path: str, endpoint: Endpoint, name: str) -> Rule:
    """Where a form goes, and what the journal calls it."""
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=name)
