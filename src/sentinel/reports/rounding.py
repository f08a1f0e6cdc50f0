"""Figures as a report writes them: rounded, so that the order in which a database added them does not show."""

from datetime import timedelta


def rounded_time(seconds: float) -> timedelta:
    """A time out of a sum of seconds, to the millisecond: slots of results are no finer, so no sum lies between two of them."""
    return timedelta(seconds=round(seconds, 3))


def rounded_share(value: float | None) -> float | None:
    """A share, 0 to 1."""
    return None if value is None else round(value, 7)


def rounded(value: float | None) -> float | None:
    """A reading or a ratio, to six digits."""
    return None if value is None else float(f"{value:.6g}")
