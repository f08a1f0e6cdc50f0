"""What every part of the `postgres` probe is: a few questions about one matter, and what their answers mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Note, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.database.asking import Cell, broken
from sentinel.probes.database.postgres import Session
from sentinel.probes.finding import Finding

Rule = Mapping[str, Any]  # as a file has it

#: Sessions in pg_stat_activity that are not Sentinel's, of this check or another.
OTHERS: Final = "(usename <> current_user OR application_name <> current_setting('application_name'))"

STATISTICS_HINT: Final = "GRANT pg_read_all_stats TO the role in `url`; or switch the part off with `false`."


class Row:
    """One row of an answer. Asking for a number where there is none answers 0."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells

    def number(self, name: str) -> float:
        return self.known(name) or 0.0

    def known(self, name: str) -> float | None:
        """The number; None where the server knows none."""
        cell = self._cells[name]
        return float(cell) if isinstance(cell, int | float) else None

    def count(self, name: str) -> int:
        return int(self.number(name))

    def text(self, name: str) -> str:
        cell = self._cells[name]
        return "" if cell is None else str(cell)

    def flag(self, name: str) -> bool:
        return self._cells[name] is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the parts need to know of the server before they ask it."""

    version: int  # 150003 is 15.3
    standby: bool  # it replays what a primary writes
    statistics: bool  # the role may see what other roles' sessions do

    @property
    def release(self) -> str:
        """As people write it: 15.3."""
        return f"{self.version // 10_000}.{self.version % 10_000}"

    @property
    def number(self) -> float:
        """For comparing: 15.03 for 15.3, as 15.12 is the newer one."""
        return self.version // 10_000 + self.version % 10_000 / 100


@dataclass(slots=True, kw_only=True)
class Look:
    """What one part asks and says in one run."""

    session: Session
    server: Server
    now: datetime  # of Sentinel's clock, for what is noted
    before: Note  # what the part noted in its last run; empty in the first
    after: Note | None = None  # what it notes in this one
    readings: list[Reading] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)  # by reading
    findings: list[Finding] = field(default_factory=list)

    async def rows(self, text: str, *values: str) -> list[Row]:
        """The rows of an answer. Raises DatabaseError."""
        return [Row(cells) for cells in await self.session.rows(text, *values)]

    async def row(self, text: str, *values: str) -> Row:
        """The one row of an answer that always has one."""
        [row] = await self.rows(text, *values)
        return row

    def read(self, name: str, value: float, unit: Unit, hint: str = "") -> None:
        """Takes a reading. The hint is what a person needs who is told that it is beyond a bound."""
        self.readings.append(Reading(name, value, unit))
        if hint:
            self.hints[name] = hint

    def find(self, failure: FailureClass, explanation: str, hint: str = "") -> None:
        """Notes what is not as it should be."""
        self.findings.append(Finding(failure, explanation, hint))

    def needs_statistics(self) -> None:
        """Ends the part where the role may not see other roles' sessions: what it sees would be too little."""
        if not self.server.statistics:
            explanation = "the role may not see what other sessions do"
            raise broken(FailureClass.NOT_PERMITTED, explanation, STATISTICS_HINT)


class Part(Protocol):
    """One matter that is looked at in every run."""

    async def look(self, look: Look) -> None:
        """Asks and says. Raises DatabaseError where the server does not answer; what was said before that counts."""
        ...


def _none_idle(_options: Any) -> Mapping[str, str]:
    return {}


def _nothing_more(_options: Any) -> Mapping[str, Unit]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartKind:
    """One kind of part. What the functions are given is an instance of its options."""

    name: str  # of its group of options
    readings: Mapping[str, Unit]
    build: Callable[[Any, ProbeTools], Part]
    usual_rules: Callable[[Any], Sequence[Rule]]
    unwritten: Options | None = None  # its options where the file has none; None: it is off then
    more_readings: Callable[[Any], Mapping[str, Unit]] = _nothing_more
    idle: Callable[[Any], Mapping[str, str]] = _none_idle  # of `readings`, those that options leave off, and the switch


def above(reading: str, *, warning: object = None, critical: object = None) -> Rule:
    """A usual rule."""
    bounds = {"warning": warning, "critical": critical}
    return {"reading": reading, **{name: bound for name, bound in bounds.items() if bound is not None}}
