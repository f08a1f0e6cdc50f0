"""Has the journal take down what is asked, before it is done; who acts, on what, and what became of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.journal import Deed
from sentinel.web.access import PEER, doer, principal
from sentinel.web.sign_in.forms import FORM, content_type, form

#: Where the guard leaves the journal (`monitor.Journal`) and the clock.
JOURNAL, CLOCK = "sentinel.journal", "sentinel.clock"

#: Where an endpoint may leave what it did it to, and one line about it.
_SUBJECT, _DETAIL = "sentinel.subject", "sentinel.detail"

#: Fields of a request that say what is done, and can say nothing about anybody's health or words.
_TOLD = (
    "checks",
    "tags",
    "kinds",
    "severities",
    "for",
    "from",
    "to",
    "until",
    "ids",
    "all",
    "schedule",
    "person",
    "marks",
    "system",
    "version",
    "backup_id",
)

#: Characters of one line.
LONGEST = 300


def tell(request: Request, *, subject: str = "", detail: str = "") -> None:
    """Say in the journal what an endpoint has done, where that is not plain from the request."""
    if subject:
        request.scope[_SUBJECT] = subject
    if detail:
        request.scope[_DETAIL] = detail


async def journaled(request: Request, endpoint: Callable[[Request], Awaitable[Response]], action: str) -> Response:
    """Ask the endpoint, with a deed in the journal unless it refuses.

    The journal has it before it is done: where it cannot be written down, it is not done (NIST SP 800-53, AU-5).
    """
    fields = await _fields(request)
    asking = principal(request)
    deed = Deed(
        at=request.scope[CLOCK].now(),
        by=doer(request, str(fields.get("by") or "")) or str(request.scope.get(PEER, "")) or "somebody",
        via=asking.via,
        action=line(action),
        subject=_subject(action, request.path_params),
        detail=_detail(fields),
    )
    async with request.scope[JOURNAL].doing(deed) as pen:
        try:
            response = await endpoint(request)
        except HTTPException:
            pen.withdraw()
            raise
        if response.status_code >= 400:
            pen.withdraw()
        else:
            subject = request.scope.get(_SUBJECT, "") or deed.subject or _made(action, response)
            pen.say(subject=subject, detail=request.scope.get(_DETAIL, ""))
    return response


async def _fields(request: Request) -> Mapping[str, Any]:
    """What the request says; nothing where it cannot be read, which the endpoint will tell."""
    kind = content_type(request)
    if kind == FORM:
        return await form(request)
    if kind != "application/json":
        return {}  # it is refused before its body is waited for
    try:
        found = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _subject(action: str, path: Mapping[str, Any]) -> str:
    noun = action.split(".", maxsplit=1)[0]
    named = [str(value) for key, value in path.items() if key != "doing"]
    return line(f"{noun} {named[0]}") if named else ""


def _made(action: str, response: Response) -> str:
    """What was made, as the answer names it."""
    noun = action.split(".", maxsplit=1)[0]
    try:
        found = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return noun  # a page
    number = found.get("id") if isinstance(found, dict) else None
    return line(f"{noun} {number}") if number is not None else noun


def _detail(fields: Mapping[str, Any]) -> str:
    told = ((key, fields[key]) for key in _TOLD if fields.get(key))
    return line("; ".join(f"{key} {_words(value)}" for key, value in told))


def _words(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def line(text: str) -> str:
    """One line of printable characters, bounded."""
    whole = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"
