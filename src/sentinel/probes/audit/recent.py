"""The newest entries of a log as the service's own API gives them: in order, without gaps, chained, from look to look."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Self

from pydantic import model_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Duration, Options, ZoneName
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Note, Reading
from sentinel.probes.audit.chain import PREVIOUS, ChainOptions
from sentinel.probes.audit.memory import Memory, identity_of
from sentinel.probes.audit.records import refuse_status
from sentinel.probes.audit.walking import Entry, Order, Walk, read_entry, walk
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, account_of
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Login
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding

_MOST: Final = 1000  # entries looked at of one answer, the newest


class RecentOptions(Options):
    """A request for the newest entries, each with a number that grows and a time."""

    request: RequestOptions
    """The request, whose JSON answer has the entries. It should give more of them than come between two runs."""
    login: Login | None = None
    """Who sends it; none: the request carries its own credential, or needs none."""
    entries: JsonPath = JsonPath("@")
    """Where the list of entries stands in the answer."""
    sequence: JsonPath = JsonPath("id")
    """Where an entry has its number: whole, unique and growing."""
    at: JsonPath = JsonPath("at")
    """Where it has its time."""
    zone: ZoneName = "UTC"
    """The time zone of times that name none."""
    after: int | None = None
    """Entries up to this number are not looked at."""
    gapless: bool = False
    """Whether each number must follow the one before it."""
    skew: Duration = timedelta(seconds=60)
    """By how much an entry's time may lie before that of the entry before it."""
    settle: Duration = timedelta(seconds=60)
    """An entry is looked at when it is this old: until then a slower request may still put one before it."""
    chain: ChainOptions | None = None
    """How the entries are chained by hashes, if they are; its columns are the entries' fields."""

    @model_validator(mode="after")
    def _reads_fields(self) -> Self:
        if self.chain is not None and self.chain.text is not None:
            raise ValueError("columns under chain: an SQL expression needs a database")
        return self

    @property
    def order(self) -> Order:
        return Order(
            name="recent", gapless=self.gapless, skew=self.skew, settle=self.settle, zone=self.zone, chain=self.chain
        )

    def identity(self) -> str:
        """Another one means that what was noted is about something else."""
        return identity_of(self.request.url, self.sequence.source, self.zone, self.after, self.gapless, self.chain)


class Recent:
    """Looks at the newest entries in every run."""

    def __init__(self, options: RecentOptions, tools: ProbeTools, note: Mapping[str, Any] | None) -> None:
        self._options = options
        self._order = options.order
        self._clock: Clock = tools.clock
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self.account = account_of(options.login, tools)
        self._memory = Memory.read(note, options.identity())
        self.host = self.account.host if self.account is not None else ""

    def note(self) -> Note:
        return self._memory.note()

    async def look(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        """Adds what is wrong to `findings`. Raises Finding when the log cannot be read."""
        exchange = await self._caller.call_as("recent", self.account, self._options.request, deadline)
        refuse_status("recent", exchange.status)
        entries = self._read(exchange.body)
        walked = self._walk(entries)
        self._memory.head = walked.position
        readings.append(Reading("verified", walked.verified, Unit.COUNT))
        if walked.finding is not None:
            findings.append(walked.finding)

    def _walk(self, entries: list[Entry]) -> Walk:
        now, head = self._clock.now(), self._memory.head
        if head is not None and entries and entries[0].sequence > head.sequence:
            head = None  # more entries have come than one answer has
        known = entries if head is None else [entry for entry in entries if entry.sequence >= head.sequence]
        return walk(known, head, self._order, now)

    def _read(self, body: bytes) -> list[Entry]:
        try:
            found = self._options.entries.find(read_json(body))
        except ValueError:
            raise Finding(FailureClass.WRONG_BODY, "recent: the body is not JSON") from None
        if not isinstance(found, list):
            explanation = f"recent: there is no list of entries at {self._options.entries.source}"
            raise Finding(FailureClass.WRONG_BODY, explanation, "Ask the same URL by hand, and see where they stand.")
        read = sorted(map(self._entry, found), key=lambda entry: entry.sequence)[-_MOST:]
        return [entry for entry in read if self._options.after is None or entry.sequence > self._options.after]

    def _entry(self, item: Any) -> Entry:
        fields: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
        chain = self._options.chain
        row = [self._options.sequence.find(item), self._options.at.find(item)]
        if chain is None:
            return read_entry(self._order, [*row, None, None])
        parts = [_text(fields.get(column)) for column in chain.columns if column != PREVIOUS]
        return read_entry(self._order, [*row, fields.get(chain.hash), fields.get(chain.previous or ""), *parts])


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
