"""How the store writes a moment: whole microseconds since 1970 in UTC, so that what comes out equals what went in."""

from datetime import UTC, datetime, timedelta
from typing import overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)

#: Bits of a slot that are the number of the check; the milliseconds stand above them.
CHECK_BITS = 20


@overload
def micros(moment: datetime) -> int: ...
@overload
def micros(moment: None) -> None: ...
def micros(moment: datetime | None) -> int | None:
    """Microseconds since the epoch. The moment is aware; a naive one raises TypeError."""
    return None if moment is None else (moment - EPOCH) // _MICROSECOND


@overload
def moment(stored: int) -> datetime: ...
@overload
def moment(stored: None) -> None: ...
def moment(stored: int | None) -> datetime | None:
    """The moment, in UTC."""
    return None if stored is None else EPOCH + timedelta(microseconds=stored)


def first_slot(at: datetime) -> int:
    """The lowest slot (`results`) of a moment's millisecond."""
    return (at - EPOCH) // _MILLISECOND << CHECK_BITS
