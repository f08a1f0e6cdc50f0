"""The outbox, for programs: what was not delivered, and what becomes of messages that were given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.notification import State
from sentinel.reports.documents import Document, NotificationLine
from sentinel.reports.status import notification_line
from sentinel.web.answers import body, document_answer
from sentinel.web.contract import Contract
from sentinel.web.fields import Given, Shape, asked_words, flag, numbers, optional
from sentinel.web.monitor import Monitor
from sentinel.web.payload import BadRequest
from sentinel.web.sign_in.rules import Rule, rule

#: That one request may name.
MOST_IDS: Final = 10_000

_UNSENT: Final = (State.QUEUED, State.SENDING, State.DEAD)

STATES = asked_words("state", tuple(State), "without it what was not delivered")
LIST = Shape(STATES)

IDS = optional(numbers("ids", MOST_IDS, "which; or all of them with `all`"), None)
ALL = flag("all")
_EITHER: Final = [{"required": ["ids"]}, {"required": ["all"], "properties": {"all": {"const": True}}}]
DEAD_ONES = Shape(IDS, ALL, also={"oneOf": _EITHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationList(Document):
    """Rows of the outbox, the newest first."""

    at: datetime
    notifications: tuple[NotificationLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven(Document):
    """Messages are sent again."""

    redriven: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(Document):
    """Something was put away for good."""

    dropped: int


class OutboxPages:
    """Answers about the outbox."""

    def __init__(self, monitor: Monitor, clock: Clock, changed: Callable[[], None]) -> None:
        self._monitor = monitor
        self._clock = clock
        self._changed = changed  # is called when a person has done something

    def routes(self) -> tuple[Rule, ...]:
        outbox, admin, post = "/api/v1/outbox", Role.ADMIN, ("POST",)
        every = Contract(says="What was not delivered.", answers=NotificationList, asks=LIST)
        redrive = Contract(says="Send messages again that were given up.", answers=Redriven, takes=DEAD_ONES)
        drop = Contract(says="Put messages away that nobody will send.", answers=Dropped, takes=DEAD_ONES)
        return (
            rule(outbox, self.all, least=Role.VIEWER, contract=every),
            rule(
                f"{outbox}/redrive",
                self.redrive,
                least=admin,
                methods=post,
                doing="outbox.redrive",
                contract=redrive,
            ),
            rule(f"{outbox}/drop", self.drop, least=admin, methods=post, doing="outbox.drop", contract=drop),
        )

    async def all(self, request: Request) -> Response:
        states = tuple(map(State, LIST.among(request.query_params)[STATES])) or _UNSENT
        rows = await self._monitor.outbox(states)
        return document_answer(
            NotificationList(at=self._clock.now(), notifications=tuple(map(notification_line, rows)))
        )

    async def redrive(self, request: Request) -> Response:
        ids = _which(DEAD_ONES.read(await body(request)))
        self._changed()
        return document_answer(Redriven(redriven=await self._monitor.redrive(ids)))

    async def drop(self, request: Request) -> Response:
        ids = _which(DEAD_ONES.read(await body(request)))
        self._changed()
        return document_answer(Dropped(dropped=await self._monitor.drop(ids)))


def _which(given: Given) -> tuple[int, ...] | None:
    """The numbers; None: all. Raises BadRequest where it is neither, or both."""
    if (given[IDS] is None) is not given[ALL]:
        raise BadRequest('expected {"ids": [numbers]} or {"all": true}')
    return given[IDS]
