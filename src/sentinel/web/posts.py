"""Posts of the public status page, for programs and commands; and the page itself as files."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.keeper import NotDone
from sentinel.app.posting import AskedPost
from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.posting import Stage
from sentinel.reports.documents import Document
from sentinel.reports.public import PostLine
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, choice, maybe_text, number, optional, words
from sentinel.web.public.faces import files
from sentinel.web.public.shelf import Public
from sentinel.web.shapes import BY, ONLY_BY
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Characters of a title and of a text, and components that one post may name.
LONGEST_TITLE, LONGEST_TEXT, MOST_COMPONENTS = 200, 2_000, 100

STATE = optional(choice("state", Stage), None)
TITLE = maybe_text("title", LONGEST_TITLE)
TEXT = maybe_text("text", LONGEST_TEXT)
COMPONENTS = words("components", MOST_COMPONENTS, LONGEST_TITLE, "names or slugs; none: the whole page")
ON = optional(number("on", "a post that it goes on with; 0: it begins a thread"), 0)
INCIDENT = optional(number("incident", "that it is about, for the staff alone"), 0)
NEW = Shape(BY, STATE, TITLE, TEXT, COMPONENTS, ON, INCIDENT)
EDIT = Shape(BY, TITLE, TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostList(Document):
    """Posts, the newest first."""

    at: datetime
    posts: tuple[PostLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFiles(Document):
    """The public page, to be served from elsewhere."""

    at: datetime
    files: Mapping[str, str]  # by path


class Posting(Protocol):
    """What can be asked about posts; raises NotDone where what is asked makes no sense."""

    async def all(self) -> Sequence[PostLine]:
        """The posts of the last time, the newest first."""
        ...

    async def add(self, asked: AskedPost) -> PostLine:
        """Post it; answers after the commit."""
        ...

    async def edit(self, number: int, by: str, *, title: str = "", text: str = "") -> PostLine:
        """Put other words in the place of those of a post."""
        ...

    async def withdraw(self, number: int, by: str) -> PostLine:
        """Take a post off the page."""
        ...


class Desk(Protocol):
    """The part of a monitor that posts need."""

    @property
    def posts(self) -> Posting: ...

    @property
    def public(self) -> Public: ...


class PostPages:
    """Answers about posts."""

    def __init__(self, monitor: Desk, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        posts, one = "/api/v1/posts", "/api/v1/posts/{number:number}"
        listed = Contract(says="Posts of the public status page.", answers=PostList, refuses=True)
        taken = Contract(says="The public status page as files.", answers=PageFiles, refuses=True)
        return (
            rule(posts, self.all, least=Role.VIEWER, contract=listed),
            _posting(posts, self.add, "add", "Post on the public status page.", NEW),
            _posting(f"{one}/edit", self.edit, "edit", "Put other words in the place of those of a post.", EDIT),
            _posting(f"{one}/withdraw", self.withdraw, "withdraw", "Take a post off the page.", ONLY_BY),
            rule("/api/v1/status-page/files", self.files, least=Role.VIEWER, contract=taken),
        )

    async def all(self, _request: Request) -> Response:
        try:
            lines = await self._monitor.posts.all()
        except NotDone as refusal:
            return _refused(refusal)
        return document_answer(PostList(at=self._clock.now(), posts=tuple(lines)))

    async def add(self, request: Request) -> Response:
        return await _doing(self._monitor.posts.add(asked_post(await signed(request))))

    async def edit(self, request: Request) -> Response:
        given, number = EDIT.read(await signed(request)), request.path_params["number"]
        return await _doing(self._monitor.posts.edit(number, given[BY], title=given[TITLE], text=given[TEXT]))

    async def withdraw(self, request: Request) -> Response:
        given = ONLY_BY.read(await signed(request))
        return await _doing(self._monitor.posts.withdraw(request.path_params["number"], given[BY]))

    async def files(self, _request: Request) -> Response:
        """The whole page as texts by their paths, to be served from elsewhere."""
        plan, document = self._monitor.public.plan, await self._monitor.public.document()
        if plan is None or document is None:
            hint = "the section `status_page` of the configuration makes one"
            return json_answer({"error": "there is no status page", "hint": hint}, 409)
        made = files(document, plan.words)
        return document_answer(
            PageFiles(at=document.at, files={path: file.body.decode() for path, file in made.items()})
        )


def asked_post(content: bytes) -> AskedPost:
    """Read `{"by": "ann", "state": "identified", "title": "…", "text": "…", "components": ["Payroll"]}`, or with `on` and without
    `title` and `components` an update.

    Raises:
        BadRequest: it is not that.
    """
    given = NEW.read(content)
    return AskedPost(
        by=given[BY],
        stage=given[STATE],
        title=given[TITLE],
        text=given[TEXT],
        components=given[COMPONENTS],
        on=given[ON],
        incident=given[INCIDENT],
    )


def _posting(path: str, endpoint: Endpoint, verb: str, says: str, shape: Shape) -> Rule:
    contract = Contract(says=says, answers=PostLine, takes=shape, refuses=True)
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=f"post.{verb}", contract=contract)


async def _doing(change: Awaitable[Document]) -> Response:
    try:
        document = await change
    except NotDone as refusal:
        return _refused(refusal)
    return document_answer(document)


def _refused(refusal: NotDone) -> Response:
    return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)
