"""When a job is expected to report next."""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: A report that comes so little before its time counts for that time: clocks of two hosts differ.
EARLY: Final = timedelta(seconds=30)

_LONG: Final = timedelta(hours=1)  # from here on nobody asks for the second


class Schedule(Protocol):
    """Asked, never iterated."""

    @property
    def early(self) -> timedelta:
        """A report that comes so little before its time counts for that time."""
        ...

    def next_after(self, moment: datetime) -> datetime:
        """The first time after `moment` at which a report is expected; UTC."""
        ...

    def shown(self, moment: datetime) -> str:
        """A time as people who wrote the schedule read it."""
        ...


class Every:
    """So long after the last report, which can therefore not be early."""

    early: Final = timedelta(0)

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def next_after(self, moment: datetime) -> datetime:
        return moment + self._interval

    def shown(self, moment: datetime) -> str:
        written = "%Y-%m-%d %H:%M" if self._interval >= _LONG else "%Y-%m-%d %H:%M:%S"
        return f"{moment.astimezone(UTC):{written}} UTC"


class Cron:
    """At the times of a crontab's line, by the clock of a time zone.

    As Debian's cron does, a time that the spring leaves out comes an hour later, and one that the autumn repeats comes once.
    """

    early: Final = EARLY

    def __init__(self, line: str, zone: str) -> None:
        """Raises ValueError: no such line, one that never comes, or no such zone."""
        if len(line.split()) != 5:
            raise ValueError("five fields as in a crontab, such as '30 3 * * *'")
        try:
            self._zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError("the name of a time zone, such as 'Europe/Berlin'") from None
        self._line = line
        self._name = zone
        try:
            self.next_after(datetime(2024, 1, 1, tzinfo=UTC))
        except (CronSimError, StopIteration):
            raise ValueError("a line of a crontab that comes true, such as '30 3 * * *'") from None

    def next_after(self, moment: datetime) -> datetime:
        return next(CronSim(self._line, moment.astimezone(self._zone))).astimezone(UTC)

    def shown(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M} {self._name}"
