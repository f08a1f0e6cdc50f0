"""Any history of several checks: failures, passes, unknowns, people, silences, windows, reloads, restarts and steps of the clock.

Whatever happens, what was told fits what was: nobody hears of an end without a beginning, whoever heard of a beginning hears of
the end, and no open incident is forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sentinel.core.auditor import Books, audit
from sentinel.core.changes import Cancel
from sentinel.core.incident import Acknowledge, Close, Phase, Unacknowledge
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind
from sentinel.core.result import passed
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.store.codec import INCIDENT, STATE
from tests.core.made import BLIND, BREACH, MINUTE, NOW, REFUSED
from tests.core.ward import ON_CALL, SENDER, Ward, one, slow

if TYPE_CHECKING:
    from sentinel.core.incident import Address, Incident
    from sentinel.core.notification import Notification

DAYS = replace(ON_CALL, remind_critical=20 * MINUTE)
NIGHTS = replace(DAYS, name="nights", levels=(*DAYS.levels[:1], replace(DAYS.levels[1], channels=("hook",))))

CHECKS = (
    one("db"),
    one("api", depends_on=(("db",),), group="emr"),
    one("web", group="emr"),
    slow("slow"),
    one("roles", group="emr", policy="nights"),
)
NAMES = tuple(check.name for check in CHECKS)

ENDS = {Kind.RESOLVED, Kind.WITHDRAWN}
#: Pointless for whoever never heard of the trouble; the outbox leaves them out then.
POINTLESS = ENDS | {Kind.ACKNOWLEDGED, Kind.EASED}
QUIET_WHEN_TAKEN = {Kind.ESCALATED, Kind.REMINDED}

MATCHERS = (
    Matcher(),
    Matcher(checks=("api",)),
    Matcher(checks=("db", "web")),
    Matcher(severities=frozenset({Severity.WARNING})),
)


class Receiver:
    """What one address knows: the incidents that it was told are bad and not yet that they are over."""

    def __init__(self) -> None:
        self.bad: set[int] = set()

    def hear(self, row: Notification) -> None:
        message = row.message
        assert message.incident is not None
        number = message.incident.id
        if message.kind in ENDS:
            named = {other.incident for other in message.others}
            assert self.bad & {number, *named}, "nobody hears of an end without a beginning"
            self.bad.discard(number)
        else:
            self.bad.add(number)
        for other in message.others:
            if other.severity is Severity.OK:
                self.bad.discard(other.incident)
            else:
                self.bad.add(other.incident)


class Post:
    """What becomes of rows: each reaches its address once its channel works, in order, unless it is called off before."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.receivers: dict[Address, Receiver] = {}
        self._waiting: list[Notification] = []
        self._left: Counter[tuple[int | None, Address]] = (
            Counter()
        )  # rows of each conversation that were not called off

    def take(self, item: Notification | Cancel) -> None:
        if isinstance(item, Cancel):
            self._call_off(item)
            return
        place = (item.incident, item.address)
        if item.message.kind in POINTLESS and place in self._left and not self._left[place]:
            return
        self._left[place] += 1
        self._waiting.append(item)
        self.deliver()

    @property
    def rows(self) -> frozenset[tuple[int, Address]]:
        """Who has any row of a conversation, called off or not."""
        return frozenset((number, address) for number, address in self._left if number is not None)

    def deliver(self) -> None:
        for row in self._waiting:
            if row.address.channel not in self.down:
                self.receivers.setdefault(row.address, Receiver()).hear(row)
        self._waiting = [row for row in self._waiting if row.address.channel in self.down]

    def _call_off(self, cancel: Cancel) -> None:
        off = [row for row in self._waiting if row.incident == cancel.conversation and row.message.kind in cancel.kinds]
        self._waiting = [row for row in self._waiting if row not in off]
        self._left.subtract((row.incident, row.address) for row in off)


class DeskLife(RuleBasedStateMachine):
    """One ward of checks that depend on each other and belong together, and everything that can come over it."""

    def __init__(self) -> None:
        super().__init__()
        self.ward = Ward(*CHECKS, policies=(DAYS, NIGHTS))
        self.post = Post()

    # --- What can happen ---

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), times=st.integers(1, 4))
    def fail(self, names: set[str], times: int) -> None:
        for _ in range(times):
            self._look(names, REFUSED)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), times=st.integers(1, 3))
    def heal(self, names: set[str], times: int) -> None:
        for _ in range(times):
            self._look(names, passed())

    @rule(name=st.sampled_from(NAMES))
    def breach(self, name: str) -> None:
        self._look({name}, BREACH)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def cannot_be_judged(self, names: set[str]) -> None:
        before = {name: self._open(name) for name in names}
        for name in names:
            self.ward.turn(name, BLIND)
        assert {name: self._open(name) for name in names} == before
        self._listen()

    @rule(seconds=st.sampled_from((1, 20, 45, 100, 400, 1000, 5000)))
    def time_passes(self, seconds: int) -> None:
        self.ward.wait(seconds, step=max(1.0, seconds / 40))
        self._listen()

    @rule(minutes=st.integers(1, 90))
    def the_clock_steps_back(self, minutes: int) -> None:
        self.ward.now -= timedelta(minutes=minutes)
        self.ward.desk.tick(self.ward.now)
        self._listen()

    @rule(name=st.sampled_from(NAMES), minutes=st.integers(1, 90))
    def acknowledge(self, name: str, minutes: int) -> None:
        if (incident := self._open(name)) is not None:
            self.ward.meet(incident.id, Acknowledge(by="Ada", why="on it", hold=minutes * MINUTE))
            self._listen()

    @rule(name=st.sampled_from(NAMES))
    def give_back(self, name: str) -> None:
        if (incident := self._open(name)) is not None:
            self.ward.meet(incident.id, Unacknowledge(by="Ada", why="not mine"))
            self._listen()

    @rule(name=st.sampled_from(NAMES))
    def close(self, name: str) -> None:
        if (incident := self._open(name)) is not None:
            self.ward.meet(incident.id, Close(by="Ada", why="mended"))
            self._listen()

    @rule(matcher=st.sampled_from(MATCHERS), minutes=st.integers(1, 120))
    def silence(self, matcher: Matcher, minutes: int) -> None:
        now = self.ward.now
        number = max((one.id for one in self.ward.desk.scene.silences), default=0) + 1
        silence = Silence(
            id=number,
            matcher=matcher,
            by="Ada",
            why="known",
            starts_at=now,
            ends_at=now + minutes * MINUTE,
            created_at=now,
        )
        self.ward.desk.heed_silence(silence, now)
        self._listen()

    @rule(name=st.sampled_from(NAMES), minutes=st.integers(1, 60))
    def window(self, name: str, minutes: int) -> None:
        self.ward.window(minutes=minutes, checks=(name,))
        self._listen()

    @rule(gone=st.sets(st.sampled_from(NAMES), max_size=2), policy=st.sampled_from(("default", "nights")))
    def reload(self, gone: set[str], policy: str) -> None:
        checks = [replace(check, policy=policy) for check in CHECKS if check.name not in gone]
        desk = self.ward.desk
        desk.replan(checks, self.ward.policies, SENDER, self.ward.now)
        desk.replan(CHECKS, self.ward.policies, SENDER, self.ward.now)
        self._listen()

    @rule(channel=st.sampled_from(("mail", "chat", "hook")))
    def a_channel_takes_nothing(self, channel: str) -> None:
        self.post.down.add(channel)

    @rule()
    def every_channel_works(self) -> None:
        self.post.down.clear()
        self.post.deliver()

    @rule()
    def restart(self) -> None:
        """All that is left is what was written down, as the store would give it back."""
        before = self.ward
        states = [STATE.encode(history.state) for history in before.desk.histories.values()]
        after = Ward(*CHECKS, policies=(DAYS, NIGHTS))
        after.now = before.now
        for text in states:
            state = STATE.decode(text, STATE.version)
            after.desk.histories[state.check].restore(state)
        again = [STATE.encode(history.state) for history in after.desk.histories.values()]
        assert sorted(again) == sorted(states), "nothing is forgotten"
        scene = after.desk.scene
        scene.silences, scene.windows = before.desk.scene.silences, before.desk.scene.windows
        ended = [INCIDENT.decode(INCIDENT.encode(one), INCIDENT.version) for one in before.over]
        scene.bundles.recall(after.desk.histories.values(), [(after.desk.histories[one.check], one) for one in ended])
        after.desk.last_incident = before.desk.last_incident
        after.over, after.filed = before.over, before.filed
        self.ward = after

    # --- What holds ---

    @invariant()
    def everybody_who_speaks_is_open_and_heard(self) -> None:
        for history in self.ward.desk.histories.values():
            incident = history.incident
            if incident is None or not incident.is_open or incident.mute is None or not incident.mute.bundle:
                continue
            speaker = self.ward.desk.scene.bundles.speaking_for(incident.bundle)
            if speaker is None or speaker.incident is None or speaker.incident.mute is not None:
                continue  # until the next tick
            assert speaker.incident.is_open
            assert speaker.incident.leads

    @invariant()
    def who_is_taken_is_quiet(self) -> None:
        for history in self.ward.desk.histories.values():
            incident = history.incident
            if incident is not None and incident.phase is Phase.ACKNOWLEDGED:
                assert incident.paused_at is not None

    @invariant()
    def the_auditor_finds_nothing(self) -> None:
        self._listen()
        filed = tuple(one for one in self.ward.filed.values() if one.is_open)
        followed = {h.incident.id for h in self.ward.desk.open_histories() if h.incident is not None}
        books = Books(incidents=filed, rows=self.post.rows)
        assert audit(books, followed, (), NOW, self.ward.now) == ()

    def teardown(self) -> None:
        """In the end everything is well, every silence and window is over, and everybody knows."""
        self.every_channel_works()
        self.ward.wait(3 * 3600, step=60)
        for _ in range(30):
            self._look(set(NAMES), passed())
        self.ward.wait(3600, step=20)
        self._listen()
        assert not self.ward.desk.open_histories(), "what is well is over"
        for address, receiver in self.post.receivers.items():
            assert not receiver.bad, f"{address} never heard that {receiver.bad} is over"
        self.ward.sent.clear()
        self.ward.wait(24 * 3600, step=3600)
        assert not self.ward.sent, "then nothing more is told"

    # --- Behind it ---

    def _look(self, names: set[str], saw: object) -> None:
        for name in sorted(names):
            self.ward.turn(name, saw)  # type: ignore[arg-type]  # a measurement
        self.ward.wait(1)
        self._listen()

    def _open(self, name: str) -> Incident | None:
        incident = self.ward.desk.histories[name].incident
        return incident if incident is not None and incident.is_open else None

    def _listen(self) -> None:
        self.ward.gather()
        for item in self.ward.outbox:
            self.post.take(item)
            if isinstance(item, Cancel):
                continue
            assert item.message.incident is not None
            if item.message.kind in QUIET_WHEN_TAKEN:
                assert item.message.incident.acknowledgement is None, "an acknowledgement stops the escalation"
        self.ward.outbox.clear()


TestDeskLife = DeskLife.TestCase
TestDeskLife.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
