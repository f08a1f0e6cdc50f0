"""The `metrics` probe: numbers from a page of metrics in Prometheus' text format, or from a Prometheus server."""

from collections.abc import Mapping
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import Measurement
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.document import UNITS, USUAL_RULES, shared_phase
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.metrics.options import MetricsOptions
from sentinel.probes.metrics.page import PageReader
from sentinel.probes.metrics.server import ServerReader


class MetricsProbe:
    """Reads every value in each run."""

    def __init__(self, options: MetricsOptions, tools: ProbeTools) -> None:
        self._reader = ServerReader(options, tools) if options.asks_server else PageReader(options, tools)
        self.host = self._reader.host

    async def measure(self, deadline: float) -> Measurement:
        try:
            read = await self._reader.read(deadline)
        except Finding as finding:
            return measurement([finding], [])
        return measurement(read.findings, read.readings, note=read.note, hints=read.hints)

    async def close(self) -> None:
        """There is nothing to give back."""


def _build(options: Any, tools: ProbeTools) -> MetricsProbe:
    return MetricsProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"values.{name}": value.measures for name, value in options.values.items()}


KIND: Final = ProbeKind(
    name="metrics",
    summary="Reads numbers from a page of Prometheus metrics (rates, ratios, quantiles), or from a Prometheus server.",
    options=MetricsOptions,
    readings={**UNITS, "values.*": Unit.NONE},
    main="response_time",
    main_of=lambda options: f"values.{next(iter(options.values))}",  # the first that the file names
    build=_build,
    more_readings=_more_readings,
    usual_rules=lambda _: USUAL_RULES,
    shares=shared_phase,
)
