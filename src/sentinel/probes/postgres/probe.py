"""The `postgres` probe: one session in each run, in which every part asks its questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import OWN_SIDE, FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.database.asking import DatabaseError, Trouble, broken
from sentinel.probes.database.postgres import PostgresDatabase, Session
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.postgres.options import PostgresOptions
from sentinel.probes.postgres.part import STATISTICS_HINT, Look, Part, Server
from sentinel.probes.postgres.parts import chosen

_OLDEST: Final = 120000  # the oldest release that the questions are known to work with

_SERVER: Final = """
SELECT pg_is_in_recovery() AS standby, pg_has_role('pg_read_all_stats', 'USAGE') AS statistics
"""

_TOLD: Final = 4  # findings that an explanation has room for

#: After these the session is of no use any more.
_ENDS: Final = frozenset({FailureClass.QUERY_TIMEOUT, FailureClass.CONNECT_TIMEOUT, FailureClass.RESET})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A part that is looked at."""

    name: str
    part: Part
    written: bool  # somebody asked for it


@dataclass(slots=True, kw_only=True)
class _Found:
    """What all parts together found."""

    readings: list[Reading] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)  # by part
    at: str = ""  # the part that is being looked at
    unread: list[str] = field(default_factory=list)  # parts that nobody asked for and the role has no right to

    def take(self, look: Look, name: str) -> None:
        self.readings += look.readings
        self.hints |= look.hints
        self.findings += look.findings
        if look.after is not None:
            self.notes[name] = look.after


class PostgresProbe:
    """Keeps what its parts noted between runs: sizes of the last days, sums of the last look."""

    def __init__(self, options: PostgresOptions, tools: ProbeTools) -> None:
        self._database = PostgresDatabase(options.url.reveal(), tools.transport.resolver)
        self._clock = tools.clock
        self._parts = [
            _Chosen(name=one.kind.name, part=one.kind.build(one.options, tools), written=one.written)
            for one in chosen(options)
        ]
        self._lowest = options.lowest_version
        self._note: Note = tools.note or {}

    @property
    def host(self) -> str:
        return self._database.host

    async def measure(self, deadline: float) -> Measurement:
        found = _Found(notes=dict(self._note))
        try:
            async with self._database.session(deadline) as session:
                await self._look_at_all(session, found)
        except DatabaseError as error:
            return self._cut_short(error.trouble, found)
        self._note = found.notes
        found.readings.append(Reading("unread_parts", len(found.unread), Unit.COUNT))
        if found.unread:
            found.hints["unread_parts"] = f"Not looked at: {', '.join(found.unread)}. {STATISTICS_HINT}"
        return measurement(told(found.findings), found.readings, note=self._note, hints=found.hints)

    async def close(self) -> None:
        """There is nothing to give back: every run has a session of its own."""

    def _cut_short(self, trouble: Trouble, found: _Found) -> Measurement:
        """The session came to no end; what was found until then counts."""
        self._note = found.notes
        where = f"{found.at}: " if found.at else ""
        ended = Finding(trouble.failure, f"{where}{trouble.explanation}", trouble.hint)
        return measurement(told([ended, *found.findings]), found.readings, note=self._note, hints=found.hints)

    async def _look_at_all(self, session: Session, found: _Found) -> None:
        server = await _server(session)
        found.readings.append(Reading("server_version", server.number, Unit.NONE))
        if self._lowest is not None and session.version < _number(self._lowest):
            explanation = f"the server is PostgreSQL {server.release}, expected at least {self._lowest}"
            found.findings.append(
                Finding(FailureClass.DRIFTED, explanation, "Update it: a minor release needs a restart only.")
            )
        for one in self._parts:
            found.at = one.name
            await self._look_at(one, session, server, found)

    async def _look_at(self, one: _Chosen, session: Session, server: Server, found: _Found) -> None:
        before = self._note.get(one.name)
        known = before if isinstance(before, Mapping) else {}
        look = Look(session=session, server=server, now=self._clock.now(), before=known)
        try:
            await one.part.look(look)
        except DatabaseError as error:
            trouble = error.trouble
            if trouble.failure in _ENDS:
                raise
            await session.begin_anew()
            if one.written or trouble.failure not in OWN_SIDE:
                look.findings.append(Finding.of_database(one.name, trouble))
            else:
                found.unread.append(one.name)
        finally:
            found.take(look, one.name)


def told(findings: Sequence[Finding]) -> list[Finding]:
    """All findings as one: what accuses the server, with the hint of the first; else everything that is missing, with each
    hint, so that a person can grant it at one go."""
    accusing = [finding for finding in findings if finding.failure not in OWN_SIDE]
    chosen = accusing or list(findings)
    if not chosen:
        return []
    explanation = "; ".join(finding.explanation for finding in chosen[:_TOLD])
    more = f" (and {len(chosen) - _TOLD} more)" if len(chosen) > _TOLD else ""
    unread = len(findings) - len(chosen)
    aside = f"; {unread} part{'s' if unread > 1 else ''} could not be read" if unread else ""
    hints = chosen[:1] if accusing else chosen
    hint = " ".join(dict.fromkeys(finding.hint for finding in hints if finding.hint))
    return [Finding(chosen[0].failure, f"{explanation}{more}{aside}", hint)]


async def _server(session: Session) -> Server:
    if session.version < _OLDEST:
        explanation = f"PostgreSQL {session.version // 10_000} is too old to be asked"
        raise broken(
            FailureClass.NOT_INSTALLED, explanation, "Update it to PostgreSQL 12 or newer, or use a `sql` check."
        )
    [row] = await session.rows(_SERVER)
    return Server(version=session.version, standby=row["standby"] is True, statistics=row["statistics"] is True)


def _number(release: str) -> int:
    major, _, minor = release.partition(".")
    return int(major) * 10_000 + int(minor or 0)
