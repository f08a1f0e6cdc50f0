"""What the values of a check need of one page. Pure work on bytes: a large page is handed to a thread."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sentinel.base.units import format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.metrics.exposition import Sample, read_page
from sentinel.probes.metrics.increases import Counted, series_key
from sentinel.probes.metrics.options import ValueOptions
from sentinel.probes.metrics.selector import Selector

_BUCKETS: Final = "bucket"  # the role of a histogram's buckets, before they are told apart by their bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A value, with what follows from its options worked out once."""

    name: str
    options: ValueOptions
    key: str
    counters: Mapping[str, Selector]  # by role

    @classmethod
    def of(cls, name: str, options: ValueOptions) -> "Wanted":
        return cls(name=name, options=options, key=options.key(name), counters=options.counters)

    @property
    def selectors(self) -> list[Selector]:
        """Everything that it needs of a page."""
        gauge = self.options.gauge
        return list(self.counters.values()) if gauge is None else [gauge]


@dataclass(slots=True, kw_only=True)
class Taken:
    """What one page had."""

    gauges: dict[str, float] = field(default_factory=dict)  # by the value's name
    counted: dict[str, Counted] = field(default_factory=dict)  # by the value's key
    findings: list[Finding] = field(default_factory=list)


def take(body: bytes, values: Sequence[Wanted], now: float, max_age: float) -> Taken:
    """Everything that these values need. `now`: seconds since 1970. Raises Unreadable when the page cannot be read."""
    page = read_page(body, sorted({selector.name for value in values for selector in value.selectors}))
    taken = Taken()
    for value in values:
        found = [
            [sample for sample in page.samples[selector.name] if selector.matches(sample.labels)]
            for selector in value.selectors
        ]
        try:
            _must_be_fresh(value, found, now, max_age)
            if value.options.gauge is not None:
                taken.gauges[value.name] = _gauge(value.options, found[0], known=value.options.gauge.name in page.known)
            else:
                _must_be_known(value, page.known)
                taken.counted[value.key] = _counted(value, found)
        except Finding as finding:
            if not (value.options.optional and finding.failure is FailureClass.MISSING):
                told = Finding(finding.failure, f"{value.name}: {finding.explanation}", finding.hint)
                taken.findings.append(told)
    return taken


def _must_be_known(value: Wanted, known: frozenset[str]) -> None:
    """A counter without a series stands at 0, when the page knows it at all: its labels come with the first event."""
    for role, selector in value.counters.items():
        if selector.name not in known:
            hint = _BUCKET_HINT if role == _BUCKETS else _MISSING_HINT
            raise Finding(FailureClass.MISSING, f"there is no metric {selector.name}", hint)


def _must_be_fresh(value: Wanted, found: list[list[Sample]], now: float, max_age: float) -> None:
    for selector, samples in zip(value.selectors, found, strict=True):
        times = [sample.taken_at for sample in samples if sample.taken_at is not None]
        if times and max(times) < now - max_age:
            age = format_duration(now - max(times))
            raise Finding(FailureClass.STALE, f"{selector.name} was last measured {age} ago", _STALE_HINT)


def _gauge(options: ValueOptions, found: list[Sample], *, known: bool) -> float:
    assert options.gauge is not None
    numbers = [sample.value for sample in found if math.isfinite(sample.value)]
    if not numbers:
        which = "with such labels and a number" if known else ""
        explanation = f"there is no {'series of' if known else 'metric'} {options.gauge.name} {which}".rstrip()
        raise Finding(FailureClass.MISSING, explanation, _MISSING_HINT)
    if options.by == "sum":
        return math.fsum(numbers)
    return max(numbers) if options.by == "max" else min(numbers)


def _counted(value: Wanted, found: list[list[Sample]]) -> Counted:
    roles: dict[str, dict[str, float]] = {}
    for (role, selector), samples in zip(value.counters.items(), found, strict=True):
        if role != _BUCKETS:
            roles[role] = {}
        for sample in samples:
            where = _bound(sample) if role == _BUCKETS else role
            if where is not None and math.isfinite(sample.value):
                roles.setdefault(where, {})[series_key(selector.name, sample.labels)] = sample.value
    return roles


def _bound(sample: Sample) -> str | None:
    """The upper bound of a bucket, written in one way; None when the series is no bucket."""
    try:
        bound = float(sample.labels.get("le", ""))
    except ValueError:
        return None
    return None if math.isnan(bound) else repr(bound)


_MISSING_HINT: Final = "Ask the same URL by hand and look for the name: is this another version of the service?"
_BUCKET_HINT: Final = (
    "Ask the same URL by hand and look for the name: a quantile needs a histogram, with `_bucket`; a summary has none."
)
_STALE_HINT: Final = "Who measures it has stopped: look at the exporter, or at the server that collects from it."
