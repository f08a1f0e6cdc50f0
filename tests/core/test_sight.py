"""Late is not down, and neither is what nobody can see from here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Outcome, Reading, failed, passed
from sentinel.core.sight import (
    BY_TIME,
    FRESH,
    TURN,
    Beacon,
    BeaconKind,
    Conditions,
    Connectivity,
    Gap,
    Sightings,
    Trust,
    as_seen,
    hangs_on_network,
    is_here,
    silence,
    trust,
    without_network,
)
from tests.core.made import BREACH, NOW, REFUSED, SECOND

SLOW = passed((Reading("response_time", 9.0, Unit.SECONDS),), note={"read": 7})
SILENT = failed(FailureClass.READ_TIMEOUT, "no answer in time", note={"read": 7})
CALM = Conditions(timeout=10.0)
STOPPED = Gap(NOW - 60 * SECOND, NOW, stopped=True)
LEAPT = replace(STOPPED, stopped=False)
BEACONS = tuple(Beacon(kind=BeaconKind.TCP, name=f"10.0.0.{n} port 53", host=f"10.0.0.{n}", port=53) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("measurement", "under", "failure"),
    [
        (SILENT, CALM, FailureClass.READ_TIMEOUT),
        (SILENT, replace(CALM, after_deadline=0.2), FailureClass.READ_TIMEOUT),
        (SILENT, replace(CALM, after_deadline=0.4), FailureClass.OVERLOADED),
        (SILENT, Conditions(timeout=1.0, after_deadline=0.09), FailureClass.READ_TIMEOUT),
        (SILENT, Conditions(timeout=1.0, after_deadline=0.11), FailureClass.OVERLOADED),
        (SILENT, Conditions(timeout=0.1, after_deadline=TURN), FailureClass.READ_TIMEOUT),
        (SILENT, replace(CALM, lost=2.9, longest=0.9), FailureClass.READ_TIMEOUT),
        (SILENT, replace(CALM, lost=1.1, longest=1.1), FailureClass.OVERLOADED),
        (SILENT, replace(CALM, lost=3.1, longest=0.1), FailureClass.OVERLOADED),
        (SILENT, Conditions(timeout=1.0, lost=0.11, longest=0.11), FailureClass.OVERLOADED),
        (SLOW, replace(CALM, lost=0.9), None),
        (SLOW, replace(CALM, lost=1.1), FailureClass.OVERLOADED),
        (SLOW, replace(CALM, timeout=1.0, lost=0.4), None),
        (REFUSED, replace(CALM, lost=9.0, after_deadline=9.0), FailureClass.REFUSED),
        (SLOW, replace(CALM, gap=STOPPED), FailureClass.STOOD_STILL),
        (SILENT, replace(CALM, gap=STOPPED), FailureClass.STOOD_STILL),
        (REFUSED, replace(CALM, gap=STOPPED), FailureClass.STOOD_STILL),
        (REFUSED, replace(CALM, gap=LEAPT), FailureClass.STOOD_STILL),
        (SLOW, replace(CALM, gap=LEAPT), None),  # durations are of the steady clock, which stood still as well
        (BREACH, replace(CALM, gap=STOPPED, lost=60.0), FailureClass.ACCESS_GAINED),
    ],
)
def test_what_this_host_was_late_for_or_slept_through_accuses_nobody(
    measurement: Measurement, under: Conditions, failure: FailureClass | None
) -> None:
    assert as_seen(measurement, under).failure is failure


@pytest.mark.parametrize("failure", sorted(BY_TIME))
def test_being_late_counts_in_every_phase_of_a_run(failure: FailureClass) -> None:
    seen = as_seen(failed(failure, "too slow"), replace(CALM, lost=3.0, longest=3.0))
    assert (seen.outcome, seen.explanation) == (Outcome.UNKNOWN, "this host was 3 s late to look")


@pytest.mark.parametrize("under", [replace(CALM, lost=3.0), replace(CALM, gap=STOPPED)])
def test_an_unknown_result_keeps_the_note_and_no_reading(under: Conditions) -> None:
    seen = as_seen(SLOW, under)
    assert (seen.outcome, seen.note, seen.readings) == (Outcome.UNKNOWN, {"read": 7}, ())


def test_a_gap_is_told_with_its_days_where_they_differ() -> None:
    assert str(STOPPED) == "from 02:59:00 to 03:00:00 UTC"
    assert str(Gap(NOW - timedelta(days=1), NOW, stopped=True)) == "from 2026-03-01 03:00:00 to 03:00:00 UTC"


@pytest.mark.parametrize(
    ("sightings", "trusted"),
    [
        (Sightings(), Trust.ASK),
        (Sightings(well_at=99.0), Trust.ASK),  # before the run began
        (Sightings(well_at=101.0), Trust.ASK),  # long before it ended
        (Sightings(well_at=110.0 - FRESH), Trust.SEEN),
        (Sightings(well_at=110.5), Trust.SEEN),
        (Sightings(dark_at=99.0), Trust.ASK),
        (Sightings(dark_at=100.0), Trust.BLIND),
        (Sightings(dark_at=105.0, well_at=110.0), Trust.BLIND),  # back now, and gone while it ran
    ],
)
def test_a_run_is_trusted_when_beacons_were_seen_at_its_end_and_never_missed_in_it(
    sightings: Sightings, trusted: Trust
) -> None:
    assert trust(sightings, began=100.0, ended=110.0) is trusted


def test_a_run_that_was_over_in_no_time_needs_beacons_seen_after_it_began() -> None:
    assert trust(Sightings(well_at=99.9), began=100.0, ended=100.0) is Trust.ASK


@pytest.mark.parametrize(
    ("failure", "host", "hangs"),
    [
        (FailureClass.CONNECT_TIMEOUT, "db.example.org", True),
        (FailureClass.CONNECT_TIMEOUT, "127.0.0.1", False),
        (FailureClass.READ_TIMEOUT, "10.0.0.7", True),
        (FailureClass.REFUSED, "10.0.0.7", False),  # somebody answered
        (FailureClass.WRONG_STATUS, "10.0.0.7", False),
        (FailureClass.READ_TIMEOUT, "", False),  # such as a container engine on its socket
        (FailureClass.DNS_TIMEOUT, "", True),
        (FailureClass.DNS_FAILED, "127.0.0.53", True),  # a resolver on this host asks others
    ],
)
def test_what_a_dead_network_of_our_own_could_cause(failure: FailureClass, host: str, hangs: bool) -> None:
    assert hangs_on_network(failed(failure, "so"), host) is hangs


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "a.localhost", "/run/pg"])
def test_this_host_is_reached_without_a_network(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "db", "localhost.example.org", "2001:db8::1"])
def test_any_other_host_is_not_here(host: str) -> None:
    assert not is_here(host)


def test_a_run_without_a_network_says_which_beacons_were_asked_and_what_it_saw_itself() -> None:
    seen = without_network(SILENT, Connectivity(beacons=BEACONS[:2]))
    assert (seen.failure, seen.outcome, seen.note) == (FailureClass.NETWORK_DOWN, Outcome.UNKNOWN, {"read": 7})
    assert seen.explanation == "no answer in time; and no beacon answers (10.0.0.1 port 53, 10.0.0.2 port 53)"


def test_too_few_beacons_are_told_as_such() -> None:
    said = silence(Connectivity(beacons=BEACONS, need=2))
    assert said == "fewer than 2 of 3 beacons answer (10.0.0.1 port 53, 10.0.0.2 port 53, 10.0.0.3 port 53)"
