"""Times as people and programs write them."""

from datetime import datetime
from typing import Final

#: Near the ends of the calendar a step to another zone or day leads out of it.
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2999


def read_moment(text: str) -> datetime:
    """A time by ISO 8601, such as `2026-12-24T09:00` or `2026-12-24 09:00+01:00`; naive when it names no zone.

    Raises:
        ValueError: it is none, or beyond the years above.
    """
    found = datetime.fromisoformat(text)
    within_reason(found.year)
    return found


def within_reason(year: int) -> None:
    """Refuse a year that nobody can mean.

    Raises:
        ValueError: it lies beyond the years above; says what was expected.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"a time between the years {FIRST_YEAR} and {LAST_YEAR}")
