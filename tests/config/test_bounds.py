"""Bounds are written in the reading's own unit."""

import pytest

from sentinel.base.units import Unit
from sentinel.config.bounds import parse_bound, write_bound


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        (2, Unit.SECONDS, 2.0),
        ("500ms", Unit.SECONDS, 0.5),
        ("1m30s", Unit.SECONDS, 90.0),
        ("2.5", Unit.SECONDS, 2.5),
        (0.02, Unit.RATIO, 0.02),
        ("2%", Unit.RATIO, 0.02),
        ("0.5 %", Unit.RATIO, 0.005),
        (1024, Unit.BYTES, 1024.0),
        ("512 MiB", Unit.BYTES, 512 * 2**20),
        ("2GB", Unit.BYTES, 2e9),
        ("10 kB", Unit.BYTES, 10_000.0),
        ("100B", Unit.BYTES, 100.0),
        (14, Unit.DAYS, 14.0),
        ("2w", Unit.DAYS, 14.0),
        ("36h", Unit.DAYS, 1.5),
        (-3, Unit.COUNT, -3.0),
        ("499", Unit.NONE, 499.0),
    ],
)
def test_a_bound_is_read_in_its_unit(text: float | str, unit: Unit, value: float) -> None:
    assert parse_bound(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(("text", "share"), [(80, "0.8"), ("80", "0.8"), (99.9, "0.999"), (100, "1")])
def test_a_bare_share_of_a_hundred_is_advised_one_meaning(text: float | str, share: str) -> None:
    with pytest.raises(ValueError, match=rf"write '{text}%' or {share}$"):
        parse_bound(text, Unit.RATIO)


@pytest.mark.parametrize("text", [1.5, -2, 150])
def test_a_bare_ratio_above_one_is_refused(text: float | str) -> None:
    with pytest.raises(ValueError, match=rf"write '{text}%' or '-?\d+%'$"):
        parse_bound(text, Unit.RATIO)


@pytest.mark.parametrize("text", ["0.8", "80%", "100%", 1, "150%", "-200%", "110.5 %"])
def test_a_ratio_is_written_so_that_it_is_read_again(text: float | str) -> None:
    bound = parse_bound(text, Unit.RATIO)
    assert parse_bound(write_bound(bound, Unit.RATIO), Unit.RATIO) == pytest.approx(bound)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2%", Unit.SECONDS),
        ("fast", Unit.SECONDS),
        ("5s", Unit.RATIO),
        ("%", Unit.RATIO),
        ("5 XB", Unit.BYTES),
        ("5 m", Unit.BYTES),
        ("3 MB", Unit.DAYS),
        ("5s", Unit.COUNT),
        ("", Unit.NONE),
        (float("inf"), Unit.NONE),
        ("1e999", Unit.NONE),
    ],
)
def test_a_bound_in_another_unit_is_refused(text: float | str, unit: Unit) -> None:
    with pytest.raises(ValueError, match="a "):
        parse_bound(text, unit)
