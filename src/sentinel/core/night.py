"""Night: the hours in which nobody should be woken for nothing, in a zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentinel.core.planned import Stretch

#: Local hours.
BEGINS, ENDS = time(22), time(6)


def nights(period: Stretch, zone: str) -> list[Stretch]:
    """The nights of a period, the earliest first, each as far as it lies in it."""
    local = ZoneInfo(zone)
    day = period.since.astimezone(local).date() - timedelta(days=1)
    found = []
    while (begins := datetime.combine(day, BEGINS, local).astimezone(UTC)) < period.until:
        day += timedelta(days=1)
        ends = datetime.combine(day, ENDS, local).astimezone(UTC)
        night = Stretch(max(begins, period.since), min(ends, period.until))
        if night.since < night.until:
            found.append(night)
    return found


def is_night(at: datetime, zone: str) -> bool:
    """Whether a moment lies in the night there."""
    now = at.astimezone(ZoneInfo(zone)).time()
    return now >= BEGINS or now < ENDS


def in_words(zone: str) -> str:
    return f"{BEGINS:%H:%M} to {ENDS:%H:%M} {zone}"
