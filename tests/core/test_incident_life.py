"""Any story that an incident can live through, held against a model that knows only the rules of the docstrings."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sentinel.core.escalation import next_tick
from sentinel.core.incident import EffectKind, Event, Level, Phase, Policy, Step, Ticked
from sentinel.core.life import TWICE
from sentinel.core.rule import Severity
from sentinel.store.codec import INCIDENT
from tests.core.life import Life, Told
from tests.core.made import MINUTE, NOW, POLICY, verdict

if TYPE_CHECKING:
    from datetime import datetime

ENDS = {EffectKind.RESOLVED, EffectKind.WITHDRAWN}
BY_TIME = {EffectKind.ESCALATED, EffectKind.REMINDED}

POLICIES = (
    Policy(name="HC-10", levels=POLICY.levels),
    Policy(name="quiet", levels=POLICY.levels, remind_warning=timedelta(0), remind_critical=timedelta(0)),
    Policy(
        name="strict",
        levels=(
            Level(after=0 * MINUTE, channels=("mail",)),
            Level(after=10 * MINUTE, channels=("chat",), severity=Severity.CRITICAL),
            Level(after=20 * MINUTE, channels=("hook", "mail")),
        ),
        acknowledge_critical=25 * MINUTE,
    ),
    Policy(name="late", levels=(Level(after=5 * MINUTE, channels=("chat",)),), remind_critical=7 * MINUTE),
    Policy(name="silent", levels=()),
)

VERDICTS = {
    "good": verdict(Severity.OK),
    "warning": verdict(Severity.WARNING),
    "critical": verdict(Severity.CRITICAL),
    "security": verdict(Severity.CRITICAL, at_once=True),
    "window": verdict(Severity.WARNING, window=True),
}


class Watched(Life):
    """A life that notices what a single event must never do."""

    def feed(self, event: Event) -> Step:
        before, said, sent = self.incident, len(self.told), len(self.sent)
        answer = super().feed(event)
        if answer.refusal is not None:
            assert self.incident == before
            assert (len(self.told), len(self.sent)) == (said, sent), "a refusal tells nobody"
        if event == Ticked() and self.incident is not None:
            due = next_tick(self.incident)
            assert due is None or due > self.now, "a tick does all that is due"
        return answer


class IncidentLife(RuleBasedStateMachine):
    """Failures, warnings, passes, unknowns, people and time, in any order."""

    @initialize(policy=st.sampled_from(POLICIES), open_after=st.integers(1, 3), close_after=st.integers(1, 3))
    def begin(self, policy: Policy, open_after: int, close_after: int) -> None:
        self.life = Watched(policy, open_after, close_after)
        self.bad_run = self.good_run = 0  # results in a row
        self.open = False
        self.by_window = False  # a window alone brought it
        self.opened_at = NOW
        self.taken: tuple[datetime, datetime] | None = None  # the acknowledgement that is in force
        self.held = timedelta(0)  # time under acknowledgements of this incident
        self.heard = 0  # effects that were looked at

    # --- What can happen ---

    @rule(what=st.sampled_from(sorted(VERDICTS)), times=st.integers(1, 3), blind=st.integers(0, 2))
    def judge(self, what: str, times: int, blind: int) -> None:
        for _ in range(times):
            self.unknown(blind)
            self.life.judge(VERDICTS[what])
            self._expect(what)
            self._listen()
        self.unknown(blind)

    @rule(times=st.integers(0, 3))
    def unknown(self, times: int) -> None:
        before = self.life.incident
        self.life.unknown(times)
        assert self.life.incident == before

    @rule(minutes=st.integers(1, 40) | st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.life.wait(minutes)
        self._listen()
        self._everybody_was_told()

    @rule(minutes=st.integers(1, 100))
    def time_passes_while_sentinel_is_down(self, minutes: int) -> None:
        self.life.sleep(minutes)
        self._listen()
        self._everybody_was_told()

    @rule(minutes=st.none() | st.integers(1, 120))
    def acknowledge(self, minutes: int | None) -> None:
        hold = None if minutes is None else minutes * MINUTE
        before = len(self.life.told)
        severity = self.life.incident.severity if self.life.incident else Severity.OK
        self.life.acknowledge(hold)
        until = (
            self.life.now + (hold or self.life.open.policy.acknowledged_for(severity)) if self.open else self.life.now
        )
        twice = self.taken is not None and max(self.life.now - self.taken[0], abs(until - self.taken[1])) <= TWICE
        taken = self.open and not twice
        assert (len(self.life.told) > before) == taken, "it can be taken, and taken over, while it is open"
        if taken:
            if self.taken is not None:
                self.held += self.life.now - self.taken[0]
            self.taken = (self.life.now, until)
        self._listen()

    @rule(wait=st.integers(0, 20), minutes=st.integers(10, 60))
    def somebody_takes_it_while_the_timers_run(self, wait: int, minutes: int) -> None:
        self.judge("security", 1, 0)
        self.time_passes(wait)
        self.acknowledge(minutes)
        self.time_passes_while_sentinel_is_down(minutes - 1)

    @precondition(lambda self: self.life.now > NOW + 120 * MINUTE)
    @rule()
    def withdraw(self) -> None:
        self.life.withdraw()
        self.bad_run = 0
        if self.open:
            self._over()
        self._listen()

    # --- What holds after everything ---

    @invariant()
    def one_opening_per_resolution(self) -> None:
        count = Counter(told.kind for told in self.life.told)
        assert count[EffectKind.OPENED] - sum(count[end] for end in ENDS) == int(self.open)
        assert (self.life.incident is not None and self.life.incident.is_open) == self.open

    @invariant()
    def acknowledged_is_who_was_acknowledged(self) -> None:
        incident = self.life.incident
        assert (incident is not None and incident.phase is Phase.ACKNOWLEDGED) == (self.taken is not None)
        if incident is not None:
            assert (incident.acknowledgement is not None) == (incident.phase is Phase.ACKNOWLEDGED)

    @invariant()
    def each_message_has_its_own_key_and_they_are_in_order(self) -> None:
        assert len({sent.key for sent in self.life.sent}) == len(self.life.sent)
        order = [(sent.incident or 0, sent.message.sequence) for sent in self.life.sent]
        assert order == sorted(order)

    @invariant()
    def the_sequence_counts_the_effects(self) -> None:
        incident = self.life.incident
        if incident is not None and incident.is_open:
            assert incident.sequence == len(self._of_this_incident())

    @invariant()
    def what_is_stored_comes_back_equal(self) -> None:
        if self.life.incident is not None:
            assert INCIDENT.decode(INCIDENT.encode(self.life.incident), INCIDENT.version) == self.life.incident

    # --- The model ---

    def _expect(self, what: str) -> None:
        """Which results open and which resolve, from the docstring of `core.incident` alone."""
        bad = what in ("warning", "critical", "security")
        self.bad_run = self.bad_run + 1 if bad else 0
        by_results = self.bad_run >= self.life.open_after or what == "security"
        if not self.open:
            if by_results or what == "window":
                self.open, self.by_window = True, not by_results
                self.opened_at, self.good_run = self.life.now, 0
                self.held = timedelta(0)
            return
        self.by_window = self.by_window and not by_results
        better = what == "good" or (what == "window" and not self.by_window)
        self.good_run = self.good_run + 1 if better else 0
        if self.good_run >= self.life.close_after:
            self._over()

    def _over(self) -> None:
        self.open, self.taken = False, None
        over = self.life.resolved
        assert over is not None
        mine = [sent for sent in self.life.sent if sent.incident == over.id]
        ends = [sent.address for sent in mine if sent.message.kind.value in ENDS]
        assert sorted(ends) == sorted({sent.address for sent in mine}), "whoever was told of it is told of its end"

    def _listen(self) -> None:
        """Look at what was told since the last look."""
        for told in self.life.told[self.heard :]:
            at = NOW + timedelta(minutes=told.minute)
            if self.taken is not None and told.kind in (EffectKind.WORSENED, EffectKind.ACKNOWLEDGEMENT_EXPIRED):
                self.held += at - self.taken[0]
                assert told.kind is EffectKind.WORSENED or at >= self.taken[1], "it holds as long as it was given for"
                self.taken = None
            assert self.taken is None or told.kind not in BY_TIME, "nothing escalates what somebody has taken"
            if told.level:
                level = self.life.policy.levels[told.level - 1]
                assert at >= self.opened_at + level.after + self.held, "no level is told too early"
        self.heard = len(self.life.told)
        self._levels_once()

    def _levels_once(self) -> None:
        incident = self.life.incident
        if incident is not None and incident.is_open:
            assert len(set(incident.levels)) == len(incident.levels)
            assert tuple(told.level for told in self._of_this_incident() if told.level) == incident.levels

    def _of_this_incident(self) -> list[Told]:
        """What was told since the latest opening."""
        begun = max(number for number, told in enumerate(self.life.told) if told.kind is EffectKind.OPENED)
        return self.life.told[begun:]

    def _everybody_was_told(self) -> None:
        """Levels for every severity cannot be later than the time that nobody had taken it."""
        assert self.taken is None or self.taken[1] > self.life.now, "it ends when it was said to end"
        if self.open and self.taken is None:
            free = self.life.now - self.opened_at - self.held
            due = {
                number
                for number, level in enumerate(self.life.policy.levels, 1)
                if level.severity is Severity.WARNING and level.after <= free
            }
            assert due <= set(self.life.open.levels)


IncidentLife.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestIncidentLife = IncidentLife.TestCase
