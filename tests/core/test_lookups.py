"""One dead resolver accuses nobody; one broken zone is still seen."""

from __future__ import annotations

import pytest

from sentinel.core.lookups import FAILED_FOR, MOST_NAMES, LookUps, zone


def seen(*, resolved: str = "", failed: str = "", at: float = 10.0) -> LookUps:
    """Look-ups of these names, which ended just now; those without a word come first."""
    record = LookUps()
    for name in failed.split():
        record.note(name, at, resolved=False)
    for name in resolved.split():
        record.note(name, at, resolved=True)
    return record


@pytest.mark.parametrize(
    ("resolved", "failed", "at_fault"),
    [
        ("", "api.example.org", True),  # nobody else was asked: there is no telling
        ("", "api.example.org db.example.net", True),
        ("db.example.net", "api.example.org", False),
        ("www.example.org", "api.example.org", False),  # its zone answers for another name
        ("db.example.net", "api.example.org a.example.org b.example.org", False),  # one broken zone, many names
        ("db.example.net", "api.example.org mail.example.com", True),  # two broken zones are one broken resolver
        ("db.example.net www.example.info", "api.example.org mail.example.com", False),
    ],
)
def test_how_other_names_fare_tells_the_resolver_from_the_zone(resolved: str, failed: str, at_fault: bool) -> None:
    assert seen(resolved=resolved, failed=failed).resolver_at_fault("api.example.org", 9.0, 10.0) is at_fault


def test_what_was_resolved_before_the_look_up_began_is_no_evidence() -> None:
    record = seen(resolved="db.example.net", at=8.0)
    record.note("api.example.org", 10.0, resolved=False)
    assert record.resolver_at_fault("api.example.org", 9.0, 10.0)


def test_failures_of_long_ago_are_not_held_against_the_resolver() -> None:
    record = seen(failed="mail.example.com", at=10.0)
    now = 11.0 + FAILED_FOR
    record.note("db.example.net", now, resolved=True)
    assert not record.resolver_at_fault("api.example.org", now - 1, now)


def test_it_fails_since_the_first_look_up_that_it_failed_and_until_the_next_that_it_does_not() -> None:
    record = seen(failed="api.example.org")
    since = [record.failing_since]
    for at in (9.0, 19.0):
        assert record.resolver_at_fault("api.example.org", at, at + 1)
        since.append(record.failing_since)
    record.note("db.example.net", 21.0, resolved=True)
    assert [*since, record.failing_since] == [None, 9.0, 9.0, None]


def test_witnesses_are_of_other_zones_and_the_latest_come_first() -> None:
    record = seen(resolved="a.example.net b.example.org www.example.org api.example.org", failed="c.example.com")
    assert record.witnesses("api.example.org", 2) == ["www.example.org", "a.example.net"]


def test_no_more_names_are_kept_than_the_bound() -> None:
    record = LookUps()
    for number in range(MOST_NAMES + 5):
        record.note(f"n{number}.example.org", float(number), resolved=True)
    assert record.witnesses("x.example.org", 5) == [f"n{MOST_NAMES + 4}.example.org"]
    assert len(record._seen) == MOST_NAMES


def test_a_zone_is_the_last_two_labels() -> None:
    assert [zone(name) for name in ("API.example.org.", "example.org", "db")] == ["example.org", "example.org", "db"]
