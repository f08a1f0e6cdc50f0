"""Roll-ups of a day that a test makes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel.base.units import Unit
from sentinel.core.histogram import Histogram
from sentinel.core.slo import SPAN, Rollup, Sums, span_start
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from datetime import datetime, timedelta

READING = "response_time"


def piece(
    check: str = "health",
    at: datetime = NOW,
    *,
    span: timedelta = SPAN,
    down: float = 0.0,
    degraded: float = 0.0,
    value: float = 0.2,
    high: float | None = None,
    samples: int = 5,
    readings: dict[str, Sums] | None = None,
) -> Rollup:
    """What a check did in the span that a moment lies in: up, but for what is said."""
    histogram = Histogram()
    for _ in range(samples):
        histogram.add(value)
    sums = Sums(samples, samples * value, value, high or value, Unit.SECONDS)
    return Rollup(
        check=check,
        start=span_start(at, span),
        span=span,
        up=span.total_seconds() - down - degraded,
        down=down,
        degraded=degraded,
        samples=samples,
        failures=1 if down else 0,
        counted=samples,
        total=samples * value,
        histogram=histogram.encode(),
        readings={READING: sums} if readings is None else readings,
    )
