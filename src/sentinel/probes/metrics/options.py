"""What a configuration asks of metrics: named values, each read in one way."""

from datetime import timedelta
from hashlib import blake2b
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sentinel.base.fields import Duration, Options, PositiveDuration
from sentinel.base.units import Unit
from sentinel.probes.calls.document import BodyLimit, DocumentOptions
from sentinel.probes.database.options import NameField
from sentinel.probes.metrics.selector import Selector

_WAYS: Final = ("gauge", "rate", "increase", "ratio", "quantile", "query")
_ENOUGH: Final = 20  # events
_UNITS: Final = {"increase": Unit.COUNT, "ratio": Unit.RATIO, "quantile": Unit.SECONDS}

PromQuery = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]


class RatioOptions(Options):
    """Two counters, whose increases are divided."""

    of: Selector
    """The counter whose share is asked for: `api_requests_total{status=~"5.."}`."""
    to: Selector
    """The counter that it is a share of: `api_requests_total`."""


class QuantileOptions(Options):
    """A quantile of a histogram."""

    q: float = Field(gt=0, lt=1)
    """Which: 0.95 is the value that 95 % of the observations stay below."""
    of: Selector
    """The histogram, without `_bucket`: `api_request_duration_seconds`."""


class ValueOptions(Options):
    """One value: exactly one of `gauge`, `rate`, `increase`, `ratio`, `quantile`, or `query` for a Prometheus server.

    Series that match are summed. Rates, increases, ratios and quantiles are those since the last look (see `over`).
    """

    gauge: Selector | None = None
    """A metric as it stands."""
    rate: Selector | None = None
    """A counter's growth per second."""
    increase: Selector | None = None
    """A counter's growth."""
    ratio: RatioOptions | None = None
    """One counter's growth divided by another's: an error rate; or of `x_sum` to `x_count`, an average."""
    quantile: QuantileOptions | None = None
    """A quantile of what a histogram counted."""
    query: PromQuery | None = None
    """A PromQL expression that yields one number: `sum(rate(errors_total[5m]))`."""
    by: Literal["sum", "max", "min"] = "sum"
    """How several series of a `gauge` become one number."""
    unit: Unit | None = None
    """What it measures: `s`, `ratio` (0 to 1), `bytes`, `count`, `days`; empty for a bare number. A ratio's usual one is
    `ratio`, a quantile's `s`, an increase's `count`."""
    min_count: int | None = Field(default=None, ge=1)
    """Of a ratio or quantile: with fewer events, 20 when not given, it is not read, as one failure of two is no rate."""
    optional: bool = False
    """Whether it may be absent; otherwise its absence is a failure."""

    @model_validator(mode="after")
    def _is_read_in_one_way(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(f"exactly one of {', '.join(_WAYS)}")
        if self.by != "sum" and self.gauge is None:
            raise ValueError("by only beside gauge")
        if self.min_count is not None and self.ratio is None and self.quantile is None:
            raise ValueError("min_count only beside ratio or quantile")
        return self

    def _given(self) -> list[str]:
        return [way for way in _WAYS if getattr(self, way) is not None]

    @property
    def measures(self) -> Unit:
        """The unit of the reading."""
        return _UNITS.get(self._given()[0], Unit.NONE) if self.unit is None else self.unit

    @property
    def enough(self) -> int:
        """Events that are enough for a ratio or quantile."""
        return self.min_count or _ENOUGH

    @property
    def counters(self) -> dict[str, Selector]:
        """The counters that it is computed from, by their roles; of a histogram the buckets. None for a gauge."""
        if self.ratio is not None:
            return {"of": self.ratio.of, "to": self.ratio.to}
        if self.quantile is not None:
            return {"bucket": self.quantile.of.suffixed("_bucket")}
        counter = self.rate or self.increase
        return {} if counter is None else {"counter": counter}

    def key(self, name: str) -> str:
        """Another one when the value is asked otherwise, so that growth is never told of counters not seen before."""
        asked = " ".join(f"{role} {selector.source}" for role, selector in self.counters.items())
        return f"{name} {blake2b(asked.encode(), digest_size=6).hexdigest()}"


class MetricsOptions(DocumentOptions):
    """Reads a page of metrics in Prometheus' text format, or asks a Prometheus server."""

    values: dict[NameField, ValueOptions] = Field(min_length=1, max_length=50)
    """What to read, by name; the readings are `values.<name>`. Either all have a `query` or none: with queries, `url` is the
    address of a Prometheus server, otherwise that of a page of metrics."""
    over: Duration = timedelta(0)
    """How far back rates, increases, ratios and quantiles look; 0: to the last run. Longer is calmer, and later to notice."""
    max_age: PositiveDuration = timedelta(minutes=5)
    """Where the page tells when a series was measured, as one of a federation does: an older one is stale."""
    body_limit: BodyLimit = 8 << 20
    """Bytes of the page, decompressed, that are read at most."""

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        queries = [value.query is not None for value in self.values.values()]
        if any(queries) and not all(queries):
            raise ValueError("values that all have a query, or none")
        if any(queries) and ("?" in self.url or "#" in self.url):
            raise ValueError(
                "the address of a Prometheus server, such as 'https://prometheus.example.org', without `?`"
            )
        if any(queries) and (self.method != "GET" or self.payload):
            raise ValueError("no method and no body beside queries")
        return self

    @property
    def asks_server(self) -> bool:
        return any(value.query is not None for value in self.values.values())
