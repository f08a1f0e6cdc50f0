"""Who would be told, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import Address, Level
from sentinel.core.matcher import Matcher
from sentinel.core.oncall import OnCall, Person, Rotation
from sentinel.core.preview import Preview, Ways, preview
from sentinel.core.routes import Route
from sentinel.core.rule import Severity
from tests.core.made import MINUTE, POLICY, check

NIGHT = Calendar(name="night", zone="UTC", spans=(Span(start=time(22), end=time(6)),))
EARLY = Calendar(name="early", zone="UTC", spans=(Span(start=time(5), end=time(7)),))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATE = datetime(2026, 3, 2, 23, tzinfo=UTC)

CALLING = replace(
    POLICY,
    name="calling",
    levels=(
        Level(after=0 * MINUTE, channels=(), on_call=("primary",)),
        Level(after=15 * MINUTE, channels=("mail",), severity=Severity.CRITICAL),
    ),
    quiet=(NIGHT, EARLY),
)
WEEKLY = Rotation(people=("anna",), zone="UTC", starts=date(2026, 3, 2), handover=time(9), turn=timedelta(days=7))
PRIMARY = OnCall(
    name="primary", plan=WEEKLY, people={"anna": Person(name="anna", addresses=(Address("chat", "U012AB3CD"),))}
)
WAYS = Ways(
    routes=(Route(policy="calling", match=Matcher(severities=frozenset({Severity.CRITICAL}))),),
    policies={"default": POLICY, "calling": CALLING},
    schedules={"primary": PRIMARY},
    recipients={"mail": ("a@example.org", "b@example.org"), "chat": ("",)},
)


def seen(severity: Severity, at: datetime, policy: str = "calling") -> Preview:
    return preview(WAYS, check(policy=policy), severity, at)


def test_a_route_comes_before_the_policy_of_the_check() -> None:
    assert (seen(Severity.CRITICAL, NOON, "default").policy, seen(Severity.CRITICAL, NOON, "default").route) == (
        CALLING,
        0,
    )
    assert (seen(Severity.WARNING, NOON, "default").policy, seen(Severity.WARNING, NOON, "default").route) == (
        POLICY,
        None,
    )


def test_each_level_names_who_is_told_and_when() -> None:
    first, second = seen(Severity.CRITICAL, NOON).levels
    assert (first.at, first.called.people, first.called.addresses) == (NOON, ("anna",), (Address("chat", "U012AB3CD"),))
    assert second.at == NOON + 15 * MINUTE
    assert second.addresses == (Address("mail", "a@example.org"), Address("mail", "b@example.org"))


def test_a_warning_never_reaches_a_level_for_critical_ones() -> None:
    assert [level.at for level in seen(Severity.WARNING, NOON).levels] == [NOON, None]


def test_quiet_hours_that_follow_each_other_are_waited_for_together() -> None:
    found = seen(Severity.WARNING, LATE)
    assert found.quiet_until == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert found.levels[0].at == found.quiet_until


def test_quiet_hours_let_critical_ones_through() -> None:
    assert seen(Severity.CRITICAL, LATE).quiet_until is None


def test_who_is_on_call_is_asked_for_the_time_of_the_level() -> None:
    before = datetime(2026, 3, 2, 8, 50, tzinfo=UTC)
    first = seen(Severity.CRITICAL, before).levels[0]
    assert first.called.vacant == ("primary",)
    assert first.addresses == (Address("mail", "a@example.org"), Address("mail", "b@example.org"))
