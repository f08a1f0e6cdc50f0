"""The journal, for programs: who had Sentinel do what, and whether the chain holds."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.base.units import parse_duration
from sentinel.core.access import Role
from sentinel.core.journal import Break
from sentinel.reports.journal import entry_line
from sentinel.web.answers import json_answer, signed
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_REASON, BadRequest, line, object_of, query
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Rule, rule

#: Commands that send something without the daemon.
COMMANDS = ("test-alert", "report")

#: How far back is told when nobody says.
USUAL = timedelta(days=7)


class JournalPages:
    """Answers about the journal."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/api/v1/journal", self.all, least=Role.ADMIN),
            rule("/api/v1/journal", self.command, least=Role.ADMIN, methods=("POST",), doing="command.run"),
            rule("/api/v1/journal/verify", self.verify, least=Role.ADMIN),
        )

    async def all(self, request: Request) -> Response:
        """Those of `?last=7d`, of one person or program with `&by=ann`; the newest first."""
        now = self._clock.now()
        last = query(request.query_params, "last", parse_duration, USUAL)
        by = request.query_params.get("by", "")
        found = await self._monitor.journal.between(
            now - min(last, timedelta(days=36_500)), now + timedelta(days=1), by
        )
        return json_answer({"at": now, "entries": [entry_line(entry).to_json() for entry in found]})

    async def command(self, request: Request) -> Response:
        """Read `{"command": "test-alert", "on": "mail", "by": "ann"}`: a command that works past the daemon says what it does."""
        fields = object_of(await signed(request), {"command", "on", "by"})
        if fields.get("command") not in COMMANDS:
            raise BadRequest(f"`command` has to be one of {', '.join(COMMANDS)}")
        tell(request, subject=f"command {fields['command']}", detail=line(fields, "on", LONGEST_REASON))
        return json_answer({"written": True})

    async def verify(self, _request: Request) -> Response:
        found = await self._monitor.journal.verify()
        if isinstance(found, Break):
            return json_answer({"whole": False, "breaks_at": found.number, "why": found.why})
        return json_answer({"whole": True, "entries_until": found.number})
