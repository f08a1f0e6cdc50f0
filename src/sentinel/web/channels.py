"""Channels, for programs: how each does, and the veto against a command."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.telling import NoTest, NothingToStop
from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.incident import Refusal
from sentinel.reports.channels import ChannelLine
from sentinel.reports.documents import Document
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.incidents import REFUSALS
from sentinel.web.monitor import Monitor
from sentinel.web.shapes import BY, BY_WHY, ONLY_BY, WHY
from sentinel.web.sign_in.rules import Endpoint, Rule, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelList(Document):
    """How every channel does."""

    at: datetime
    channels: tuple[ChannelLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Document):
    """What a veto has stopped."""

    stopped: int  # commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested(Document):
    """A message that is marked as a test is on its way."""

    messages: int  # rows of the outbox


class ChannelPages:
    """Answers about channels out of what the monitor knows."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        every = Contract(says="How each channel does.", answers=ChannelList)
        veto = Contract(says="Stop the commands that have not begun.", answers=Stopped, takes=BY_WHY, refuses=True)
        says = "Send a message that is marked as a test to everybody whom a channel reaches."
        test = Contract(says=says, answers=Tested, takes=ONLY_BY, refuses=True)
        return (
            rule("/api/v1/channels", self.all, least=Role.VIEWER, contract=every),
            _doing("/api/v1/channels/{name}/test", self.test, "channel.test", test),
            _doing("/api/v1/incidents/{number:number}/veto", self.veto, "incident.veto", veto),
        )

    async def all(self, _request: Request) -> Response:
        lines = self._monitor.channels.all()
        return document_answer(ChannelList(at=self._clock.now(), channels=tuple(lines)))

    async def test(self, request: Request) -> Response:
        by = ONLY_BY.read(await signed(request))[BY]
        try:
            sent = await self._monitor.channels.test(request.path_params["name"], by)
        except NoTest as error:
            return json_answer({"error": str(error), "hint": error.hint}, 409)
        return document_answer(Tested(messages=sent))

    async def veto(self, request: Request) -> Response:
        given = BY_WHY.read(await signed(request))
        by, why = given[BY], given[WHY]
        try:
            stopped = await self._monitor.channels.veto(request.path_params["number"], by, why)
        except NothingToStop as error:
            return json_answer({"error": str(error), "hint": error.hint}, 409)
        if isinstance(stopped, Refusal):
            status, text = REFUSALS[stopped]
            return json_answer({"error": text, "refusal": stopped.value}, status)
        return document_answer(Stopped(stopped=stopped))


def _doing(path: str, endpoint: Endpoint, action: str, contract: Contract) -> Rule:
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=action, contract=contract)
