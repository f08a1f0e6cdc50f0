"""The entries of a log as a whole: none may be changed, taken out or missing, and they must reach back as far as promised.

New entries are looked at once they have settled, from the last one that was in order; older ones are looked at again piece
by piece where they are chained, and counted from time to time. What was reached stands in the probe's note, so that a
restart goes on from there. What is found wrong is found again in every run until `after` says that it is explained.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sentinel.base.clock import Clock
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Note, Reading
from sentinel.probes.audit.blocks import Block, compared, split
from sentinel.probes.audit.memory import Memory
from sentinel.probes.audit.statements import Writer
from sentinel.probes.audit.trail_options import TrailOptions
from sentinel.probes.audit.walking import Entry, Position, Walk, read_entry, walk
from sentinel.probes.base import ProbeTools
from sentinel.probes.database import Answer, Statement, open_database
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.finding import Finding

_TOLERANCE: Final = timedelta(days=1)  # by which retention may fall short: purging is done by the day


class Trail:
    """Looks at one log in every run."""

    def __init__(self, options: TrailOptions, tools: ProbeTools, note: Mapping[str, Any] | None) -> None:
        self._options = options
        self._order = options.order
        self._clock: Clock = tools.clock
        self._write = Writer(options)
        self._memory = Memory.read(note, options.identity())
        self._database = open_database(
            options.database, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
        )
        self.host = self._database.host

    def note(self) -> Note:
        return self._memory.note()

    async def look(self, deadline: float, readings: list[Reading], findings: list[Finding]) -> None:
        """Adds what is wrong to `findings`. Raises Finding when the log cannot be read."""
        now = self._clock.now()
        spans = self._spans() if self._is_recount_due(now) else []
        answers = await self._ask(self._statements(spans), deadline)
        oldest = self._edge(answers["oldest"])
        newest = self._edge(answers["newest"])
        self._refuse_emptied(newest)
        if oldest is None or newest is None:
            readings.append(Reading("verified", 0, Unit.COUNT))
            return
        self._memory.oldest = oldest.sequence
        verified = self._look_at_new(answers["new"], oldest, now, findings)
        if "lap" in answers:
            verified += self._look_again(answers["lap"], oldest, now, findings)
        if spans:
            self._recount(spans, answers["count"], oldest, now)
        if self._memory.gone is not None:
            findings.append(Finding(FailureClass.TAMPERED, f"trail: {self._memory.gone}", _GONE_HINT))
        self._look_back(oldest, now, readings, findings)
        readings += self._readings(verified, newest)

    def _statements(self, spans: Sequence[tuple[int, int]]) -> list[Statement]:
        write, memory = self._write, self._memory
        statements = [write.edge("oldest", "ASC"), write.edge("newest", "DESC"), write.page("new", memory.head)]
        if self._options.chain is not None and memory.head is not None:
            statements.append(write.page("lap", memory.lap, last=memory.head.sequence))
        if spans:
            statements.append(write.counts(spans))
        return statements

    async def _ask(self, statements: Sequence[Statement], deadline: float) -> dict[str, Answer]:
        asked = await self._database.ask(statements, deadline)
        if asked.trouble is None:
            return {statement.name: answer for statement, answer in zip(statements, asked.answers, strict=True)}
        if asked.trouble.large:
            raise Finding(FailureClass.MISCONFIGURED, f"trail: {asked.trouble.explanation}", _LARGE_HINT)
        if not asked.trouble.absent:
            raise Finding.of_database("trail", asked.trouble)
        if self._memory.head is not None:
            explanation = f"trail: entries were there, and now {asked.trouble.explanation}"
            raise Finding(FailureClass.TAMPERED, explanation, _GONE_HINT)
        raise Finding(FailureClass.NOT_INSTALLED, f"trail: {asked.trouble.explanation}", _SCHEMA_HINT)

    def _edge(self, answer: Answer) -> Entry | None:
        return read_entry(self._order, read_json(str(answer.value).encode())) if answer.rows else None

    def _entries(self, answer: Answer) -> list[Entry]:
        rows = read_json(str(answer.value or "[]").encode())
        return sorted((read_entry(self._order, row) for row in rows), key=lambda entry: entry.sequence)

    def _refuse_emptied(self, newest: Entry | None) -> None:
        if newest is None and self._memory.head is not None:
            raise Finding(FailureClass.TAMPERED, "trail: entries were there, and all of them are gone", _GONE_HINT)

    def _look_at_new(self, answer: Answer, oldest: Entry, now: datetime, findings: list[Finding]) -> int:
        start = self._memory.head
        if start is not None and self._may_be_gone(start, oldest, now):
            self._memory.head = None  # all that was known is older than must be kept
            return 0
        entries = self._entries(answer)
        walked = walk(entries, start, self._order, now)
        self._memory.head = walked.position
        if start is None and walked.position is None and walked.finding is None and len(entries) >= self._options.batch:
            # So many are written that the newest have not settled: go on from the oldest of them, or no look would ever begin.
            self._memory.head = Position.of(entries[0])
        return _noted(walked, findings)

    def _look_again(self, answer: Answer, oldest: Entry, now: datetime, findings: list[Finding]) -> int:
        """A second look at old entries, piece by piece, and from the beginning again when the newest is reached."""
        start = self._memory.lap
        if start is not None and self._may_be_gone(start, oldest, now):
            self._memory.lap = None
            return 0
        entries = self._entries(answer)
        walked = walk(entries, start, self._order, now)
        if walked.finding is None and len(entries) < self._options.batch:
            self._memory.lap = None
        else:
            self._memory.lap = walked.position
        return _noted(walked, findings)

    def _may_be_gone(self, position: Position, oldest: Entry, now: datetime) -> bool:
        """Whether an entry that was there was taken away because it is older than what must be kept."""
        kept = self._options.retention
        if kept is None or oldest.sequence <= position.sequence:
            return False
        return datetime.fromisoformat(position.at) < now - kept

    def _is_recount_due(self, now: datetime) -> bool:
        memory = self._memory
        if memory.head is None or memory.oldest is None:
            return False
        return memory.counted_at is None or not timedelta(0) <= now - memory.counted_at < self._options.recount

    def _spans(self) -> list[tuple[int, int]]:
        """What is counted: the known blocks, and what came after them up to the last entry in order."""
        memory, after = self._memory, self._options.after
        assert memory.head is not None
        assert memory.oldest is not None
        if not memory.blocks:
            before = memory.oldest - 1
            return split(before if after is None else max(before, after), memory.head.sequence)
        last = memory.blocks[-1].last
        new = [(last, memory.head.sequence)] if memory.head.sequence > last else []
        return [*((block.after, block.last) for block in memory.blocks), *new]

    def _recount(self, spans: Sequence[tuple[int, int]], answer: Answer, oldest: Entry, now: datetime) -> None:
        """Fewer entries than there were are remembered beside what there was, until all of them are there again."""
        memory = self._memory
        now_there = [
            Block(after, last, int(count) if isinstance(count, int | float) else 0)
            for (after, last), count in zip(spans, answer.first, strict=False)
        ]
        may_purge = self._options.retention is not None
        known, memory.gone = compared(memory.blocks, now_there, oldest.sequence, may_purge=may_purge)
        memory.blocks = known if memory.gone is None else memory.blocks
        memory.counted_at = now

    def _look_back(self, oldest: Entry, now: datetime, readings: list[Reading], findings: list[Finding]) -> None:
        """Whether the oldest entry is as old as what must be kept, or as the log."""
        memory, kept = self._memory, self._options.retention
        memory.earliest = min(memory.earliest or oldest.at, oldest.at)
        readings.append(Reading("reach", (now - oldest.at) / timedelta(days=1), Unit.DAYS))
        if kept is None:
            return
        began = self._options.began
        first = memory.earliest if began is None else datetime(began.year, began.month, began.day, tzinfo=UTC)
        due = max(now - kept, min(first, memory.earliest))
        if oldest.at - due > _TOLERANCE:
            reach, wanted = format_duration(now - oldest.at), format_duration(now - due)
            explanation = f"trail: entries reach back {reach}, and must {wanted}"
            findings.append(Finding(FailureClass.MISSING, explanation, _RETENTION_HINT))

    def _readings(self, verified: int, newest: Entry) -> list[Reading]:
        memory = self._memory
        readings = [Reading("verified", verified, Unit.COUNT)]
        if memory.head is not None:
            readings.append(Reading("behind", max(newest.sequence - memory.head.sequence, 0), Unit.COUNT))
        if memory.blocks:
            readings.append(Reading("entries", sum(block.size for block in memory.blocks), Unit.COUNT))
        return readings


def _noted(walked: Walk, findings: list[Finding]) -> int:
    if walked.finding is not None:
        findings.append(walked.finding)
    return walked.verified


_GONE_HINT: Final = (
    "Somebody, or some job, took entries away: keep the log and its backups as they are, and find out who could write to it. "
    "When it is explained, set `trail.after` to the newest number to go on from there."
)
_LARGE_HINT: Final = "Lower `trail.batch`: so many entries at once are more than is read of an answer."
_SCHEMA_HINT: Final = "Compare the names under `trail` with the schema: has a migration not run?"
_RETENTION_HINT: Final = "See which job purges the log, and restore what is missing from a backup."
