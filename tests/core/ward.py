"""Several checks at one desk: stories are fed by the second, and what was told is kept in the order in which it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sentinel.core.changes import Cancel
from sentinel.core.desk import Desk
from sentinel.core.incident import Level, Phase, Policy
from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once
from sentinel.core.result import Outcome, Result, passed
from sentinel.core.routing import Sender
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.window import Window
from tests.core.made import BLIND, BREACH, HOUR, MINUTE, NOW, REFUSED, SECOND, check

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sentinel.core.check import Check
    from sentinel.core.history import Turn
    from sentinel.core.incident import Event, Incident
    from sentinel.core.notification import Message, Notification
    from sentinel.core.result import Measurement
    from sentinel.core.timeline import TimelineEntry

ON_CALL = Policy(
    name="default",
    levels=(Level(after=0 * MINUTE, channels=("mail",)), Level(after=15 * MINUTE, channels=("chat",))),
    remind_warning=48 * HOUR,
    remind_critical=48 * HOUR,
)

SENDER = Sender(source="ward", instance="i1", recipients={"mail": ("ada@example.org",), "chat": ("",), "hook": ("",)})


class Told(NamedTuple):
    """One message to one channel."""

    channel: str
    kind: str
    check: str
    others: tuple[str, ...] = ()  # named with it; those that are well again have `well:` before their name


class Ward:
    """A desk with some checks, at a clock of its own."""

    def __init__(
        self,
        *checks: Check,
        policies: Iterable[Policy] = (ON_CALL,),
        sender: Sender = SENDER,
        **more: object,
    ) -> None:
        self.asked: list[tuple[str, float | None]] = []  # looks that were asked for, beside the slots
        self.desk = Desk(lambda one, after: self.asked.append((one.name, after)))
        self.checks = checks
        self.policies = {policy.name: policy for policy in policies}
        self.now: datetime = NOW
        self.sent: list[Notification] = []
        self.outbox: list[
            Notification | Cancel
        ] = []  # the same with what was called off, in the order in which it came about
        self.timeline: list[TimelineEntry] = []
        self.over: list[Incident] = []
        self.filed: dict[int, Incident] = {}  # every incident as it was last written down
        self.desk.replan(checks, self.policies, sender, NOW, **more)  # type: ignore[arg-type]  # as the desk has them

    # --- What happens ---

    def look(self, *names: str, saw: Measurement = REFUSED) -> Ward:
        """One result for each of these checks, now."""
        for name in names:
            self.turn(name, saw)
        return self.gather()

    def turn(self, name: str, saw: Measurement) -> Turn:
        result = Result(check=name, scheduled_at=self.now, finished_at=self.now, measurement=saw)
        turn = self.desk.judge(result)
        assert turn is not None
        return turn

    def fail(self, *names: str, times: int = 3) -> Ward:
        """Bad results, a second apart, so that an incident opens."""
        for _ in range(times):
            self.look(*names).wait(1)
        return self

    def heal(self, *names: str, times: int = 2) -> Ward:
        for _ in range(times):
            self.look(*names, saw=passed()).wait(1)
        return self

    def breach(self, *names: str) -> Ward:
        return self.look(*names, saw=BREACH)

    def blind(self, *names: str) -> Ward:
        return self.look(*names, saw=BLIND)

    def wait(self, seconds: float, step: float = 1.0) -> Ward:
        """Let time pass, with a tick at every step."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=step))
            self.desk.tick(self.now)
        return self.gather()

    def meet(self, number: int, event: Event) -> Turn | None:
        turn = self.desk.meet(number, event, self.now)
        self.gather()
        return turn

    def silence(self, *, minutes: float, **matcher: object) -> Ward:
        silence = Silence(
            id=len(self.desk.scene.silences) + 1,
            matcher=Matcher(**matcher),  # type: ignore[arg-type]  # whichever a test wants
            by="Ada",
            why="known",
            starts_at=self.now,
            ends_at=self.now + timedelta(minutes=minutes),
            created_at=self.now,
        )
        self.desk.heed_silence(silence, self.now)
        return self.gather()

    def window(self, *, minutes: float, **matcher: object) -> Ward:
        window = Window(
            id="w1",
            title="deployment",
            matcher=Matcher(**matcher),  # type: ignore[arg-type]  # whichever a test wants
            when=Once(starts_at=self.now, ends_at=self.now + timedelta(minutes=minutes)),
            by="Ada",
        )
        self.desk.heed_window(window, self.now)
        return self.gather()

    def gather(self) -> Ward:
        changes = self.desk.take_changes()
        self.outbox += changes.outbox
        self.sent += [item for item in changes.outbox if not isinstance(item, Cancel)]
        self.timeline += changes.entries
        self.filed |= changes.incidents
        self.over += [one for one in changes.incidents.values() if one.phase is Phase.RESOLVED]
        return self

    # --- What came of it ---

    @property
    def told(self) -> list[Told]:
        return [_told(row) for row in self.sent]

    def news(self) -> list[Told]:
        """What was told since this was last asked."""
        told, self.sent = self.told, []
        return told

    def of(self, name: str) -> Incident:
        """The open incident of a check."""
        incident = self.desk.histories[name].incident
        assert incident is not None
        return incident

    def is_well(self, name: str) -> bool:
        return self.desk.histories[name].incident is None


def _told(row: Notification) -> Told:
    message: Message = row.message
    named = (f"well:{one.check}" if one.severity is Severity.OK else one.check for one in message.others)
    others = tuple(sorted(named))
    assert message.check is not None
    return Told(row.address.channel, message.kind.value, message.check.name, others)


def one(name: str, **more: object) -> Check:
    """A check of a group of its own."""
    return check(name=name, **more)


def grouped(*names: str, group: str = "emr") -> tuple[Check, ...]:
    return tuple(check(name=name, group=group) for name in names)


def slow(name: str) -> Check:
    """One whose failures are warnings."""
    return replace(check(name=name, group="emr"), failure_severity=Severity.WARNING)


__all__ = ["MINUTE", "SECOND", "Outcome", "Told", "Ward", "grouped", "one", "slow"]
