"""Roll-ups add up, whatever mixture of hourly and 5-minute rows they come from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.histogram import Histogram
from sentinel.core.slo import SPAN, Rollup, Sums, combined
from sentinel.store import summing
from sentinel.store.database import Store
from sentinel.store.rollups import DAY, HOUR
from tests.core.made import PROPERTY

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def rollup(after: int = 0, check: str = "health", *, samples: int = 30, value: float = 0.2) -> Rollup:
    """The 5-minute roll-up that starts so many spans after AT."""
    histogram = Histogram()
    for _ in range(samples):
        histogram.add(value)
    return Rollup(
        check=check,
        start=AT + after * SPAN,
        span=SPAN,
        up=290.5,
        down=9.5,
        samples=samples,
        failures=1,
        counted=samples,
        total=samples * value,
        histogram=histogram.encode(),
        readings={"response_time": Sums(samples, samples * value, value, value, Unit.SECONDS)} if samples else {},
    )


async def add(store: Store, *rollups: Rollup) -> None:
    await store.write(lambda tx: tx.rollups.add(rollups))


async def summed(store: Store, since: datetime, until: datetime) -> dict[str, Rollup]:
    return await store.read(lambda tx: tx.rollups.summed(since, until))


async def condense(store: Store, hour: datetime = AT) -> int:
    return await store.write(lambda tx: tx.rollups.condense(hour))


async def test_rollups_of_a_check_come_back_in_order(store: Store) -> None:
    first, second = rollup(0), rollup(1)
    await add(store, second, first, rollup(0, "login"), rollup(2))
    assert await store.read(lambda tx: tx.rollups.per_check("health", AT, AT + 2 * SPAN, SPAN)) == [first, second]
    assert await store.read(lambda tx: tx.rollups.per_check("nobody", AT, AT + SPAN, SPAN)) == []


async def test_the_parts_of_a_span_are_added(store: Store) -> None:
    await add(store, rollup(samples=10, value=0.1), rollup(samples=5, value=0.1))
    await add(store, rollup(samples=10, value=4.0))
    (whole,) = await store.read(lambda tx: tx.rollups.per_check("health", AT, AT + SPAN, SPAN))
    assert (whole.samples, whole.failures, whole.up) == (25, 3, 3 * 290.5)
    assert whole.quantile(0.5) == pytest.approx(0.1, rel=0.02)
    assert whole.quantile(0.9) == pytest.approx(4.0, rel=0.02)


async def test_a_sum_over_hours_is_the_same_before_and_after_condensing(store: Store) -> None:
    await add(store, *(rollup(n) for n in range(-3, 30)), rollup(4, "login"))
    since, until = AT - 2 * SPAN, AT + 27 * SPAN
    before = await summed(store, since, until)
    assert await condense(store) == 2
    assert await condense(store, AT + HOUR) == 1
    assert await summed(store, since, until) == before
    assert (before["health"].samples, before["health"].span) == (29 * 30, 29 * SPAN)


async def test_a_sum_over_a_few_checks_is_that_over_all_but_for_the_others(store: Store) -> None:
    await add(store, *(rollup(n, check) for n in range(-3, 30) for check in ("health", "login", "pay")))
    await condense(store)
    whole = await summed(store, AT - SPAN, AT + 27 * SPAN)
    few = await store.read(lambda tx: tx.rollups.summed(AT - SPAN, AT + 27 * SPAN, ["pay", "health", "nobody"]))
    assert few == {name: whole[name] for name in ("health", "pay")}


async def test_a_time_of_which_every_other_hour_was_condensed_is_summed_in_parts(store: Store) -> None:
    """More stretches than one statement unites."""
    await add(store, *(rollup(12 * hour) for hour in range(110)))
    for hour in range(0, 110, 2):
        await condense(store, AT + hour * HOUR)
    whole = (await summed(store, AT, AT + 110 * HOUR))["health"]
    assert (whole.samples, whole.failures) == (110 * 30, 110)
    assert whole.quantile(0.5) == pytest.approx(0.2, rel=0.02)


async def test_a_condensed_hour_needs_its_parts_no_more(store: Store) -> None:
    await add(store, *(rollup(n) for n in range(12)))
    await condense(store)
    await store.write(lambda tx: tx.rollups.purge(SPAN, AT + HOUR, limit=100))
    assert (await summed(store, AT, AT + HOUR))["health"].samples == 360
    assert await condense(store) == 0
    assert (await summed(store, AT, AT + HOUR))["health"].samples == 360


async def test_condensing_twice_changes_nothing(store: Store) -> None:
    await add(store, rollup())
    assert (await condense(store), await condense(store)) == (1, 0)


async def test_an_hour_of_many_checks_is_condensed_in_parts(store: Store) -> None:
    await add(store, *(rollup(0, f"check-{n}") for n in range(5)))
    assert [await store.write(lambda tx: tx.rollups.condense(AT, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    assert await store.read(lambda tx: tx.rollups.uncondensed(AT, AT + HOUR)) == []
    assert len(await summed(store, AT, AT + HOUR)) == 5


async def test_time_without_samples_that_comes_late_is_counted(store: Store) -> None:
    await add(store, rollup(0))
    await condense(store)
    await add(store, rollup(1, samples=0))
    assert await condense(store) == 1
    assert (await summed(store, AT, AT + HOUR))["health"].up == 2 * 290.5


async def test_what_comes_late_is_counted_before_and_after_condensing_again(store: Store) -> None:
    await add(store, rollup(0))
    await condense(store)
    await add(store, rollup(1))
    assert (await summed(store, AT, AT + HOUR))["health"].samples == 60
    assert await store.read(lambda tx: tx.rollups.uncondensed(AT, AT + 2 * HOUR)) == [AT, AT + HOUR]
    assert await condense(store) == 1
    assert (await summed(store, AT, AT + HOUR))["health"].samples == 60
    assert await store.read(lambda tx: tx.rollups.uncondensed(AT, AT + 2 * HOUR)) == [AT + HOUR]


async def test_a_time_without_rollups_has_no_sum(store: Store) -> None:
    assert await summed(store, AT, AT) == {}
    assert await summed(store, AT, AT + timedelta(days=30)) == {}


async def test_purging_takes_the_oldest_of_one_span(store: Store) -> None:
    await add(store, *(rollup(n) for n in range(4)))
    await condense(store)
    assert await store.write(lambda tx: tx.rollups.purge(SPAN, AT + 3 * SPAN, limit=2)) == 2
    left = await store.read(lambda tx: tx.rollups.per_check("health", AT, AT + HOUR, SPAN))
    assert left == [rollup(2), rollup(3)]
    assert await store.write(lambda tx: tx.rollups.purge(HOUR, AT + HOUR, limit=9)) == 1


async def test_many_rollups_go_in_at_once(store: Store) -> None:
    await add(store, *(rollup(0, f"check-{n}", samples=1) for n in range(1200)))
    assert len(await summed(store, AT, AT + SPAN)) == 1200


async def pieces(
    store: Store,
    *checks: str,
    step: timedelta = SPAN,
    distribution: bool = False,
    readings: bool = False,
    since: datetime = AT,
    until: datetime = AT + 2 * HOUR,
) -> list[Rollup]:
    return await store.read(
        lambda tx: tx.rollups.pieces(checks, since, until, step, distribution=distribution, readings=readings),
    )


async def test_pieces_of_a_few_checks_are_found_among_others(store: Store) -> None:
    first, second = rollup(0), rollup(13)
    await add(store, first, second, rollup(0, "login"), rollup(24))
    assert await pieces(store, "health", "nobody", distribution=True, readings=True) == [first, second]


async def test_pieces_without_a_distribution_are_sums_over_a_step(store: Store) -> None:
    await add(store, rollup(0), rollup(1), rollup(13))
    found = await pieces(store, "health", step=HOUR)
    assert [(piece.start, piece.samples, piece.up, piece.histogram) for piece in found] == [
        (AT, 60, 581.0, b""),
        (AT + HOUR, 30, 290.5, b""),
    ]


async def test_pieces_take_each_hour_from_its_row_or_from_its_parts_and_never_from_both(store: Store) -> None:
    await add(store, rollup(0), rollup(1), rollup(13))
    await condense(store)
    found = await pieces(store, "health", step=HOUR, distribution=True)
    assert [(piece.start, piece.span, piece.samples) for piece in found] == [(AT, HOUR, 60), (AT + 13 * SPAN, SPAN, 30)]
    assert sum(piece.samples for piece in await pieces(store, "health", step=HOUR)) == 90


# --- Days and readings -----------------------------------------------------------------------------------------------

MIDNIGHT = AT.replace(hour=0)


async def fill_a_day(store: Store) -> list[Rollup]:
    """Two hundred spans of one check from the day on which AT lies, each with readings of its own, condensed."""
    spans = [rollup(n, samples=n % 5 + 1, value=0.01 * (n + 40)) for n in range(-36, 164)]
    await add(store, *spans)
    for hour in range(24):
        await condense(store, MIDNIGHT + hour * HOUR)
    assert await store.write(lambda tx: tx.rollups.condense(MIDNIGHT, DAY)) == 1
    return spans


def same(found: Rollup, expected: Rollup) -> bool:
    """Whether both say the same, but for the order in which fractions were added."""
    ours, theirs = found.readings["response_time"], expected.readings["response_time"]
    return (
        (found.samples, found.counted, found.histogram) == (expected.samples, expected.counted, expected.histogram)
        and (found.up, found.total) == pytest.approx((expected.up, expected.total))
        and (ours.count, ours.unit) == (theirs.count, theirs.unit)
        and (ours.low, ours.high, ours.total)
        == pytest.approx((theirs.low, theirs.high, theirs.total), abs=len(expected.histogram) * 1e-5)
    )


async def test_a_day_is_the_sum_of_its_hours_and_of_its_five_minutes(store: Store) -> None:
    spans = await fill_a_day(store)
    whole = combined(spans)
    for step, count in ((SPAN, 200), (HOUR, 17), (DAY, 1)):
        found = await pieces(
            store, "health", step=step, distribution=True, readings=True, since=MIDNIGHT, until=MIDNIGHT + DAY
        )
        assert len(found) == count
        assert {piece.span for piece in found} == {step}
        assert same(combined(found), whole)


async def test_days_need_neither_their_hours_nor_their_five_minutes_any_more(store: Store) -> None:
    whole = combined(await fill_a_day(store))
    for span in (SPAN, HOUR):
        await store.write(lambda tx, span=span: tx.rollups.purge(span, MIDNIGHT + DAY, limit=1000))  # type: ignore[misc]
    assert await store.write(lambda tx: tx.rollups.condense(MIDNIGHT, DAY)) == 0
    (found,) = await pieces(store, "health", step=DAY, readings=True, since=MIDNIGHT, until=MIDNIGHT + DAY)
    assert (found.samples, found.readings["response_time"].count) == (whole.samples, whole.samples)
    assert (await summed(store, MIDNIGHT, MIDNIGHT + DAY))["health"].quantile(0.5) == whole.quantile(0.5)


async def test_what_comes_late_opens_its_day_again(store: Store) -> None:
    before = combined(await fill_a_day(store)).samples
    await add(store, rollup(3, samples=50))
    assert await store.read(lambda tx: tx.rollups.uncondensed(MIDNIGHT, MIDNIGHT + DAY, DAY)) == [MIDNIGHT]
    assert (await summed(store, MIDNIGHT, MIDNIGHT + DAY))["health"].samples == before + 50
    assert await condense(store) == 1
    assert await store.write(lambda tx: tx.rollups.condense(MIDNIGHT, DAY)) == 1
    assert await store.read(lambda tx: tx.rollups.uncondensed(MIDNIGHT, MIDNIGHT + DAY, DAY)) == []
    assert (await summed(store, MIDNIGHT, MIDNIGHT + DAY))["health"].samples == before + 50


async def test_steps_over_hours_and_parts_of_them_are_one_piece_each(store: Store) -> None:
    await add(store, *(rollup(n) for n in range(24)))
    await condense(store)
    found, _ = await pieces(store, "health", step=2 * HOUR, since=AT - HOUR, until=AT + 3 * HOUR)
    assert (found.start, found.samples, found.counted) == (AT - HOUR, 360, 360)
    assert found.mean == pytest.approx(0.2)


async def test_the_parts_of_a_span_have_their_readings_added(store: Store) -> None:
    await add(store, rollup(samples=10, value=0.1))
    await add(store, rollup(samples=5, value=0.4))
    (found,) = await pieces(store, "health", readings=True)
    sums = found.readings["response_time"]
    assert (sums.count, sums.low, sums.high, sums.unit) == (15, 0.1, 0.4, Unit.SECONDS)
    assert sums.mean == pytest.approx(0.2)


async def test_the_first_of_each_span_is_found(store: Store) -> None:
    assert await store.read(lambda tx: tx.rollups.earliest()) is None
    await add(store, rollup(3))
    await condense(store)
    assert await store.read(lambda tx: tx.rollups.earliest()) == AT
    assert await store.read(lambda tx: tx.rollups.earliest(SPAN)) == AT + 3 * SPAN
    assert await store.read(lambda tx: tx.rollups.earliest(DAY)) is None


units = st.sampled_from(list(Unit))
numbers = st.one_of(st.floats(0, 1e5), st.integers(0, 10**9).map(float), st.floats(-1e12, 1e18))


@PROPERTY
@given(st.dictionaries(st.text(max_size=5), st.tuples(units, st.lists(numbers, min_size=1, max_size=5)), max_size=6))
def test_packed_sums_are_read_as_they_were(taken: dict[str, tuple[Unit, list[float]]]) -> None:
    """Exactly, but for times, shares and days, which are kept to the millionth."""
    sums = {name: Sums(len(v), sum(v), min(v), max(v), unit) for name, (unit, v) in taken.items()}
    packed = summing.pack(300, sums)
    number, place = summing.shape_of(packed)
    assert number == 300
    found = summing.unpack(summing.shape(sums), packed, place)
    assert found.keys() == sums.keys()
    for name, one in sums.items():
        near = 5.1e-7 if one.unit in {Unit.SECONDS, Unit.RATIO, Unit.DAYS} else 0.0
        expected = pytest.approx((one.total, one.low, one.high), abs=near, rel=1e-14)
        assert (found[name].total, found[name].low, found[name].high) == expected
        assert (found[name].count, found[name].unit) == (one.count, one.unit)


def test_a_steady_reading_takes_few_bytes() -> None:
    sums = {"status": Sums(30, 6000.0, 200.0, 200.0), "response_time": Sums(30, 0.63, 0.019, 0.031, Unit.SECONDS)}
    assert len(summing.pack(3, sums)) <= 16


async def test_only_what_is_made_again_is_forgotten(store: Store) -> None:
    await add(store, *(rollup(n, name) for n in (0, 1) for name in ("often", "seldom")))
    await store.write(lambda tx: tx.rollups.forget(AT + SPAN, ["often", "nobody"]))
    left = await summed(store, AT, AT + 2 * SPAN)
    assert (left["often"].samples, left["seldom"].samples) == (30, 60)
