"""Levels that call whoever is on call, and what happens when nobody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

from sentinel.core.incident import Address, Effect, EffectKind, Incident, Level, Phase, Policy
from sentinel.core.oncall import OnCall, Person, Rotation, Shifts
from sentinel.core.routing import Sender, route, tell
from sentinel.core.rule import Severity
from tests.core.made import MINUTE, NOW, check, verdict

ANNA, CHAT, MAIL = Address("mail", "anna@example.org"), Address("chat"), Address("mail", "all@example.org")
WEEKLY = Rotation(people=("anna",), zone="UTC", starts=date(2026, 1, 5), handover=time(9), turn=timedelta(days=7))
PRIMARY = OnCall(name="primary", plan=WEEKLY, people={"anna": Person(name="anna", addresses=(ANNA,))})
EMPTY = replace(PRIMARY, name="empty", plan=Shifts(shifts=()))
SENDER = Sender(
    source="ward",
    instance="i1",
    recipients={"mail": ("all@example.org",), "chat": ("",), "rollback": ("",)},
    on_call={"primary": PRIMARY, "empty": EMPTY},
    commands={"rollback": 5 * MINUTE},
)
FIRST = Effect(kind=EffectKind.OPENED, level=1)


def opened(*levels: Level) -> Incident:
    return Incident(
        check="api",
        policy=Policy(name="p", levels=levels),
        began_at=NOW,
        id=7,
        phase=Phase.OPEN,
        severity=Severity.CRITICAL,
        opened_at=NOW,
        verdict=verdict(Severity.CRITICAL),
    )


def level(*channels: str, on_call: tuple[str, ...] = ()) -> Level:
    return Level(after=0 * MINUTE, channels=channels, on_call=on_call)


def test_whoever_is_on_call_is_told_beside_the_channels_and_remembered_for_the_end() -> None:
    incident = opened(level("chat", on_call=("primary",)))
    assert route(FIRST, incident, SENDER, NOW) == (CHAT, ANNA)
    assert tell(check(), incident, [FIRST], SENDER, NOW).incident.told == (CHAT, ANNA)


def test_with_nobody_on_call_the_channels_of_the_level_are_told_and_it_says_so() -> None:
    incident = opened(level("chat", on_call=("empty", "primary")))
    [to_chat, _] = tell(check(), incident, [FIRST], SENDER, NOW).notifications
    assert to_chat.message.hint.endswith("Nobody is on call by empty.")


def test_a_level_with_nobody_at_all_falls_to_the_channels_of_the_others() -> None:
    incident = opened(level(on_call=("empty",)), level("chat", "rollback"))
    assert route(FIRST, incident, SENDER, NOW) == (CHAT,)


def test_a_policy_with_nobody_at_all_falls_to_every_channel_that_tells_people() -> None:
    incident = opened(level(on_call=("gone",)))
    assert route(FIRST, incident, SENDER, NOW) == (MAIL, CHAT)


def test_a_level_without_schedules_says_nothing_of_them() -> None:
    incident = opened(level("chat"))
    [message] = (row.message for row in tell(check(), incident, [FIRST], SENDER, NOW).notifications)
    assert "on call" not in message.hint
