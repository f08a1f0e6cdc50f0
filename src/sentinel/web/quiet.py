"""Silences and windows, for programs: which there are, and what people do with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.asking import Asked
from sentinel.app.keeper import NotDone
from sentinel.app.silences import severities
from sentinel.app.windows import AskedWindow
from sentinel.base.clock import Clock
from sentinel.core.access import Role, Scope
from sentinel.core.matcher import Matcher
from sentinel.reports.documents import Document, HeldLine, SilenceLine, WindowLine
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.fields import Given, Shape, asked_flag, flag, lasting, maybe_text, optional, time, words
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME, BadRequest
from sentinel.web.shapes import BY, ONLY_BY, WHY
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

#: Conditions of one kind that one request may have, and how long each may be.
MOST_CONDITIONS, LONGEST_CONDITION = 100, 200

CHECKS = words("checks", MOST_CONDITIONS, LONGEST_CONDITION, "names of checks, such as `payroll-*`")
TAGS = words("tags", MOST_CONDITIONS, LONGEST_CONDITION, "all of which a check has to have")
KINDS = words("kinds", MOST_CONDITIONS, LONGEST_CONDITION, "of checks, such as `http`")
SEVERITIES = words("severities", MOST_CONDITIONS, LONGEST_CONDITION, "`warning`, `critical`; none: both")
FOR = lasting("for", "how long")
FROM = optional(time("from"), None)
ANYWAY = flag("anyway", "also where it means no check, or reaches far")
SILENCE = Shape(BY, WHY, FOR, FROM, CHECKS, TAGS, KINDS, SEVERITIES, ANYWAY)

TITLE = maybe_text("title", LONGEST_NAME)
EXPECT_DOWN = flag("expect_down", "the checks are meant to be down meanwhile")
CHANNELS = words("channels", MOST_CONDITIONS, LONGEST_CONDITION, "that are told of it")
BEFORE = optional(lasting("before", "how long before its start those are told"), timedelta(0), empty=True)
UPDATE_EVERY = optional(lasting("update_every", "how often those are told how it goes"), timedelta(0), empty=True)
PUBLIC = flag("public", "the public status page announces it")
PUBLIC_TEXT = maybe_text("public_text", LONGEST_CONDITION, "what the public status page says of it")
WINDOW = Shape(
    BY, WHY, FOR, FROM, CHECKS, TAGS, KINDS, ANYWAY,
    TITLE, EXPECT_DOWN, CHANNELS, BEFORE, UPDATE_EVERY, PUBLIC, PUBLIC_TEXT,
)  # fmt: skip

LONGER = Shape(BY, FOR)

ALL = asked_flag("all", "also those that were over within 90 days")
LIST = Shape(ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceList(Document):
    """Silences."""

    at: datetime
    silences: tuple[SilenceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowList(Document):
    """Windows, and the times that are over."""

    at: datetime
    windows: tuple[WindowLine, ...]
    past: tuple[HeldLine, ...] = ()


class QuietPages:
    """Answers about silences and windows."""

    def __init__(self, monitor: Monitor, clock: Clock, changed: Callable[[], None]) -> None:
        self._monitor = monitor
        self._clock = clock
        self._changed = changed  # is called when a person has done something

    def routes(self) -> tuple[Rule, ...]:
        silence, window = "/api/v1/silences", "/api/v1/windows"
        one, named = f"{silence}/{{number:number}}", f"{window}/{{name}}"
        silences = Contract(says="Silences that are active or to come.", answers=SilenceList, asks=LIST)
        windows = Contract(says="Windows that are open or to come.", answers=WindowList, asks=LIST)
        return (
            rule(silence, self.silences, least=Role.VIEWER, scope=Scope.STATUS, contract=silences),
            rule(window, self.windows, least=Role.VIEWER, scope=Scope.STATUS, contract=windows),
            _silence(silence, self.add_silence, "add", "Tell nobody of some checks for a while.", SILENCE),
            _silence(f"{one}/end", self.end_silence, "end", "End a silence before its time.", ONLY_BY),
            _silence(f"{one}/extend", self.extend_silence, "extend", "Have a silence end later.", LONGER),
            _window(window, self.plan_window, "plan", "Plan a window, or open one now.", WINDOW),
            _window(f"{named}/end", self.end_window, "end", "End a window, or call one off.", ONLY_BY),
            _window(f"{named}/extend", self.extend_window, "extend", "Have a window end later.", LONGER),
        )

    async def silences(self, request: Request) -> Response:
        lines = await self._monitor.silences.all(past=LIST.among(request.query_params)[ALL])
        return document_answer(SilenceList(at=self._clock.now(), silences=tuple(lines)))

    async def windows(self, request: Request) -> Response:
        wants_past = LIST.among(request.query_params)[ALL]
        lines = await self._monitor.windows.all()
        past = await self._monitor.windows.past() if wants_past else ()
        return document_answer(WindowList(at=self._clock.now(), windows=tuple(lines), past=tuple(past)))

    async def add_silence(self, request: Request) -> Response:
        return await self._changing(self._monitor.silences.add(_asked(SILENCE.read(await signed(request)))))

    async def end_silence(self, request: Request) -> Response:
        given = ONLY_BY.read(await signed(request))
        return await self._changing(self._monitor.silences.end(request.path_params["number"], given[BY]))

    async def extend_silence(self, request: Request) -> Response:
        given, number = LONGER.read(await signed(request)), request.path_params["number"]
        return await self._changing(self._monitor.silences.extend(number, given[BY], given[FOR]))

    async def plan_window(self, request: Request) -> Response:
        return await self._changing(self._monitor.windows.plan(asked_window(await signed(request))))

    async def end_window(self, request: Request) -> Response:
        given = ONLY_BY.read(await signed(request))
        return await self._changing(self._monitor.windows.end(request.path_params["name"], given[BY]))

    async def extend_window(self, request: Request) -> Response:
        given, name = LONGER.read(await signed(request)), request.path_params["name"]
        return await self._changing(self._monitor.windows.extend(name, given[BY], given[FOR]))

    async def _changing(self, change: Awaitable[Document]) -> Response:
        try:
            document = await change
        except NotDone as refusal:
            return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)
        finally:
            self._changed()
        return document_answer(document)


def _silence(path: str, endpoint: Endpoint, verb: str, says: str, shape: Shape) -> Rule:
    contract = Contract(says=says, answers=SilenceLine, takes=shape, refuses=True)
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=f"silence.{verb}", contract=contract)


def _window(path: str, endpoint: Endpoint, verb: str, says: str, shape: Shape) -> Rule:
    contract, scope = Contract(says=says, answers=WindowLine, takes=shape, refuses=True), Scope.DEPLOY
    return rule(
        path, endpoint, least=Role.OPERATOR, scope=scope, methods=("POST",), doing=f"window.{verb}", contract=contract
    )


def asked(fields: Mapping[str, Any]) -> Asked:
    """Read `{"checks": ["payroll-*"], "severities": ["warning"], "for": "2h", "why": "known", "by": "ann"}`.

    Raises:
        BadRequest: it is not that.
    """
    return _asked(SILENCE.of(fields))


def asked_window(content: bytes) -> AskedWindow:
    """Read the same without `severities` and with what belongs to windows alone; raises BadRequest."""
    given = WINDOW.read(content)
    return AskedWindow(
        asked=_asked(given, ()),
        title=given[TITLE],
        expects_down=given[EXPECT_DOWN],
        channels=given[CHANNELS],
        before=given[BEFORE],
        update_every=given[UPDATE_EVERY],
        public=given[PUBLIC] or bool(given[PUBLIC_TEXT]),
        public_text=given[PUBLIC_TEXT],
    )


def _asked(given: Given, bad: Sequence[str] | None = None) -> Asked:
    try:
        found = severities(given[SEVERITIES] if bad is None else bad)
    except ValueError as error:
        raise BadRequest(f"`severities`: {error}") from None
    return Asked(
        matcher=Matcher(
            checks=given[CHECKS], tags=frozenset(given[TAGS]), kinds=frozenset(given[KINDS]), severities=found
        ),
        by=given[BY],
        why=given[WHY],
        lasts=given[FOR],
        starts_at=given[FROM],
        anyway=given[ANYWAY],
    )
