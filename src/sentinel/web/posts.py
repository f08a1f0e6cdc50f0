"""Posts of the public status page, for programs and commands; and the page itself as files."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.keeper import NotDone
from sentinel.app.posting import AskedPost
from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.posting import Stage
from sentinel.reports.documents import Document
from sentinel.reports.public import PostLine
from sentinel.web.answers import json_answer, signed
from sentinel.web.payload import LONGEST_NAME, BadRequest, line, object_of
from sentinel.web.public.faces import files
from sentinel.web.public.shelf import Public
from sentinel.web.sign_in.rules import Rule, rule

#: Characters of a title and of a text, and components that one post may name.
LONGEST_TITLE, LONGEST_TEXT, MOST_COMPONENTS = 200, 2_000, 100

_NEW = {"by", "state", "title", "text", "components", "on", "incident"}


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
        posts, operator, post = "/api/v1/posts", Role.OPERATOR, ("POST",)
        one = f"{posts}/{{number:int}}"
        return (
            rule(posts, self.all, least=Role.VIEWER),
            rule(posts, self.add, least=operator, methods=post, doing="post.add"),
            rule(f"{one}/edit", self.edit, least=operator, methods=post, doing="post.edit"),
            rule(f"{one}/withdraw", self.withdraw, least=operator, methods=post, doing="post.withdraw"),
            rule("/api/v1/status-page/files", self.files, least=Role.VIEWER),
        )

    async def all(self, _request: Request) -> Response:
        try:
            lines = await self._monitor.posts.all()
        except NotDone as refusal:
            return _refused(refusal)
        return json_answer({"at": self._clock.now(), "posts": [line.to_json() for line in lines]})

    async def add(self, request: Request) -> Response:
        return await _doing(self._monitor.posts.add(asked_post(await signed(request))))

    async def edit(self, request: Request) -> Response:
        fields = object_of(await signed(request), {"by", "title", "text"})
        by, title, text = line(fields, "by", LONGEST_NAME), _title(fields), _text(fields)
        return await _doing(self._monitor.posts.edit(request.path_params["number"], by, title=title, text=text))

    async def withdraw(self, request: Request) -> Response:
        by = line(object_of(await signed(request), {"by"}), "by", LONGEST_NAME)
        return await _doing(self._monitor.posts.withdraw(request.path_params["number"], by))

    async def files(self, _request: Request) -> Response:
        """The whole page as texts by their paths, to be served from elsewhere."""
        plan, document = self._monitor.public.plan, await self._monitor.public.document()
        if plan is None or document is None:
            hint = "the section `status_page` of the configuration makes one"
            return json_answer({"error": "there is no status page", "hint": hint}, 409)
        made = files(document, plan.words)
        return json_answer({"at": document.at, "files": {path: file.body.decode() for path, file in made.items()}})


def asked_post(content: bytes) -> AskedPost:
    """Read `{"by": "ann", "state": "identified", "title": "…", "text": "…", "components": ["Payroll"]}`, or with `on` and without
    `title` and `components` an update.

    Raises:
        BadRequest: it is not that.
    """
    fields = object_of(content, _NEW)
    return AskedPost(
        by=line(fields, "by", LONGEST_NAME),
        stage=_stage(fields),
        title=_title(fields),
        text=_text(fields),
        components=_components(fields),
        on=_number(fields, "on"),
        incident=_number(fields, "incident"),
    )


def _stage(fields: Mapping[str, Any]) -> Stage | None:
    given = fields.get("state")
    if given is None:
        return None
    try:
        return Stage(given)
    except ValueError:
        raise BadRequest(f"`state` has to be one of {', '.join(Stage)}") from None


def _title(fields: Mapping[str, Any]) -> str:
    return line(fields, "title", LONGEST_TITLE) if fields.get("title") else ""


def _text(fields: Mapping[str, Any]) -> str:
    return line(fields, "text", LONGEST_TEXT) if fields.get("text") else ""


def _components(fields: Mapping[str, Any]) -> tuple[str, ...]:
    given = fields.get("components", [])
    if not isinstance(given, list) or len(given) > MOST_COMPONENTS or not all(isinstance(one, str) for one in given):
        raise BadRequest(f"`components` has to be a list of at most {MOST_COMPONENTS} names")
    return tuple(given)


def _number(fields: Mapping[str, Any], name: str) -> int:
    given = fields.get(name, 0)
    if type(given) is not int or not 0 <= given < 1 << 53:
        raise BadRequest(f"`{name}` has to be a number")
    return given


async def _doing(change: Awaitable[Document]) -> Response:
    try:
        document = await change
    except NotDone as refusal:
        return _refused(refusal)
    return json_answer(document.to_json())


def _refused(refusal: NotDone) -> Response:
    return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)
