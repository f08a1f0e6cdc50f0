"""CPU of judging one result in memory: what the rules of a check cost, and what they take in memory."""

import gc
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time

from benchmarks.figures import Figure
from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.incident import Policy
from sentinel.core.result import Reading, Result, passed
from sentinel.core.rule import (
    Absence,
    Against,
    Baseline,
    Bounds,
    BurnRate,
    Count,
    Direction,
    ErrorRate,
    Growth,
    Quantile,
    Rule,
    Severity,
    Threshold,
    Uptime,
)

ROUNDS = 5
RESULTS = 4_000  # per round
KEPT = 20  # checks whose memory is measured

#: Evaluating a result may take so many microseconds in the common case.
BOUND = 50.0

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_NAMES = ("resolve", "connect", "first_byte", "transfer")

_SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
_ERRORS = ErrorRate(window=HOUR, min_samples=20, bounds=Bounds(warning=0.01, critical=0.05))
_P95 = Quantile(
    reading="response_time", unit=Unit.SECONDS, quantile=0.95, window=HOUR, min_samples=20, bounds=Bounds(warning=2.0)
)
_COMMON: Sequence[Rule] = (_SLOW, _ERRORS, _P95)
_ALL: Sequence[Rule] = (
    *_COMMON,
    Count(bad=3, of=5, severity=Severity.CRITICAL),
    Uptime(window=30 * DAY, bounds=Bounds(warning=0.999, direction=Direction.BELOW)),
    BurnRate(objective=0.999),
    Baseline(
        window=HOUR,
        against=Against.BEFORE,
        bounds=Bounds(warning=0.5),
        min_samples=20,
        reading="response_time",
        unit=Unit.SECONDS,
        quantile=0.95,
    ),
    Growth(reading="response_time", unit=Unit.SECONDS, window=DAY, per=DAY, bounds=Bounds(warning=9.0)),
    Absence(reading="response_time", bounds=Bounds(warning=600.0)),
)


def measure() -> list[Figure]:
    """Judge good results of an HTTP check, one a second: the usual case, and every rule there is at once."""
    return [
        Figure(
            name="judging a result, threshold, error rate and quantile: CPU",
            value=_cost(_COMMON),
            unit="us",
            digits=1,
            bound=BOUND,
        ),
        Figure(name="judging a result, every type of rule at once: CPU", value=_cost(_ALL), unit="us", digits=1),
        Figure(name="memory of a check, threshold, error rate and quantile", value=_kept(_COMMON), unit="kB", digits=1),
        Figure(name="memory of a check, every type of rule at once", value=_kept(_ALL), unit="kB", digits=1),
    ]


def _cost(rules: Sequence[Rule]) -> float:
    """Microseconds of CPU per result, median of the rounds; windows are full before the first."""
    history, rng = _history(rules), Random(4)
    results = _results(rng, RESULTS * (ROUNDS + 1))
    costs = []
    for start in range(0, len(results), RESULTS):
        part = results[start : start + RESULTS]
        began = process_time()
        for result in part:
            history.take(result)
        costs.append((process_time() - began) / RESULTS * 1e6)
    return median(costs[1:])


def _kept(rules: Sequence[Rule]) -> float:
    """Kilobytes that a check's history takes, beside the results."""
    results = _results(Random(4), 480, every=10.0)
    gc.collect()
    tracemalloc.start()
    histories = [_history(rules) for _ in range(KEPT)]
    for history in histories:
        for result in results:
            history.take(result)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / KEPT / 1000


def _history(rules: Sequence[Rule]) -> History:
    check = Check(
        name="api",
        kind="http",
        interval=timedelta(seconds=1),
        timeout=timedelta(seconds=1),
        main="response_time",
        rules=tuple(rules),
    )
    return History(check, Policy(name="default", levels=()))


def _results(rng: Random, count: int, every: float = 1.0) -> list[Result]:
    began = datetime(2026, 3, 2, tzinfo=UTC)
    return [_result(rng, began + timedelta(seconds=number * every)) for number in range(count)]


def _result(rng: Random, at: datetime) -> Result:
    took = rng.lognormvariate(-2.0, 0.4)
    readings = [Reading(name, took / 4, Unit.SECONDS) for name in _NAMES]
    readings += [Reading("response_time", took, Unit.SECONDS), Reading("status", 200.0, Unit.NONE)]
    return Result(check="api", scheduled_at=at, finished_at=at, measurement=passed(readings))
