from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.core.history import History
from sentinel.core.judge import judge
from sentinel.core.proof import Doubt
from sentinel.core.result import FailureClass, Measurement, Outcome
from sentinel.core.rule import Severity
from sentinel.core.sight import Beacon, BeaconKind, Connectivity, Gap
from sentinel.core.vitals import (
    LONG_BLIND,
    LOOP_LAG,
    LOW_WATER,
    OLDEST_WAITING,
    READINGS,
    Blind,
    Vitals,
    blind_checks,
    measure,
    overdue_checks,
    own_check,
)
from tests.core.made import BLIND, HOUR, MINUTE, NOW, POLICY, SECOND, check, result, took

GATEWAY = Connectivity(beacons=(Beacon(kind=BeaconKind.TCP, name="10.0.0.1 port 53", host="10.0.0.1", port=53),))
WELL = Vitals(at=NOW, checks=10)
UNSEEN = Blind(check="api", since=NOW - 6 * MINUTE, why="the password was refused", hint="Renew it in `url`.")
LONG_UNSEEN = replace(UNSEEN, since=NOW - LONG_BLIND - SECOND)


def history(name: str, *measured: Measurement) -> History:
    past = History(check(name=name), POLICY)
    for number, measurement in enumerate(measured):
        past.take(result(measurement, NOW + number * MINUTE))
    return past


@pytest.mark.parametrize(
    "vitals",
    [
        WELL,
        replace(WELL, loop_lag=LOOP_LAG, free_bytes=LOW_WATER, waiting=500),
        replace(WELL, waiting=1, oldest_waiting=NOW - OLDEST_WAITING),
    ],
)
def test_a_sentinel_that_is_well_passes(vitals: Vitals) -> None:
    assert measure(vitals).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("vitals", "words"),
    [
        (
            replace(WELL, store_failing_since=NOW - 5 * MINUTE, store_failing_why="it is locked"),
            "the store has not taken everything since 02:55:00 UTC: it is locked",
        ),
        (
            replace(WELL, dark_since=NOW - 5 * MINUTE, beacons=GATEWAY),
            "this host's network has not worked since 02:55:00 UTC: no beacon answers (10.0.0.1 port 53)",
        ),
        (
            replace(
                WELL, nameless_since=NOW - 5 * MINUTE, nameless=("a.example", "b.example", "c.example", "d.example")
            ),
            "names have not been resolved since 02:55:00 UTC: a.example, b.example, c.example and 1 more",
        ),
        (
            replace(WELL, stood_still=Gap(NOW - 5 * MINUTE, NOW, stopped=True)),
            "this host stood still from 02:55:00 to 03:00:00 UTC, and watched nothing meanwhile",
        ),
        (replace(WELL, unreadable_store="it is locked"), "the store cannot be read: it is locked"),
        (replace(WELL, dropped_results=7), "7 results were dropped"),
        (replace(WELL, lost_store="a new one was begun"), "a new one was begun"),
        (replace(WELL, unwritten_report="/srv/r: Read-only"), "a report could not be written: /srv/r: Read-only"),
        (replace(WELL, free_bytes=LOW_WATER - 1), "only 64 MiB are free on the store's disk"),
        (replace(WELL, blind=(UNSEEN,)), "1 check could not be judged: api (the password was refused)"),
        (
            replace(WELL, blind=(UNSEEN, replace(UNSEEN, check="b", why="no right"))),
            "2 checks could not be judged: api, b (api: the password was refused)",
        ),
        (replace(WELL, overdue=("a", "b", "c", "d", "e")), "5 checks overdue: a, b, c and 2 more"),
        (replace(WELL, loop_lag=2.5), "the event loop was 2.5 s late"),
        (replace(WELL, dead=2), "2 messages could not be delivered"),
        (
            replace(WELL, waiting=3, oldest_waiting=NOW - HOUR),
            "3 messages wait to be sent, the oldest for 1 h",
        ),
        (
            replace(WELL, refused_plan="checks[0].url: …"),
            "the changed configuration was refused and the old one is in force",
        ),
    ],
)
def test_each_trouble_is_named_with_a_hint(vitals: Vitals, words: str) -> None:
    measurement = measure(vitals)
    assert measurement.outcome is Outcome.FAIL
    assert measurement.explanation == words
    assert measurement.hint


@pytest.mark.parametrize(
    ("vitals", "failure", "severity"),
    [
        (replace(WELL, dead=1), FailureClass.SENTINEL_IMPAIRED, Severity.CRITICAL),
        (replace(WELL, dead_buttons="Slack says invalid_auth"), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, refused_plan="checks[0]"), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, unwritten_report="full"), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, lost_store="a new one"), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, blind=(UNSEEN,)), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, blind=(UNSEEN,) * 5), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, blind=(UNSEEN,) * 6), FailureClass.SENTINEL_IMPAIRED, Severity.CRITICAL),
        (replace(WELL, blind=(LONG_UNSEEN,)), FailureClass.SENTINEL_IMPAIRED, Severity.CRITICAL),
        (replace(WELL, blind=(replace(LONG_UNSEEN, critical=False),)), FailureClass.SENTINEL_AMISS, Severity.WARNING),
        (replace(WELL, refused_plan="checks[0]", dead=1), FailureClass.SENTINEL_IMPAIRED, Severity.CRITICAL),
    ],
)
def test_what_can_wait_for_the_morning_is_a_warning(vitals: Vitals, failure: FailureClass, severity: Severity) -> None:
    measurement = measure(vitals)
    assert measurement.failure is failure
    assert judge(own_check("default"), result(measurement)).severity is severity


def test_several_troubles_are_all_named_and_each_hint_once() -> None:
    measurement = measure(replace(WELL, loop_lag=9.0, dead=1, blind=(UNSEEN,)))
    assert measurement.explanation.count(";") == 2
    assert "overloaded" in measurement.hint
    assert "redrive" in measurement.hint
    assert "Renew it in `url`." in measurement.hint


@pytest.mark.parametrize("vitals", [WELL, replace(WELL, dead=1)])
def test_all_readings_are_taken_in_good_days_and_bad(vitals: Vitals) -> None:
    assert {reading.name: reading.unit for reading in measure(vitals).readings} == READINGS


def test_a_check_is_blind_after_it_could_not_be_judged_for_long() -> None:
    histories = [history("b", BLIND), history("a", BLIND), history("c", took(0.2)), history("d")]
    assert blind_checks(histories, NOW + 5 * MINUTE, 5 * MINUTE) == ()
    blind = blind_checks(histories, NOW + 5 * MINUTE + SECOND, 5 * MINUTE)
    assert [(one.check, one.since, one.why) for one in blind] == [
        ("a", NOW, "this host has no network"),
        ("b", NOW, "this host has no network"),
    ]


@pytest.mark.parametrize(("minutes", "names"), [(1, ()), (2.9, ()), (3, ("api",))])
def test_a_check_that_was_not_run_is_overdue(minutes: float, names: tuple[str, ...]) -> None:
    """Two and a half times its interval (60 s) and its timeout (10 s)."""
    ran = [history("api", took(0.2))]
    assert overdue_checks(ran, NOW + timedelta(minutes=minutes), NOW - HOUR) == names


def test_after_a_start_the_checks_get_their_time() -> None:
    histories = [history("api", took(0.2)), history("new")]
    assert overdue_checks(histories, NOW + HOUR + MINUTE, NOW + HOUR) == ()
    assert overdue_checks(histories, NOW + HOUR + 3 * MINUTE, NOW + HOUR) == ("api", "new")


def test_sentinels_own_check_is_not_overdue_by_itself() -> None:
    own = History(own_check("default"), POLICY)
    assert overdue_checks([own], NOW + HOUR, NOW) == ()


def test_a_host_that_stood_still_is_a_warning_and_one_without_a_network_is_not() -> None:
    still, dark = (
        replace(WELL, stood_still=Gap(NOW - HOUR, NOW, stopped=True)),
        replace(WELL, dark_since=NOW, beacons=GATEWAY),
    )
    assert [measure(vitals).failure for vitals in (still, dark)] == [
        FailureClass.SENTINEL_AMISS,
        FailureClass.SENTINEL_IMPAIRED,
    ]


def test_what_the_auditor_found_is_told_with_how_much_more_there_is() -> None:
    found = measure(replace(WELL, flaws=("incident 7 stands still", "a message is missing")))
    assert found.failure is FailureClass.SENTINEL_IMPAIRED
    assert found.explanation == "its auditor found that incident 7 stands still and 1 more"


def test_a_channel_that_takes_nothing_is_told_of_with_the_others_that_do_not() -> None:
    doubts = tuple(Doubt(channel=name, since=NOW, why="has taken nothing since 03:00") for name in ("mail", "chat"))
    found = measure(replace(WELL, doubts=doubts))
    assert found.explanation == "the channel mail has taken nothing since 03:00; nor has chat"
    assert "sentinel channels" in found.hint
