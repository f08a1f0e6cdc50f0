"""How old the newest record of a log is."""

from datetime import datetime, timedelta
from typing import Final

from sentinel.base.fields import PositiveDuration
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.audit.hours import ExpectedHours
from sentinel.probes.audit.records import Log, LogOptions
from sentinel.probes.audit.times import moment
from sentinel.probes.base import ProbeTools
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.finding import Finding


class FreshnessOptions(LogOptions):
    """How old the newest record of all may be."""

    when: JsonPath = JsonPath("at")
    """Where the record says when: ISO 8601, or seconds or milliseconds since 1970."""
    max_age: PositiveDuration
    """The age beyond which the log is stale."""
    expected: ExpectedHours | None = None
    """When records are expected. The age counts in these hours only, so that a quiet night is no fault."""


class Newest:
    """Looks at the newest record in every run."""

    def __init__(self, options: FreshnessOptions, tools: ProbeTools) -> None:
        self._options = options
        self._clock = tools.clock
        self._log = Log(options, tools, ())
        self.host = self._log.host
        self.account = self._log.account

    async def look(self, deadline: float, readings: list[Reading]) -> None:
        """Raises Finding when the log is stale, or does not say."""
        entry = await self._log.first("freshness", deadline, {})
        if entry is None:
            raise Finding(FailureClass.STALE, "freshness: the log has no record at all", _STALE_HINT)
        at = moment(self._options.when.find(entry), self._options.zone)
        if at is None:
            explanation = f"freshness: the newest record has no time at {self._options.when.source}"
            raise Finding(FailureClass.RECORD_INCOMPLETE, explanation, _NO_TIME_HINT)
        age = self._age(at)
        readings.append(Reading("freshness", age.total_seconds(), Unit.SECONDS))
        if age > self._options.max_age:
            raise Finding(FailureClass.STALE, self._told(age), _STALE_HINT)

    def _age(self, at: datetime) -> timedelta:
        now = self._clock.now()
        expected = self._options.expected
        return max(now - at, timedelta(0)) if expected is None else expected.between(at, now)

    def _told(self, age: timedelta) -> str:
        counted = "" if self._options.expected is None else ", counted in the hours that records are expected in"
        allowed = format_duration(self._options.max_age)
        return f"freshness: the newest record is {format_duration(age)} old{counted}, at most {allowed} is allowed"


_STALE_HINT: Final = "See whether the audit log is still written, and whether anybody uses the service at this hour."
_NO_TIME_HINT: Final = "See which version writes the records, and where they say when."
