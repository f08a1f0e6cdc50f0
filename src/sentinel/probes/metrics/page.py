"""The values of a check, from a page of metrics."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sentinel.base.units import format_duration
from sentinel.core.result import FailureClass, Note, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.document import Document, DocumentSource
from sentinel.probes.finding import Finding
from sentinel.probes.metrics.exposition import Unreadable
from sentinel.probes.metrics.increases import Increase, Increases, Look
from sentinel.probes.metrics.options import MetricsOptions, ValueOptions
from sentinel.probes.metrics.quantile import quantile
from sentinel.probes.metrics.taking import Taken, Wanted, take

_STEP: Final = "metrics"
_ACCEPT: Final = ("Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1")
_OK: Final = frozenset(range(200, 300))


class Read(NamedTuple):
    """What a run found out."""

    readings: list[Reading]
    findings: list[Finding]
    note: Note | None = None
    hints: Mapping[str, str] | None = None  # by reading: what its value was made of


class PageReader:
    """Looks at the page, and remembers its counters until the next look."""

    def __init__(self, options: MetricsOptions, tools: ProbeTools) -> None:
        self._max_age = options.max_age.total_seconds()
        self._source = DocumentSource(
            options, tools, name=_STEP, body_limit=options.body_limit, statuses=_OK, headers=(_ACCEPT,)
        )
        self._values = [Wanted.of(name, value) for name, value in options.values.items()]
        self._counts = any(value.counters for value in self._values)
        self._increases = Increases(tools.note, interval=tools.interval, window=options.over)
        self.host = self._source.host

    async def read(self, deadline: float) -> Read:
        """Raises Finding when there is no page."""
        document = await self._source.get(deadline)
        try:
            taken = await self._source.read(document, self._take, deadline)
        except Unreadable as error:
            raise Finding(FailureClass.WRONG_BODY, f"{_STEP}: {error}", _PAGE_HINT) from None
        look = Look(at=document.asked_at, moment=document.moment, values=taken.counted)
        increases = self._increases.take(look)
        readings, hints = document.readings(), dict[str, str]()
        for value in self._values:
            reading, number = f"values.{value.name}", taken.gauges.get(value.name)
            if (increase := increases.get(value.key)) is not None:
                number = _computed(value.options, increase)
                hints[reading] = _behind(value.options, increase)
            if number is not None:
                readings.append(Reading(reading, number, value.options.measures))
        return Read(readings, taken.findings, self._increases.note() if self._counts else None, hints)

    def _take(self, document: Document) -> Taken:
        return take(document.body, self._values, document.asked_at.timestamp(), self._max_age)


def _behind(value: ValueOptions, increase: Increase) -> str:
    """What the number was made of, for who is told of it."""
    amounts, time = increase.amounts, format_duration(increase.seconds)
    if value.ratio is not None:
        return f"{amounts.get('of', 0.0):.6g} of {amounts.get('to', 0.0):.6g} {_SINCE} {time}: {value.ratio.of.source}."
    if value.quantile is not None:
        count = max(amounts.values(), default=0.0)
        return f"Of {count:.6g} observations {_SINCE} {time}: {value.quantile.of.source}."
    return f"It grew by {amounts.get('counter', 0.0):.6g} {_SINCE} {time}."


def _computed(value: ValueOptions, increase: Increase) -> float | None:
    """What an increase amounts to; None when there were too few events."""
    amounts = increase.amounts
    if value.ratio is not None:
        events = amounts.get("to", 0.0)
        return amounts.get("of", 0.0) / events if events >= value.enough else None
    if value.quantile is not None:
        buckets = {float(bound): amount for bound, amount in amounts.items()}
        enough = max(buckets.values(), default=0.0) >= value.enough
        return quantile(value.quantile.q, buckets) if enough else None
    grown = amounts.get("counter", 0.0)
    return grown / increase.seconds if value.rate is not None else grown


_SINCE: Final = "within the last"
_PAGE_HINT: Final = "Ask the same URL by hand: does it lead to the metrics, or to an error page or another service?"
