"""Results come back as they went in, once, and in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Outcome, Reading, Result, failed, passed
from sentinel.core.rule import Severity
from sentinel.store.database import Store
from sentinel.store.packing import pack, unpack
from tests.store.values import found_since

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TIMES = [
    Reading("response_time", 0.021, Unit.SECONDS),
    Reading("status", 200, Unit.NONE),
    Reading("size", 512, Unit.BYTES),
]


def result(check: str = "health", after: float = 0, measurement: Measurement | None = None) -> Result:
    at = AT + after * SECOND
    return Result(
        check=check,
        scheduled_at=at,
        finished_at=at + timedelta(milliseconds=21),
        measurement=measurement or passed(TIMES),
    )


async def keep(store: Store, *results: Result, severity: Severity = Severity.OK) -> None:
    await store.write(lambda tx: tx.results.add([(r, severity) for r in results]))


async def test_results_come_back_oldest_first(store: Store) -> None:
    late, early = result(after=10), result("login", after=5)
    await keep(store, late, early)
    assert await store.read(lambda tx: found_since(tx, AT)) == [early, late]


async def test_a_failed_result_keeps_its_words(store: Store) -> None:
    bad = result(measurement=failed(FailureClass.WRONG_STATUS, "status 503, expected 2xx", hint="ask the on-call"))
    await keep(store, bad, severity=Severity.CRITICAL)
    assert await store.read(lambda tx: tx.results.last()) == {"health": (bad, Severity.CRITICAL)}


@pytest.mark.parametrize("measurement", [passed(TIMES), failed(FailureClass.REFUSED, "refused")])
async def test_a_look_between_two_slots_is_known_as_one_afterwards(store: Store, measurement: Measurement) -> None:
    extra = replace(result(measurement=measurement), extra=True)
    await keep(store, extra)
    assert await store.read(lambda tx: found_since(tx, AT)) == [extra]


async def test_the_usual_hint_of_a_failure_comes_back(store: Store) -> None:
    bad = result(measurement=failed(FailureClass.REFUSED, "refused"))
    await keep(store, bad)
    assert await store.read(lambda tx: found_since(tx, AT)) == [bad]


async def test_a_result_without_hint_stays_without(store: Store) -> None:
    bare = Measurement(outcome=Outcome.FAIL, failure=FailureClass.REFUSED)
    await keep(store, result(measurement=bare))
    (found,) = await store.read(lambda tx: found_since(tx, AT))
    assert found.measurement == bare


async def test_a_repeat_of_a_slot_is_ignored(store: Store) -> None:
    await keep(store, result(), result())
    await keep(store, result(measurement=failed(FailureClass.REFUSED, "later")))
    assert await store.read(lambda tx: found_since(tx, AT)) == [result()]


async def test_results_of_one_check_up_to_a_limit(store: Store) -> None:
    await keep(store, *(result(after=n) for n in range(5)), result("login"))
    found = await store.read(lambda tx: found_since(tx, AT + SECOND, "health", limit=2))
    assert found == [result(after=1), result(after=2)]


async def test_results_are_read_page_by_page(store: Store) -> None:
    stored = [result(f"check-{n % 3}", after=n // 3) for n in range(10)]
    await keep(store, *stored)
    first = await store.read(lambda tx: found_since(tx, AT, limit=4))
    second = await store.read(lambda tx: found_since(tx, AT, limit=4, after=first[-1]))
    third = await store.read(lambda tx: found_since(tx, AT, limit=4, after=second[-1]))
    assert (len(first), len(second), len(third)) == (4, 4, 2)
    assert sorted(first + second + third, key=stored.index) == stored


async def test_of_given_slots_the_results_of_one_check_are_found_and_nothing_else(store: Store) -> None:
    kept = [(result(name, after), Severity.OK) for after in range(0, 1_200, 2) for name in ("health", "other")]
    await store.write(lambda tx: tx.results.add(kept))
    wanted = [one.scheduled_at for one, _ in kept if one.check == "health"][5:]
    missing = result(after=3).scheduled_at
    found = await store.read(lambda tx: tx.results.at("health", [missing, *reversed(wanted)]))
    assert [one.scheduled_at for one, _ in found] == wanted
    assert {one.check for one, _ in found} == {"health"}


async def test_an_unknown_check_has_no_results(store: Store) -> None:
    assert await store.read(lambda tx: found_since(tx, AT, "nobody")) == []


async def test_the_last_result_of_a_check_that_has_been_silent_for_days(store: Store) -> None:
    await keep(store, result("backup"))
    await keep(store, result("health", after=3 * 86_400))
    last = await store.read(lambda tx: tx.results.last())
    assert last["backup"][0] == result("backup")
    await keep(store, result("backup", after=86_400), result("health", after=5 * 86_400))
    last = await store.read(lambda tx: tx.results.last())
    assert last["backup"][0] == result("backup", after=86_400)
    assert last["health"][0] == result("health", after=5 * 86_400)


async def test_an_empty_store_has_no_last_results(store: Store) -> None:
    assert await store.read(lambda tx: tx.results.last()) == {}


async def test_purging_takes_the_oldest_and_no_more_than_asked(store: Store) -> None:
    await keep(store, *(result(after=n) for n in range(6)))
    end = AT + 5 * SECOND
    assert await store.write(lambda tx: tx.results.purge(end, limit=2)) == 2
    assert await store.write(lambda tx: tx.results.purge(end, limit=100)) == 3
    assert await store.read(lambda tx: found_since(tx, AT)) == [result(after=5)]


async def test_a_clock_that_was_set_anew_during_a_probe_does_no_harm(store: Store) -> None:
    odd = replace(result(), finished_at=AT + timedelta(days=400))
    await keep(store, odd, replace(result("login"), finished_at=AT - timedelta(days=400)))
    assert len(await store.read(lambda tx: found_since(tx, AT))) == 2


async def test_letters_that_a_database_cannot_hold_are_replaced(store: Store) -> None:
    await keep(store, result(measurement=failed(FailureClass.WRONG_HEADER, "a\0b\udcffc")))
    (found,) = await store.read(lambda tx: found_since(tx, AT))
    assert found.measurement.explanation == "a\ufffdb?c"


async def test_numbers_given_out_in_a_transaction_that_failed_are_forgotten(store: Store) -> None:
    def fail(tx: object) -> None:
        tx.results.add([(result("ghost"), Severity.OK)])  # type: ignore[attr-defined]
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await store.write(fail)
    await keep(store, result("login"))
    await keep(store, result("ghost"))
    assert {r.check for r in await store.read(lambda tx: found_since(tx, AT))} == {"login", "ghost"}


VALUES = st.floats(allow_nan=False) | st.integers(0, 2**60).map(float)
READINGS = st.lists(st.builds(Reading, st.text(max_size=8), VALUES, st.sampled_from(Unit)), max_size=8)


@settings(deadline=None)
@given(READINGS)
def test_readings_survive_packing(readings: list[Reading]) -> None:
    shape, data = pack(readings)
    for before, after in zip(readings, unpack(shape, data), strict=True):
        assert after._replace(value=0.0) == before._replace(value=0.0)
        assert after.value == pytest.approx(before.value, abs=1e-6, rel=0)


def test_a_usual_set_of_readings_takes_few_bytes() -> None:
    assert len(pack(TIMES)[1]) == 7


async def test_results_of_some_checks_are_found_by_time(store: Store) -> None:
    every = [result(name, after=at) for at in range(4) for name in ("health", "login", "page")]
    await keep(store, *every)
    since, until = AT + SECOND, AT + 3 * SECOND
    found = await store.read(lambda tx: tx.results.between(since, until, ["login", "page", "never-heard-of"]))
    assert [(one.check, one.scheduled_at) for one in found] == [
        (name, AT + at * SECOND) for at in (1, 2) for name in ("login", "page")
    ]


async def test_where_there_are_too_many_the_latest_are_found(store: Store) -> None:
    await keep(store, *(result(after=at) for at in range(10)))
    found = await store.read(lambda tx: tx.results.between(AT, AT + 8 * SECOND, ["health"], limit=3))
    assert [one.scheduled_at for one in found] == [AT + at * SECOND for at in (5, 6, 7)]
