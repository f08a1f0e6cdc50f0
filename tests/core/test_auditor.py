"""Who counts as not told, where incidents are told of together."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from sentinel.core.auditor import Books, Lapse, audit
from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import Because, Policy
from tests.core.made import NOW
from tests.core.ward import ON_CALL, Ward, grouped, one, slow


def lapses(ward: Ward, check: str) -> list[Lapse]:
    """What an audit of that incident finds, with every message in the store that was made of it."""
    incident = ward.of(check)
    rows = frozenset((row.incident or 0, row.address) for row in ward.sent)
    return [flaw.lapse for flaw in audit(Books(incidents=(incident,), rows=rows), (incident.id,), (), NOW, ward.now)]


def test_who_heard_of_it_through_two_others_misses_no_message_of_its_own() -> None:
    """It broke together with one, and then what it depends on was down: each of them named it in its messages."""
    ward = Ward(one("db"), *grouped("web"), one("api", depends_on=(("db",),), group="emr"))
    ward.fail("web").fail("api").heal("db", times=1).wait(40)
    ward.fail("db").wait(400)
    assert ward.of("api").told, "it is known who heard of it"
    assert lapses(ward, "api") == []


def mute_of(ward: Ward, check: str) -> Because | None:
    mute = ward.of(check).mute
    return None if mute is None else mute.because


def test_what_depends_on_a_silenced_check_misses_nothing_while_it_is_muted_and_after() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),)))
    ward.silence(minutes=60, checks=("db",)).fail("db", "api").wait(1800)
    assert (mute_of(ward, "api"), ward.of("api").told) == (Because.DEPENDENCY, ())
    assert lapses(ward, "api") == []
    ward.heal("db").wait(400)
    assert ward.of("api").told, "its level was due while it was muted, and is told then"
    assert lapses(ward, "api") == []


def test_what_is_held_until_its_parent_was_looked_at_misses_nothing() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("api")
    assert mute_of(ward, "api") is Because.LOOKING
    assert lapses(ward, "api") == []
    assert lapses(ward.wait(400), "api") == []


def test_what_waits_for_the_end_of_quiet_hours_misses_nothing() -> None:
    night: Policy = replace(
        ON_CALL, quiet=(Calendar(name="night", zone="UTC", spans=(Span(start=time(22), end=time(6)),)),)
    )
    ward = Ward(slow("slow"), policies=(night,)).fail("slow").wait(3600, step=30)
    assert (mute_of(ward, "slow"), lapses(ward, "slow")) == (Because.QUIET, [])
    ward.wait(4 * 3600, step=30)
    assert (mute_of(ward, "slow"), lapses(ward, "slow")) == (None, [])
    assert ward.of("slow").told


def test_a_level_that_is_due_while_it_is_silenced_is_not_missed() -> None:
    ward = Ward(one("db")).fail("db").silence(minutes=60).wait(1800, step=10)
    assert (ward.of("db").levels, lapses(ward, "db")) == ((1,), [])
    assert lapses(ward.wait(3600, step=10), "db") == []
    assert ward.of("db").levels == (1, 2)


def test_who_lost_the_message_of_an_incident_is_found() -> None:
    ward = Ward(one("db")).fail("db")
    ward.news()
    assert lapses(ward, "db") == [Lapse.UNTOLD]
