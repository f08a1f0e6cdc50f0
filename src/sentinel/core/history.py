"""What Sentinel remembers of one check, and what a new result does to it.

The engine holds one `History` per check in memory and writes its changes through to the store; after a restart it is
rebuilt from there. Everything here is plain computation on values that are handed in.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sentinel.core.check import Check
from sentinel.core.incident import Cause, Effect, Event, Incident, Judged, Phase, Policy, Refusal, step
from sentinel.core.judge import GOOD, Verdict, judge, standing, standing_of
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import ErrorRate, Quantile, Rule, Severity
from sentinel.core.samples import SampleWindow
from sentinel.core.slo import Rollup, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """What must survive a restart, beside results and roll-ups."""

    check: str
    verdict: Verdict
    since: datetime | None  # since when the verdict has this severity; None before the first result
    incident: Incident | None  # pending or open
    forgotten_at: datetime | None = None  # windows hold nothing from before; None: they hold everything


@dataclass(slots=True)
class Turn:
    """What one event did to a check: all of it is committed together."""

    check: str
    result: Result | None = None
    verdict: Verdict = GOOD
    effects: tuple[Effect, ...] = ()
    incident: Incident | None = None  # after the transition; a resolved one too
    changed: bool = False  # whether the state that survives a restart is another than before
    rollups: list[Rollup] = field(default_factory=list)
    refusal: Refusal | None = None


class History:
    """Memory of one check: windows, counters, the incident, time up and down. Owned by the pipeline."""

    __slots__ = (
        "check",
        "forgotten_at",
        "incident",
        "last",
        "policy",
        "since",
        "tally",
        "verdict",
        "windows",
    )

    def __init__(self, check: Check, policy: Policy) -> None:
        self.check = check
        self.policy = policy
        self.verdict = GOOD
        self.since: datetime | None = None
        self.incident: Incident | None = None
        self.forgotten_at: datetime | None = None
        self.last: Result | None = None
        self.windows: dict[Rule, SampleWindow] = _windows(check)
        self.tally = Tally(check.name, check.interval)

    @property
    def state(self) -> CheckState:
        return CheckState(
            check=self.check.name,
            verdict=self.verdict,
            since=self.since,
            incident=self.incident,
            forgotten_at=self.forgotten_at,
        )

    def restore(self, state: CheckState) -> None:
        """Go on from what the store knows."""
        self.verdict, self.since, self.incident = state.verdict, state.since, state.incident
        self.forgotten_at = state.forgotten_at

    def recall(self, result: Result) -> None:
        """Take a result from before the restart into the windows, without judging it again. The oldest comes first.

        Results that an incident told of stay forgotten: else the windows would tell of them again after a restart.
        """
        if self.forgotten_at is None or result.finished_at > self.forgotten_at:
            self._remember(result)
        self.last = result

    def recount(self, result: Result, severity: Severity) -> list[Rollup]:
        """Take a result from before the restart into the sums of time; answers the roll-ups that are now complete.

        Args:
            result: the oldest comes first.
            severity: of the verdict it had. What a window added to it is not known any more, so it may count as degraded.
        """
        reading = result.reading(self.check.main)
        value = reading.value if reading else None
        return self.tally.add(result.scheduled_at, standing_of(result, severity), value)

    def replan(self, check: Check, policy: Policy) -> None:
        """Go on under a changed configuration: counters and incident stay, windows stay where their rule does."""
        kept = self.windows
        self.windows = {rule: kept.get(rule, window) for rule, window in _windows(check).items()}
        self.tally.interval = check.interval
        self.check, self.policy = check, policy

    def take(self, result: Result) -> Turn:
        """Judge a result and let the incident follow."""
        self._remember(result)
        verdict = judge(self.check, result, self.windows)
        reading = result.reading(self.check.main)
        rollups = self.tally.add(result.scheduled_at, standing(result, verdict), reading.value if reading else None)
        self.last = result
        turned = self.since is None or verdict.severity is not self.verdict.severity
        if turned:
            self.since = result.finished_at
        self.verdict = verdict
        if self.incident is None and verdict.severity is Severity.OK:
            return Turn(self.check.name, result, verdict, changed=turned, rollups=rollups)
        turn = self.meet(self._judged(verdict), result.finished_at)
        turn.result, turn.verdict, turn.rollups = result, verdict, rollups
        turn.changed = turn.changed or turned
        return turn

    def meet(self, event: Event, now: datetime) -> Turn:
        """Let the incident follow an event."""
        before = self.incident
        incident, effects, refusal = step(before, event, now)
        if effects and incident is not None and incident.phase is Phase.RESOLVED:
            self.incident = None
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

    def _judged(self, verdict: Verdict) -> Judged:
        check = self.check
        return Judged(
            check=check.name,
            verdict=verdict,
            policy=self.policy,
            open_after=check.open_after,
            close_after=check.close_after,
        )

    def _forget_told(self, incident: Incident) -> None:
        """Samples that an incident told of are not told of again by the rules over windows."""
        if incident.cause is Cause.RESULTS:
            self.forgotten_at = incident.resolved_at
            for window in self.windows.values():
                window.forget()

    def _remember(self, result: Result) -> None:
        if result.outcome is Outcome.UNKNOWN:
            return
        at = result.finished_at.timestamp()
        for rule, window in self.windows.items():
            reading = result.reading(rule.reading) if isinstance(rule, Quantile) else None
            window.add(at, failed=result.outcome is Outcome.FAIL, value=reading.value if reading else None)


def _windows(check: Check) -> dict[Rule, SampleWindow]:
    return {rule: SampleWindow(rule.window) for rule in check.rules if isinstance(rule, ErrorRate | Quantile)}


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
        incident.hole,
        incident.cause,
        incident.levels,
        incident.passes,
        incident.eases,
        incident.criticals if incident.severity is not Severity.CRITICAL else 0,
        incident.breaches if incident.cause is Cause.WINDOW else 0,
    )
