"""What Sentinel remembers of one check, and what a new result does to it.

The engine holds one `History` per check in memory and writes its changes through to the store; after a restart it is
rebuilt from there. Everything here is plain computation on values that are handed in.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sentinel.core.check import Check
from sentinel.core.flapping import Flapping
from sentinel.core.incident import CALM, Around, Cause, Close, Effect, Event, Incident, Judged, Phase, Policy, Refusal
from sentinel.core.judge import GOOD, Verdict, judge, standing, standing_of
from sentinel.core.life import step
from sentinel.core.memories import Memory, Sample, memories_of
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import Rule, Severity
from sentinel.core.slo import Rollup, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """What must survive a restart, beside results and roll-ups."""

    check: str
    verdict: Verdict
    since: datetime | None  # since when the verdict has this severity; None before the first result
    incident: Incident | None  # pending or open
    forgotten_at: datetime | None = None  # until then, samples were told of and forgotten; None: none were
    flapping: Flapping = Flapping()


@dataclass(slots=True)
class Turn:
    """What one event did to a check: all of it is committed together."""

    check: str
    result: Result | None = None
    verdict: Verdict = GOOD
    effects: tuple[Effect, ...] = ()
    incident: Incident | None = None  # after the transition; a resolved one too
    changed: bool = False  # whether the state that survives a restart is another than before
    drifted: bool = False  # whether what is known of flapping is; that may be written down later
    rollups: list[Rollup] = field(default_factory=list)
    refusal: Refusal | None = None


class Surroundings(Protocol):
    """What holds around checks, beside what is measured."""

    def excuse(self, check: Check, at: datetime) -> str:
        """The window that excuses whatever the check finds; empty: none. Asked for each result."""
        ...

    def around(self, history: "History", at: datetime) -> Around:
        """Everything that holds; asked only when something is wrong."""
        ...


class _Nothing:
    def excuse(self, check: Check, at: datetime) -> str:  # noqa: ARG002
        return ""

    def around(self, history: "History", at: datetime) -> Around:  # noqa: ARG002
        return CALM


_NOTHING = _Nothing()


class History:
    """Memory of one check: what its rules remember, counters, the incident, time up and down. Owned by the pipeline."""

    __slots__ = (
        "_to_forget",
        "check",
        "flapping",
        "forgotten_at",
        "incident",
        "known",
        "last",
        "memories",
        "over_at",
        "policy",
        "recovered_at",
        "since",
        "tally",
        "verdict",
    )

    def __init__(self, check: Check, policy: Policy) -> None:
        self.check = check
        self.policy = policy
        self.verdict = GOOD
        self.since: datetime | None = None
        self.incident: Incident | None = None
        self.forgotten_at: datetime | None = None
        self._to_forget: datetime | None = None  # until then what is recalled is to be forgotten again
        self.flapping = Flapping()
        self.recovered_at: datetime | None = None  # when it was last good after it had been bad, since the start
        self.over_at: datetime | None = None  # when its last incident ended, since the start
        self.last: Result | None = None
        self.known: Result | None = None  # the last that is not unknown
        self.memories: dict[Rule, Memory] = memories_of(check)  # of rules over time
        self.tally = Tally(check.name, check.interval)

    @property
    def state(self) -> CheckState:
        return CheckState(
            check=self.check.name,
            verdict=self.verdict,
            since=self.since,
            incident=self.incident,
            forgotten_at=self.forgotten_at,
            flapping=self.flapping,
        )

    def restore(self, state: CheckState) -> None:
        """Go on from what the store knows."""
        self.verdict, self.since, self.incident = state.verdict, state.since, state.incident
        self.forgotten_at, self.flapping = state.forgotten_at, state.flapping
        self._to_forget = state.forgotten_at

    def recall(self, result: Result, *, excused: bool = False) -> None:
        """Take a result from before the restart into the memories, without judging it again. The oldest comes first.

        What a window excused was no sample, and is none now.

        Results that an incident told of are forgotten where they were before: else they would be told of again.
        """
        if not excused:
            self._remember(result)
        self._keep_last(result)

    def seed(self, rollup: Rollup, *, distribution: bool) -> None:
        """Take a roll-up from before all results that are recalled into the memories. The oldest comes first.

        Args:
            rollup: the oldest comes first.
            distribution: whether it is for those memories that look at the distribution of a reading, or for the others.
        """
        self._forget_before(rollup.start)
        for memory in self.memories.values():
            if memory.rolled and memory.distribution is distribution:
                memory.seed(rollup)

    def recount(self, result: Result, severity: Severity) -> list[Rollup]:
        """Take a result from before the restart into the sums of time; answers the roll-ups that are now complete.

        Args:
            result: the oldest comes first.
            severity: of the verdict it had. What a window added to it is not known any more, so it may count as degraded.
        """
        reading = result.reading(self.check.main)
        value = reading.value if reading else None
        stood = standing_of(result, severity)
        return self.tally.add(result.scheduled_at, stood, value, result.readings, counts=not result.extra)

    def replan(self, check: Check, policy: Policy) -> None:
        """Go on under a changed configuration: counters and incident stay, memories stay where their rule does."""
        kept = self.memories if check.main == self.check.main else {}
        self.memories = {rule: kept.get(rule, memory) for rule, memory in memories_of(check).items()}
        self.tally.interval = check.interval
        self.check, self.policy = check, policy

    def take(self, result: Result, surroundings: "Surroundings | None" = None) -> Turn:
        """Judge a result and let the incident follow."""
        at, seen = result.finished_at, surroundings or _NOTHING
        if not seen.excuse(self.check, at):
            self._remember(result)
        verdict = judge(self.check, result, self.memories.values())
        reading = result.reading(self.check.main)
        value = reading.value if reading else None
        stood = standing(result, verdict)
        rollups = self.tally.add(result.scheduled_at, stood, value, result.readings, counts=not result.extra)
        self._keep_last(result)
        turned = self.since is None or verdict.severity is not self.verdict.severity
        if turned:
            self.since = result.finished_at
            if verdict.severity is Severity.OK and self.verdict.severity in (Severity.WARNING, Severity.CRITICAL):
                self.recovered_at = result.finished_at
        self.verdict = verdict
        before = self.flapping
        flaps = self._flaps(verdict, excused=bool(seen.excuse(self.check, at)))
        drifted = self.flapping != before
        if self.incident is None and verdict.severity is Severity.OK and not flaps:
            return Turn(self.check.name, result, verdict, changed=turned, drifted=drifted, rollups=rollups)
        around = seen.around(self, at)
        if flaps:
            around = replace(around, flapping=self.flapping.share)
        turn = self.meet(self._judged(verdict, around), at)
        turn.result, turn.verdict, turn.rollups = result, verdict, rollups
        turn.changed, turn.drifted = turn.changed or turned, drifted
        return turn

    def meet(self, event: Event, now: datetime) -> Turn:
        """Let the incident follow an event."""
        before = self.incident
        incident, effects, refusal = step(before, event, now)
        if effects and incident is not None and incident.phase is Phase.RESOLVED:
            self.incident = None
            self.recovered_at = self.over_at = now  # a rule over time may speak of the past for a while yet
            if incident.cause is Cause.RESULTS or isinstance(event, Close):
                self._forget_told(incident)
        else:
            self.incident = incident
        return Turn(
            self.check.name,
            verdict=self.verdict,
            effects=effects,
            incident=incident,
            changed=_moved(before, incident),
            refusal=refusal,
        )

    def number(self, incident: Incident, number: int) -> Incident:
        """Give an incident that has just opened its number."""
        numbered = replace(incident, id=number)
        self.keep(numbered)
        return numbered

    def keep(self, incident: Incident) -> None:
        """Hold on to the incident as it is after it was told, unless it is over."""
        if self.incident is not None:
            self.incident = incident

    def _keep_last(self, result: Result) -> None:
        self.last = result
        if result.outcome is not Outcome.UNKNOWN:
            self.known = result

    def _flaps(self, verdict: Verdict, *, excused: bool) -> bool:
        """Count whether the check has changed; what a window excuses is not counted."""
        if not self.check.flaps:
            self.flapping = Flapping()
        elif verdict.severity is not Severity.UNKNOWN and not excused:
            self.flapping = self.flapping.after(verdict.point)
        return self.flapping.flaps

    def _judged(self, verdict: Verdict, around: Around) -> Judged:
        check = self.check
        return Judged(
            check=check.name,
            verdict=verdict,
            policy=self.policy,
            open_after=check.open_after,
            close_after=check.close_after,
            around=around,
        )

    def _forget_told(self, incident: Incident) -> None:
        """Samples that an incident told of, or that a person has seen to, are not told of again by the rules over windows."""
        self.forgotten_at = incident.resolved_at
        self._forget()

    def _forget(self) -> None:
        self._to_forget = None
        for memory in self.memories.values():
            memory.forget()

    def _forget_before(self, at: datetime) -> None:
        """Forget again, where it was before the restart, before something later than that is taken in."""
        if self._to_forget is not None and at > self._to_forget:
            self._forget()

    def _remember(self, result: Result) -> None:
        if not self.memories:
            return
        self._forget_before(result.finished_at)
        sample = Sample(
            at=result.finished_at.timestamp(),
            result=result,
            standing=standing_of(result, Severity.OK),
            interval=self.check.interval.total_seconds(),
            counts=result.outcome is not Outcome.UNKNOWN and not result.extra,
        )
        for memory in self.memories.values():
            memory.add(sample)


def _moved(before: Incident | None, after: Incident | None) -> bool:
    """Whether a restart between the two would make a difference. One more failure of an open incident makes none."""
    if before is None or after is None or before.phase is Phase.PENDING:
        return before != after
    return _course(before) != _course(after)


def _course(incident: Incident) -> tuple[object, ...]:
    """What decides how an open incident goes on. Counters count as long as they can change its severity or its cause."""
    return (
        incident.phase,
        incident.severity,
        incident.flapping,
        incident.mute,
        incident.bundle,
        incident.leads,
        incident.news_at,
        incident.assigned_to,
        incident.hole,
        incident.cause,
        incident.levels,
        incident.passes,
        incident.eases,
        incident.criticals if incident.severity is not Severity.CRITICAL else 0,
        incident.breaches if incident.cause is Cause.WINDOW else 0,
    )
