"""One incident's life, told in short words, with everything it caused: for stories and for the state machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sentinel.core.escalation import next_tick
from sentinel.core.incident import Acknowledge, Effect, EffectKind, Incident, Phase, Policy, Step, Ticked, Withdraw
from sentinel.core.life import step
from sentinel.core.routing import Sender, tell
from sentinel.core.rule import Severity
from tests.core.made import HOUR, MINUTE, NOW, POLICY, check, judged, verdict

if TYPE_CHECKING:
    from datetime import datetime

    from sentinel.core.incident import Event
    from sentinel.core.judge import Verdict
    from sentinel.core.notification import Notification

SENDER = Sender(
    source="ward",
    instance="i1",
    recipients={"mail": ("ada@example.org", "bob@example.org"), "chat": ("",), "hook": ("",)},
)


class Told(NamedTuple):
    """An effect and the minute in which it came, counted from the beginning of the story."""

    minute: float
    kind: EffectKind
    level: int = 0


class Life:
    """Feeds events to `step` and `tell` as the pipeline does, and remembers what was asked for."""

    def __init__(self, policy: Policy = POLICY, open_after: int = 3, close_after: int = 2) -> None:
        self.policy, self.open_after, self.close_after = policy, open_after, close_after
        self.now: datetime = NOW
        self.incident: Incident | None = None
        self.resolved: Incident | None = None  # the latest that is over
        self.told: list[Told] = []
        self.sent: list[Notification] = []
        self._number = 0

    # --- What happens ---

    def judge(self, what: Verdict, times: int = 1) -> Life:
        for _ in range(times):
            self.feed(judged(what, self.policy, self.open_after, self.close_after))
        return self

    def fail(self, times: int = 1) -> Life:
        return self.judge(verdict(Severity.CRITICAL), times)

    def warn(self, times: int = 1) -> Life:
        return self.judge(verdict(Severity.WARNING), times)

    def good(self, times: int = 1) -> Life:
        return self.judge(verdict(Severity.OK), times)

    def unknown(self, times: int = 1) -> Life:
        return self.judge(verdict(Severity.UNKNOWN), times)

    def acknowledge(self, hold: timedelta | None = None) -> Life:
        self.feed(Acknowledge(by="ada", why="I look at it", hold=hold))
        return self

    def withdraw(self) -> Life:
        self.feed(Withdraw())
        return self

    def wait(self, minutes: float) -> Life:
        """Let time pass: a tick whenever the incident asks for one."""
        until = self.now + timedelta(minutes=minutes)
        asked = 0
        while self.incident is not None and (due := next_tick(self.incident)) is not None and due <= until:
            self.now = max(self.now, due)
            self.feed(Ticked())
            asked += 1
            assert asked < 1000, "an incident must not ask for one tick after the other without end"
        self.now = until
        return self

    def sleep(self, minutes: float) -> Life:
        """Let time pass while nobody ticks, as in a restart; one tick at its end."""
        self.now += timedelta(minutes=minutes)
        self.feed(Ticked())
        return self

    def feed(self, event: Event) -> Step:
        answer = step(self.incident, event, self.now)
        self.incident = answer.incident
        if answer.effects and answer.incident is not None:
            self._tell(answer.incident, answer.effects)
        return answer

    # --- What came of it ---

    @property
    def kinds(self) -> list[EffectKind]:
        return [told.kind for told in self.told]

    @property
    def open(self) -> Incident:
        assert self.incident is not None
        return self.incident

    def _tell(self, incident: Incident, effects: tuple[Effect, ...]) -> None:
        if not incident.id:
            self._number += 1
            incident = replace(incident, id=self._number)
        telling = tell(check(), incident, effects, SENDER, self.now)
        self.told += [Told((self.now - NOW) / MINUTE, effect.kind, effect.level) for effect in effects]
        self.sent += telling.notifications
        over = telling.incident.phase is Phase.RESOLVED
        self.resolved = telling.incident if over else self.resolved
        self.incident = None if over else telling.incident


#: No level but the first, so that only reminders are heard.
REMINDING = Policy(name="reminding", levels=POLICY.levels[:1], remind_warning=4 * HOUR, remind_critical=30 * MINUTE)
