"""Silences and windows, for programs: which there are, and what people do with them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.asking import Asked
from sentinel.app.keeper import NotDone
from sentinel.app.silences import severities
from sentinel.app.windows import AskedWindow
from sentinel.base.clock import Clock
from sentinel.base.units import parse_duration
from sentinel.core.access import Role, Scope
from sentinel.core.matcher import Matcher
from sentinel.reports.documents import Document
from sentinel.web.answers import json_answer, signed
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, BadRequest, line, moment, object_of, query
from sentinel.web.sign_in.rules import Rule, rule

#: Conditions of one kind that one request may have, and how long each may be.
MOST_CONDITIONS, LONGEST_CONDITION = 100, 200

_MATCHER = {"checks", "tags", "kinds"}
_ASKED = {*_MATCHER, "by", "why", "for", "from", "anyway"}
_WINDOW = {*_ASKED, "title", "expect_down", "channels", "before", "update_every", "public", "public_text"}


class QuietPages:
    """Answers about silences and windows."""

    def __init__(self, monitor: Monitor, clock: Clock, changed: Callable[[], None]) -> None:
        self._monitor = monitor
        self._clock = clock
        self._changed = changed  # is called when a person has done something

    def routes(self) -> tuple[Rule, ...]:
        operator, post, deploy = Role.OPERATOR, ("POST",), Scope.DEPLOY
        silence, window = "/api/v1/silences", "/api/v1/windows"
        return (
            rule(silence, self.silences, least=Role.VIEWER, scope=Scope.STATUS),
            rule(window, self.windows, least=Role.VIEWER, scope=Scope.STATUS),
            rule(silence, self.add_silence, least=operator, methods=post, doing="silence.add"),
            rule(f"{silence}/{{number:int}}/end", self.end_silence, least=operator, methods=post, doing="silence.end"),
            rule(
                f"{silence}/{{number:int}}/extend",
                self.extend_silence,
                least=operator,
                methods=post,
                doing="silence.extend",
            ),
            rule(window, self.plan_window, least=operator, scope=deploy, methods=post, doing="window.plan"),
            rule(
                f"{window}/{{name}}/end",
                self.end_window,
                least=operator,
                scope=deploy,
                methods=post,
                doing="window.end",
            ),
            rule(
                f"{window}/{{name}}/extend",
                self.extend_window,
                least=operator,
                scope=deploy,
                methods=post,
                doing="window.extend",
            ),
        )

    async def silences(self, request: Request) -> Response:
        lines = await self._monitor.silences.all(past=_wants_past(request))
        return json_answer({"at": self._clock.now(), "silences": [one.to_json() for one in lines]})

    async def windows(self, request: Request) -> Response:
        lines = await self._monitor.windows.all()
        past = await self._monitor.windows.past() if _wants_past(request) else ()
        answer: dict[str, Any] = {"at": self._clock.now(), "windows": [one.to_json() for one in lines]}
        return json_answer(answer | {"past": [one.to_json() for one in past]})

    async def add_silence(self, request: Request) -> Response:
        fields = object_of(await signed(request), {*_ASKED, "severities"})
        return await self._changing(self._monitor.silences.add(asked(fields)))

    async def end_silence(self, request: Request) -> Response:
        by = line(object_of(await signed(request), {"by"}), "by", LONGEST_NAME)
        return await self._changing(self._monitor.silences.end(request.path_params["number"], by))

    async def extend_silence(self, request: Request) -> Response:
        by, longer = _longer(await signed(request))
        return await self._changing(self._monitor.silences.extend(request.path_params["number"], by, longer))

    async def plan_window(self, request: Request) -> Response:
        return await self._changing(self._monitor.windows.plan(asked_window(await signed(request))))

    async def end_window(self, request: Request) -> Response:
        by = line(object_of(await signed(request), {"by"}), "by", LONGEST_NAME)
        return await self._changing(self._monitor.windows.end(request.path_params["name"], by))

    async def extend_window(self, request: Request) -> Response:
        by, longer = _longer(await signed(request))
        return await self._changing(self._monitor.windows.extend(request.path_params["name"], by, longer))

    async def _changing(self, change: Awaitable[Document]) -> Response:
        try:
            document = await change
        except NotDone as refusal:
            return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)
        finally:
            self._changed()
        return json_answer(document.to_json())


def asked(fields: Mapping[str, Any]) -> Asked:
    """Read `{"checks": ["payroll-*"], "severities": ["warning"], "for": "2h", "why": "known", "by": "ann"}`.

    Raises:
        BadRequest: it is not that.
    """
    return Asked(
        matcher=_matcher(fields),
        by=line(fields, "by", LONGEST_NAME),
        why=line(fields, "why", LONGEST_REASON),
        lasts=_lasting(fields, "for"),
        starts_at=_start(fields),
        anyway=fields.get("anyway") is True,
    )


def asked_window(content: bytes) -> AskedWindow:
    """Read the same with `title`, `expect_down`, `channels`, `before`, `update_every`, `public` and `public_text`, each of which
    may be missing.

    Raises:
        BadRequest: it is not that.
    """
    fields = object_of(content, _WINDOW)
    return AskedWindow(
        asked=asked(fields),
        title=line(fields, "title", LONGEST_NAME) if fields.get("title") else "",
        expects_down=fields.get("expect_down") is True,
        channels=_words(fields, "channels"),
        before=_lasting(fields, "before") if fields.get("before") else timedelta(0),
        update_every=_lasting(fields, "update_every") if fields.get("update_every") else timedelta(0),
        public=fields.get("public") is True or bool(fields.get("public_text")),
        public_text=line(fields, "public_text", LONGEST_CONDITION) if fields.get("public_text") else "",
    )


def _longer(content: bytes) -> tuple[str, timedelta]:
    fields = object_of(content, {"by", "for"})
    return line(fields, "by", LONGEST_NAME), _lasting(fields, "for")


def _matcher(fields: Mapping[str, Any]) -> Matcher:
    try:
        bad = severities(_words(fields, "severities"))
    except ValueError as error:
        raise BadRequest(f"`severities`: {error}") from None
    return Matcher(
        checks=_words(fields, "checks"),
        tags=frozenset(_words(fields, "tags")),
        kinds=frozenset(_words(fields, "kinds")),
        severities=bad,
    )


def _words(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = fields.get(name, [])
    if not isinstance(given, list) or len(given) > MOST_CONDITIONS or not all(map(_is_word, given)):
        raise BadRequest(f"`{name}` has to be a list of at most {MOST_CONDITIONS} texts")
    return tuple(dict.fromkeys(given))


def _is_word(given: object) -> bool:
    return isinstance(given, str) and given.isprintable() and 0 < len(given) <= LONGEST_CONDITION


def _lasting(fields: Mapping[str, Any], name: str) -> timedelta:
    given = fields.get(name)
    try:
        lasts = parse_duration(given) if isinstance(given, str | int | float) else timedelta(0)
    except (ValueError, OverflowError):
        lasts = timedelta(0)
    if lasts <= timedelta(0):
        raise BadRequest(f"`{name}` has to be a duration such as '2h'")
    return lasts


def _start(fields: Mapping[str, Any]) -> datetime | None:
    given = fields.get("from")
    if given is None:
        return None
    try:
        return moment(given)
    except (ValueError, TypeError):
        raise BadRequest("`from` has to be a time with its zone, such as '2026-12-24T22:00:00+01:00'") from None


def _wants_past(request: Request) -> bool:
    return query(request.query_params, "all", lambda text: text == "true", False)
