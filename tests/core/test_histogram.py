from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core import histogram as stored
from sentinel.core.histogram import RELATIVE_ERROR, Histogram
from tests.core.made import PROPERTY

values = st.floats(min_value=1.0000001e-6, max_value=1e9)
many = st.lists(values, max_size=60)


def of(numbers: list[float]) -> Histogram:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    return histogram


def merged(parts: list[Histogram]) -> Histogram:
    whole = Histogram()
    for part in parts:
        whole.include(part)
    return whole


def nearest_rank(numbers: list[float], q: float) -> float:
    return sorted(numbers)[max(1, math.ceil(q * len(numbers))) - 1]


@PROPERTY
@given(st.lists(values, min_size=1, max_size=100), st.floats(0, 1))
def test_a_quantile_is_at_most_two_per_cent_away_from_the_true_one(numbers: list[float], q: float) -> None:
    assert of(numbers).quantile(q) == pytest.approx(nearest_rank(numbers, q), rel=RELATIVE_ERROR * 1.000001)


def test_the_error_is_what_the_docstring_says() -> None:
    assert RELATIVE_ERROR < 0.02


@PROPERTY
@given(many, many, many)
def test_merging_is_adding_everything_in_any_order(first: list[float], second: list[float], third: list[float]) -> None:
    a, b, c = of(first), of(second), of(third)
    whole = of(first + second + third)
    assert merged([a, b, c]) == merged([c, a, b]) == merged([merged([a, b]), c]) == merged([a, merged([b, c])]) == whole
    assert merged([a, b, c]).total == whole.total


@PROPERTY
@given(many, many)
def test_excluding_undoes_including(kept: list[float], passing: list[float]) -> None:
    histogram = of(kept)
    histogram.include(of(passing))
    histogram.exclude(of(passing))
    assert histogram == of(kept)
    assert histogram.total == len(kept)


def test_merging_leaves_the_parts_alone() -> None:
    part = of([1.0, 2.0])
    merged([part, of([3.0])])
    assert part == of([1.0, 2.0])


@PROPERTY
@given(many)
def test_what_is_encoded_decodes_to_the_same(numbers: list[float]) -> None:
    histogram = of([*numbers, 0.0, 1e30])
    again = Histogram.decode(histogram.encode())
    assert again == histogram
    assert again.total == histogram.total


def test_nothing_encodes_to_nothing() -> None:
    assert Histogram().encode() == b""
    assert Histogram.decode(b"").quantile(0.5) is None


@pytest.mark.parametrize("data", [b"\x80", b"\x05", b"\x05\x01\x05", b"\x05\x80"])
def test_bytes_that_end_too_early_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends in the middle"):
        Histogram.decode(data)


@PROPERTY
@given(st.lists(values, min_size=1, max_size=30), st.data())
def test_a_truncated_text_never_reads_as_more_than_there_was(numbers: list[float], data: st.DataObject) -> None:
    encoded = of(numbers).encode()
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    try:
        assert Histogram.decode(cut).total < len(numbers)
    except ValueError as error:
        assert "ends in the middle" in str(error)  # noqa: PT017 - both ends are fine


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-6, 1e-300, float("-inf")])
def test_what_is_next_to_nothing_reads_as_zero(value: float) -> None:
    assert of([value]).quantile(0.5) == 0.0


@pytest.mark.parametrize("value", [1e25, 1e300, 1.7e308])
def test_the_very_large_share_one_bucket(value: float) -> None:
    assert of([value]) == of([1e26])


def test_a_histogram_shows_what_is_in_it() -> None:
    assert repr(of([1.0])).startswith("Histogram(total=1, p50=0.98")


def test_the_share_up_to_a_bound_agrees_with_the_quantiles() -> None:
    histogram = Histogram()
    for number in range(1, 101):
        histogram.add(number / 100)
    assert histogram.share_up_to(0.0) == 0
    assert histogram.share_up_to(2.0) == 1
    for q in (0.5, 0.9, 0.95):
        value = histogram.quantile(q)
        assert value is not None
        assert histogram.share_up_to(value) >= q  # type: ignore[operator]  # values were counted


def test_of_nothing_there_is_no_share() -> None:
    assert Histogram().share_up_to(1.0) is None


#: Rows as they come: a few values of 5 minutes, many of a day, some close together and some far apart.
rows = st.lists(
    st.one_of(
        many, st.lists(st.floats(0.1, 0.5), max_size=400), st.integers(1, 70_000).map(lambda n: [0.2] * (n % 300))
    ),
    max_size=6,
)


@PROPERTY
@given(rows, st.floats(0, 1))
def test_what_is_stored_adds_up_to_the_same_in_whichever_form(parts: list[list[float]], q: float) -> None:
    encoded = stored.merged(of(part).encode() for part in parts)
    whole = merged([of(part) for part in parts])
    assert Histogram.decode(encoded) == whole
    assert Histogram.decode(encoded).total == whole.total
    assert stored.merged([encoded, b""]) == encoded
    assert stored.quantile_of(encoded, q) == whole.quantile(q)


def test_counts_of_every_size_are_kept() -> None:
    part = of([0.2, 0.2, 0.21]).encode()
    for times in (1, 300, 70_000):
        whole = Histogram.decode(stored.merged([part] * times))
        assert whole.total == 3 * times


def test_what_earlier_releases_stored_is_read_and_added() -> None:
    sparse = bytes(
        [0x80 | (354 & 0x7F), 354 >> 7, 2, 1, 200 & 0x7F | 0x80, 200 >> 7]
    )  # 2 in one bucket, 200 in the next
    assert Histogram.decode(sparse).total == 202
    assert Histogram.decode(stored.merged([sparse, of([0.2] * 50).encode()])).total == 252


@pytest.mark.parametrize(
    "cut", [b"\x80", b"\x03\x80", b"\x03", b"\0\0\x01", b"\0\0\x00\x01\x01\x01", b"\0\0\x05\x01\x01\x01"]
)
def test_what_is_cut_off_is_refused(cut: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histogram.decode(cut)
