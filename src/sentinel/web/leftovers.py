"""What scenarios have left in their targets, for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.reports.documents import Document, LeftLine
from sentinel.web.answers import body, document_answer
from sentinel.web.contract import Contract
from sentinel.web.fields import NOTHING, Shape, some_words
from sentinel.web.monitor import Monitor
from sentinel.web.outbox import Dropped
from sentinel.web.sign_in.rules import Rule, rule

#: That one request may name, and the characters of each.
MOST_MARKS: Final = 10_000
LONGEST_MARK: Final = 100

MARKS = some_words("marks", MOST_MARKS, LONGEST_MARK, "of runs that a person has cleaned up after")
DROP = Shape(MARKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftList(Document):
    """What was made and not taken away."""

    at: datetime
    left: tuple[LeftLine, ...]


class LeftPages:
    """Answers about what was left."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        cleanup, operator, admin, post = "/api/v1/cleanup", Role.OPERATOR, Role.ADMIN, ("POST",)
        every = Contract(says="What scenarios made and have not taken away.", answers=LeftList)
        run = Contract(says="Take that away now; what is left then, with why.", answers=LeftList, takes=NOTHING)
        says = "Forget what a person has taken away by hand."
        drop = Contract(says=says, answers=Dropped, takes=DROP)
        return (
            rule(cleanup, self.all, least=Role.VIEWER, contract=every),
            rule(f"{cleanup}/run", self.run, least=operator, methods=post, doing="leftovers.clean_up", contract=run),
            rule(f"{cleanup}/drop", self.drop, least=admin, methods=post, doing="leftovers.drop", contract=drop),
        )

    async def all(self, _request: Request) -> Response:
        return self._answer(await self._monitor.left_behind())

    async def run(self, request: Request) -> Response:
        NOTHING.read(await body(request))
        return self._answer(await self._monitor.clean_up())

    async def drop(self, request: Request) -> Response:
        marks = DROP.read(await body(request))[MARKS]
        return document_answer(Dropped(dropped=await self._monitor.drop_left(marks)))

    def _answer(self, left: Sequence[LeftLine]) -> Response:
        return document_answer(LeftList(at=self._clock.now(), left=tuple(left)))
