"""The journal, for programs: who had Sentinel do what, and whether the chain holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.journal import Break
from sentinel.reports.documents import Document
from sentinel.reports.journal import JournalLine, entry_line
from sentinel.web.answers import document_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, asked, asked_text, choice, lasting, text
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON
from sentinel.web.shapes import BY
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Rule, rule

#: How far back is told when nobody says.
USUAL = timedelta(days=7)

#: It began later.
LONGEST = timedelta(days=20_000)


LAST = asked(lasting("last", "how far back, such as `30d`; 7 days where nothing is said"), USUAL)
OF = asked_text("by", LONGEST_NAME, "of one person or program")
LIST = Shape(LAST, OF)


class Command(StrEnum):
    """A command that sends something without the daemon."""

    TEST_ALERT = "test-alert"
    REPORT = "report"


COMMAND = choice("command", Command)
ON = text("on", LONGEST_REASON, "what it was told to do it with")
RAN = Shape(BY, COMMAND, ON)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDown(Document):
    """The journal has it."""

    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalList(Document):
    """Entries of the journal, the newest first."""

    at: datetime
    entries: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Document):
    """Whether the journal is as it was written."""

    whole: bool
    entries_until: int | None = None  # its last number; None: it is not whole
    breaks_at: int | None = None  # the first number that is not as it was written
    why: str = ""


class JournalPages:
    """Answers about the journal."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        every = Contract(says="What people and programs had Sentinel do.", answers=JournalList, asks=LIST)
        says = "Write down what a command did that works past the daemon."
        ran = Contract(says=says, answers=WrittenDown, takes=RAN)
        verify = Contract(says="Whether the journal is as it was written.", answers=Verified)
        return (
            rule("/api/v1/journal", self.all, least=Role.ADMIN, contract=every),
            rule(
                "/api/v1/journal",
                self.command,
                least=Role.ADMIN,
                methods=("POST",),
                doing="command.run",
                contract=ran,
            ),
            rule("/api/v1/journal/verify", self.verify, least=Role.ADMIN, contract=verify),
        )

    async def all(self, request: Request) -> Response:
        given, now = LIST.among(request.query_params), self._clock.now()
        since = now - min(given[LAST], LONGEST)
        found = await self._monitor.journal.between(since, now + timedelta(days=1), given[OF])
        return document_answer(JournalList(at=now, entries=tuple(map(entry_line, found))))

    async def command(self, request: Request) -> Response:
        given = RAN.read(await signed(request))
        tell(request, subject=f"command {given[COMMAND]}", detail=given[ON])
        return document_answer(WrittenDown(written=True))

    async def verify(self, _request: Request) -> Response:
        found = await self._monitor.journal.verify()
        if isinstance(found, Break):
            return document_answer(Verified(whole=False, breaks_at=found.number, why=found.why))
        return document_answer(Verified(whole=True, entries_until=found.number))
