"""Times as a log writes them."""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

_LATEST_SECONDS: Final = 1e11  # a number above is in milliseconds: as seconds it would lie past the year 5000


def moment(value: Any, zone: str = "UTC") -> datetime | None:
    """A time as a log writes it, in UTC: ISO 8601 (without a zone of its own: in `zone`), seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return (read.replace(tzinfo=ZoneInfo(zone)) if read.tzinfo is None else read).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > _LATEST_SECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
