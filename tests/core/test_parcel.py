"""What goes out next: what is urgent first, newer news in place of older, and many messages in one where there is no room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.budget import Budget, full
from sentinel.core.notification import OF_DEPLOYMENTS, Kind
from sentinel.core.parcel import GATHER, STALE, Packing, Parcel, Waiting, digest, pack
from sentinel.core.rule import Severity
from tests.kit.messages import OPENED, message

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
BUDGET = Budget(messages=20, per=timedelta(minutes=10))


#: Long enough ago that nobody waits for company any more.
BEFORE = NOW - GATHER


def waiting(number: int, incident: int | None = None, kind: Kind = Kind.OPENED, **more: object) -> Waiting:
    row = Waiting(
        id=number,
        recipient="ops",
        incident=incident or number,
        kind=kind,
        urgent=True,
        created_at=BEFORE,
        may_have_arrived=False,
    )
    return replace(row, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def within(tokens: float) -> Packing:
    return Packing(limit=1000, budget=BUDGET, buckets={"ops": replace(full(BUDGET, NOW), tokens=tokens)})


def test_without_a_budget_each_goes_by_itself_up_to_the_limit() -> None:
    packed = pack([[waiting(1)], [waiting(2)], [waiting(3)]], Packing(limit=2), NOW)
    assert [parcel.carrier for parcel in packed.parcels] == [1, 2]


def test_five_hundred_at_once_are_nineteen_messages_and_a_digest_of_all_others() -> None:
    packed = pack([[waiting(n)] for n in range(1, 501)], within(20), NOW)
    *singles, last = packed.parcels
    assert [parcel.carrier for parcel in singles] == list(range(1, 20))
    assert (last.carrier, last.carried) == (None, tuple(range(20, 501)))
    assert packed.held == {}


def test_the_last_message_waits_for_company_for_a_moment() -> None:
    fresh = [[waiting(n, created_at=NOW)] for n in range(1, 4)]
    packed = pack(fresh, within(2), NOW)
    assert ([parcel.carrier for parcel in packed.parcels], packed.held) == ([1], {"ops": True})
    (later,) = pack(fresh[1:], within(1), NOW + GATHER).parcels
    assert later.carried == (2, 3)


def test_warnings_leave_a_quarter_of_the_budget_to_what_is_urgent() -> None:
    packed = pack([[waiting(n, urgent=False)] for n in range(1, 101)], within(20), NOW)
    assert len(packed.parcels) == 15
    later = pack([[waiting(1)], [waiting(2, urgent=False)], [waiting(3, urgent=False)]], within(5), NOW)
    assert later.parcels[0].carrier == 1


def test_without_a_token_everything_waits_and_it_is_known_whether_something_urgent_does() -> None:
    assert pack([[waiting(1)], [waiting(2)]], within(0.5), NOW).held == {"ops": True}
    assert pack([[waiting(1, urgent=False)]], within(5), NOW).held == {"ops": False}


def test_a_digest_says_the_latest_of_each_line() -> None:
    lines = [[waiting(1), waiting(5, 1, Kind.RESOLVED)], [waiting(2)]]
    (parcel,) = pack(lines, within(1), NOW).parcels
    assert parcel == Parcel(recipient="ops", carrier=None, carried=(1, 5, 2))


def test_what_is_told_alone_waits_for_a_token_of_its_own() -> None:
    report = waiting(1, kind=Kind.REPORT, incident=None, urgent=False)
    packed = pack([[waiting(2)], [waiting(3)], [replace(report, incident=None)]], within(1), NOW)
    assert [parcel.carried for parcel in packed.parcels] == [(2, 3)]
    assert packed.held == {"ops": False}


def test_a_command_waits_for_no_budget() -> None:
    packed = pack([[waiting(1, kind=Kind.COMMAND)]], within(0), NOW)
    assert [parcel.carrier for parcel in packed.parcels] == [1]


def test_what_has_waited_for_a_minute_is_told_by_the_newest_news() -> None:
    line = [waiting(1, created_at=NOW - STALE), waiting(2, 1, Kind.REMINDED), waiting(3, 1, Kind.RESOLVED)]
    (parcel,) = pack([line], Packing(limit=4), NOW).parcels
    assert parcel == Parcel(recipient="ops", carrier=3, carried=(1, 2))


def test_what_may_have_arrived_is_repeated_and_nothing_goes_in_its_place() -> None:
    line = [waiting(1, created_at=NOW - STALE, may_have_arrived=True), waiting(2, 1, Kind.RESOLVED)]
    (parcel,) = pack([line], Packing(limit=4), NOW).parcels
    assert parcel == Parcel(recipient="ops", carrier=1)


def test_nobody_is_told_of_a_plan_to_run_a_command_by_something_else() -> None:
    line = [waiting(1, created_at=NOW - STALE), waiting(2, 1, Kind.COMMAND_PLANNED), waiting(3, 1, Kind.RESOLVED)]
    (parcel,) = pack([line], Packing(limit=4), NOW).parcels
    assert parcel == Parcel(recipient="ops", carrier=1)


@pytest.mark.parametrize("kind", sorted(OF_DEPLOYMENTS))
def test_what_is_told_of_a_deployment_is_told_by_itself_and_in_order(kind: Kind) -> None:
    """A digest has no room for what it says, and the end does not say all that the start did."""
    line = [waiting(1, -7, kind, created_at=NOW - STALE), waiting(2, -7, Kind.DEPLOYMENT_ENDED)]
    (parcel,) = pack([line], Packing(limit=4), NOW).parcels
    assert parcel == Parcel(recipient="ops", carrier=1)


ROWS = st.lists(
    st.tuples(
        st.integers(1, 6), st.booleans(), st.booleans(), st.sampled_from([Kind.OPENED, Kind.RESOLVED, Kind.TEST])
    ),
    max_size=40,
)


@given(rows=ROWS, tokens=st.floats(0, 20), budget=st.booleans())
def test_no_row_goes_twice_none_overtakes_and_nothing_is_forgotten(
    rows: list[tuple[int, bool, bool, Kind]], tokens: float, budget: bool
) -> None:
    lines: dict[int, list[Waiting]] = {}
    for number, (incident, urgent, unclear, kind) in enumerate(rows, start=1):
        row = waiting(number, incident, kind, urgent=urgent, may_have_arrived=unclear, created_at=NOW - STALE * number)
        lines.setdefault(incident, []).append(row)
    packed = pack(lines.values(), within(tokens) if budget else Packing(limit=1000), NOW)
    gone = [n for parcel in packed.parcels for n in (*parcel.carried, *([parcel.carrier] if parcel.carrier else []))]
    assert len(gone) == len(set(gone))
    assert len(packed.parcels) <= tokens or not budget
    for line in lines.values():
        left = [row.id in gone for row in line]
        assert left == sorted(left, reverse=True), "a later row went before an earlier one"
        assert left[0] or packed.held


def test_the_digest_says_of_each_incident_what_is_now_and_what_is_critical_first() -> None:
    warning = replace(message(Kind.EASED), incident=replace(OPENED.incident, id=13))  # type: ignore[type-var]  # it has one
    over = message(Kind.RESOLVED)
    told = digest([OPENED, warning, replace(OPENED, incident=replace(OPENED.incident, id=14)), over], NOW)  # type: ignore[type-var]
    assert [(one.incident, one.severity) for one in told.news] == [
        (14, Severity.CRITICAL),
        (13, Severity.WARNING),
        (12, Severity.OK),
    ]
    assert (told.others_count, told.severity, told.kind) == (4, Severity.CRITICAL, Kind.DIGEST)
    assert told.news[-1].explanation == "after 18 min; it was: response_time is 6.2 s, above 5 s"
