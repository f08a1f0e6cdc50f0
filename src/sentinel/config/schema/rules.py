"""Rules as a file has them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from sentinel.base.fields import Options, PositiveDuration
from sentinel.config.schema.fields import Bound, Count


class _Judged(Options):
    warning: Bound | None = None
    """Beyond this the target is missed; in the unit of the reading."""
    critical: Bound | None = None
    """Beyond this it is critical; on the same side as the warning bound, or equal to it."""


class ThresholdRule(_Judged):
    """Each result's reading against its bounds."""

    type: Literal["threshold"] = "threshold"
    """The type of the rule; may be left out when there is a `reading` and no `quantile`."""
    reading: str
    """Name of the reading, such as `response_time`; each kind of check lists its own."""
    direction: Literal["above", "below"] | None = None
    """On which side of the bounds the trouble lies. When not given: `below` for readings of which less is worse, such as
    days left or free space (the reference marks them), `above` for all others."""


class ErrorRateRule(_Judged):
    """The share of failed results within a sliding window of time. Unknown results count neither way.

    It opens an incident at once, without `open_after`, and what it opened closes when the share is within its bound again. An
    outage that single results opened closes after `close_after` good results, and its samples are taken out of the window.
    """

    type: Literal["error_rate"]
    """The type of the rule."""
    window: PositiveDuration
    """How far back it looks."""
    min_samples: Count = 20
    """Results needed within the window before it judges."""


class QuantileRule(_Judged):
    """A quantile of a reading within a sliding window of time, such as the 95th percentile.

    It opens and closes incidents as `error_rate` does.
    """

    type: Literal["quantile"] = "quantile"
    """The type of the rule; may be left out when there is a `quantile`."""
    reading: str
    """Name of the reading, such as `response_time`."""
    quantile: Annotated[float, Field(gt=0, lt=1)]
    """Which quantile: 0.95 is the value that 95 % of the results stay below."""
    window: PositiveDuration
    """How far back it looks."""
    min_samples: Count = 20
    """Readings needed within the window before it judges."""
    direction: Literal["above", "below"] | None = None
    """On which side of the bounds the trouble lies. When not given: `below` for readings of which less is worse, such as
    days left or free space (the reference marks them), `above` for all others."""


RuleEntry = ThresholdRule | ErrorRateRule | QuantileRule


#: The rules by their type.
RULES: Mapping[str, type[RuleEntry]] = {
    "threshold": ThresholdRule,
    "error_rate": ErrorRateRule,
    "quantile": QuantileRule,
}
