"""What other rules would have made of recorded results, beside what really happened."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sentinel.core.check import OWN_CHECK, Check
from sentinel.core.excuses import Excuses
from sentinel.core.history import History, Turn
from sentinel.core.holding import Held
from sentinel.core.incident import CALM, Around, EffectKind, Incident
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.core.window import Windows

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One incident, as far as it is compared."""

    check: str
    opened_at: datetime
    resolved_at: datetime | None  # None: it lasts
    severity: Severity  # the worst it had
    why: str
    number: int = 0  # of the incident; 0: it is only what would have been

    def overlaps(self, other: "Episode") -> bool:
        return self.opened_at < (other.resolved_at or _EVER) and other.opened_at < (self.resolved_at or _EVER)


def happened(incidents: Iterable[Incident], unjudged: Collection[str] = ()) -> list[Episode]:
    """Incidents that opened; Sentinel's own are left out, since no rule of the configuration judges it.

    Args:
        unjudged: names of other checks that no rule judges.
    """
    return [
        Episode(
            check=one.check,
            opened_at=one.opened_at,
            resolved_at=one.resolved_at,
            severity=one.severity,
            why=one.verdict.explanation,
            number=one.id,
        )
        for one in incidents
        if one.opened_at is not None and one.check != OWN_CHECK and one.check not in unjudged
    ]


class Recorded:
    """What held around checks then: the windows that were held, and those of the new configuration."""

    def __init__(self, held: Sequence[Held], windows: Windows) -> None:
        self._excuses = Excuses(held)
        self._windows = windows

    def excuse(self, check: Check, at: datetime) -> str:
        """The window that excuses whatever the check finds; empty: none."""
        if held := self._excuses.at(check, at):
            return held
        found = self._windows.covering(check, at) if self._windows else None
        return found[0].id if found else ""

    def around(self, history: History, at: datetime) -> Around:
        """Everything that holds: who would have been told is not asked."""
        return replace(CALM, excuse=self.excuse(history.check, at))


class Replay:
    """Runs recorded results through the rules of a plan and remembers which incidents would have opened."""

    def __init__(self, histories: dict[str, History], surroundings: Recorded, since: datetime) -> None:
        self.histories = histories
        self.results = 0  # since that moment
        self._surroundings = surroundings
        self._since = since
        self._lasting: dict[str, Episode] = {}  # by check
        self._over: list[Episode] = []
        self._judged: set[str] = set()

    def take(self, result: Result) -> None:
        """Judge one result; the oldest comes first. Those before `since` only fill what rules remember."""
        history = self.histories.get(result.check)
        if history is None:
            return
        if result.scheduled_at >= self._since:
            self.results += 1
            self._judged.add(result.check)
        self._follow(history.take(result, self._surroundings), result)

    @property
    def unjudged(self) -> list[str]:
        """Checks of which nothing was recorded."""
        return sorted(self.histories.keys() - self._judged)

    def episodes(self) -> list[Episode]:
        """The incidents that would have been open since then, in the order in which they would have opened."""
        found = (*self._over, *self._lasting.values())
        inside = (one for one in found if one.resolved_at is None or one.resolved_at >= self._since)
        return sorted(inside, key=lambda one: one.opened_at)

    def _follow(self, turn: Turn, result: Result) -> None:
        for effect in turn.effects:
            match effect.kind:
                case EffectKind.OPENED if turn.incident is not None:
                    self._lasting[turn.check] = _opened(turn.incident, result.finished_at)
                case EffectKind.WORSENED if turn.check in self._lasting:
                    self._lasting[turn.check] = replace(self._lasting[turn.check], severity=Severity.CRITICAL)
                case EffectKind.RESOLVED if turn.check in self._lasting:
                    self._over.append(replace(self._lasting.pop(turn.check), resolved_at=result.finished_at))
                case _:
                    pass


def _opened(incident: Incident, at: datetime) -> Episode:
    return Episode(
        check=incident.check,
        opened_at=at,
        resolved_at=None,
        severity=incident.severity,
        why=incident.verdict.explanation,
    )


class Fate(StrEnum):
    """What would become of an incident."""

    SAME = "same"  # it was, and would be
    NEW = "new"  # it would be, and was not
    MISSED = "missed"  # it was, and would not be


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An incident as it was, beside what it would be. At least one of them is there."""

    was: Episode | None
    would: Episode | None

    @property
    def fate(self) -> Fate:
        if self.was is None:
            return Fate.NEW
        return Fate.MISSED if self.would is None else Fate.SAME

    @property
    def episode(self) -> Episode:
        one = self.was or self.would
        assert one is not None, "a pair has one of them"
        return one

    @property
    def later(self) -> float | None:
        """By how many seconds it would open later; negative: earlier; None where it is only one of them."""
        if self.was is None or self.would is None:
            return None
        return (self.would.opened_at - self.was.opened_at).total_seconds()


def compare(was: Iterable[Episode], would: Iterable[Episode]) -> list[Pair]:
    """Each incident beside the first one of its check that overlaps it, each in one pair; in the order of time."""
    return sorted(_pairs(was, would), key=lambda pair: (pair.episode.opened_at, pair.episode.check))


def _pairs(was: Iterable[Episode], would: Iterable[Episode]) -> Iterator[Pair]:
    left: dict[str, list[Episode]] = defaultdict(list)
    for one in sorted(would, key=lambda one: one.opened_at):
        left[one.check].append(one)
    for old in sorted(was, key=lambda one: one.opened_at):
        candidates = left[old.check]
        new = next((one for one in candidates if one.overlaps(old)), None)
        if new is not None:
            candidates.remove(new)
        yield Pair(was=old, would=new)
    for rest in left.values():
        yield from (Pair(was=None, would=one) for one in rest)
