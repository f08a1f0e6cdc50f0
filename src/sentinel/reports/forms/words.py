"""How figures and moments are written in a report."""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sentinel.base.units import Unit, format_duration, format_lasted, format_value
from sentinel.reports.documents import ReadingLine
from sentinel.reports.text import share

#: What stands where nothing is known.
NOTHING = "-"


#: The name of reports that were asked for without one; what they are narrowed to stands behind it.
ON_DEMAND: Final = "on-demand"


class Zone:
    """Writes times in the zone of a report."""

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)

    def __call__(self, moment: datetime | None) -> str:
        """A moment to the minute, with its zone; empty without one."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M %Z}" if moment else ""

    def short(self, moment: datetime | None) -> str:
        """The same without the zone, for tables whose report says it once."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}" if moment else ""

    def to_the_second(self, moment: datetime | None) -> str:
        """The same to the second, for what happens within minutes."""
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def per_cent(ratio: float | None) -> str:
    """A share from 0 to 1, cut and never rounded up."""
    return NOTHING if ratio is None else tied(share(ratio))


def lasted(duration: timedelta | None) -> str:
    """A duration; `none` for no time at all, and `-` where nothing is known."""
    if duration is None:
        return NOTHING
    return tied(format_duration(duration)) if duration else "none"


def exactly(duration: timedelta | None) -> str:
    """The same with the seconds of some minutes, for what is over within an hour: 90 seconds are not 2 minutes."""
    if duration is None:
        return NOTHING
    return tied(format_lasted(duration)) if duration else "none"


def amount(number: int) -> str:
    """A number of things, with its thousands parted."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 check`, `2 checks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def heading(name: str) -> str:
    """What a report of that name is called: `Daily report`. One that nobody gave a name is a `Report on demand`."""
    if name == ON_DEMAND or name.startswith(f"{ON_DEMAND}-"):
        return "Report on demand"
    return f"{name[:1].upper()}{name[1:]} report"


def measured(value: float | None, unit: Unit) -> str:
    """A value with its unit."""
    return NOTHING if value is None else tied(format_value(value, unit))


def measured_as(value: float | None, reading: ReadingLine | None) -> str:
    """A value in the unit of a reading."""
    return measured(value, reading.unit if reading else Unit.NONE)


def bounds(warning: float | None, critical: float | None, unit: Unit, above: bool = True) -> str:
    """`at most 2 s / 5 s`: target and critical bound; empty where there are none."""
    known = [measured(bound, unit) for bound in (warning, critical) if bound is not None]
    return f"{'at most' if above else 'at least'} {' / '.join(known)}" if known else ""


def tied(words: str) -> str:
    """No line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=[^\d\s])", "\N{NO-BREAK SPACE}", words)
