"""Rules as a file has them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from sentinel.base.fields import Options, PositiveDuration
from sentinel.config.schema.fields import Bound, Count, HowBad
from sentinel.core.rule import MOST_COUNTED


class _Rule(Options):
    when: str = ""
    """Name of a calendar: the rule speaks only while that covers the moment. Two rules with different calendars say, for
    instance, 1 s in business hours and 5 s at night."""


class _Judged(_Rule):
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


class CountRule(_Rule):
    """So many bad ones among the last results, such as 3 of the last 5. Unknown results and faster rechecks are not among
    them. It opens and closes incidents as `error_rate` does.
    """

    type: Literal["count"]
    """The type of the rule."""
    bad: Annotated[int, Field(ge=1, le=MOST_COUNTED)]
    """From so many bad ones on it speaks."""
    of: Annotated[int, Field(ge=1, le=MOST_COUNTED)]
    """Among the last so many results."""
    severity: HowBad = "critical"
    """How bad that is."""
    reading: str = ""
    """A result is bad when this reading lies beyond the bound below; without a reading, when it failed."""
    above: Bound | None = None
    """Bad is a reading above this."""
    below: Bound | None = None
    """Bad is a reading below this."""


class UptimeRule(_Judged):
    """The share of the judged time in which the target was up, over a period of up to 90 days. It is computed from time, not
    from counts; time of which nothing is known is kept apart. The bounds lie below, such as a warning below 99.9 %.
    """

    type: Literal["uptime"]
    """The type of the rule."""
    window: PositiveDuration
    """The period."""
    min_known: Bound = "10%"
    """While less of the period is known than this share, the unknown rest counts as up: a short outage on the first day is
    not taken for a bad month."""


class BurnWindows(Options):
    """A pair of windows that both have to burn faster than the factor."""

    long: PositiveDuration
    """Over this time enough was used up to matter."""
    short: PositiveDuration
    """Over this time it is still going on; a twelfth of the long one is usual."""
    factor: Annotated[float, Field(gt=0, le=100_000)]
    """How many times faster than what would use the budget of 30 days up in 30 days."""
    severity: HowBad = "critical"
    """How bad that is."""


class BurnRateRule(_Rule):
    """How fast failed results use up the error budget of an objective (a budget of 0.1 % for an objective of 99.9 %), over
    several pairs of windows at once. It opens and closes incidents as `error_rate` does.

    Without `windows` the pairs of Google's SRE Workbook (chapter 5, "Alerting on SLOs") hold: 14.4 times over 1 hour and
    5 minutes, or 6 times over 6 hours and 30 minutes: critical; 1 time over 3 days and 6 hours: warning.
    """

    type: Literal["burn_rate"]
    """The type of the rule."""
    objective: Bound
    """The share of results that must be good, such as `"99.9%"`."""
    windows: tuple[BurnWindows, ...] = ()
    """Pairs of windows in place of the usual ones."""
    min_failures: Count = 3
    """Failed results needed in the long window: where a check runs once a minute, a single failure burns the budget of an hour
    16 times too fast, and is no trend."""


class BaselineRule(_Judged):
    """How many per cent worse a reading or the error rate is over a window than over what it is compared with. The bounds are
    such as a warning of `"20%"`. It opens and closes incidents as `error_rate` does.
    """

    type: Literal["baseline"]
    """The type of the rule."""
    reading: str = ""
    """Name of the reading; without one, the error rate is compared."""
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Which quantile of the reading is compared; without one, its mean."""
    window: PositiveDuration
    """How far back it looks."""
    against: Literal["before", "weeks"] = "before"
    """What it is compared with: `before` is the same length right before the window; `weeks` the same weekday and hour of the
    past four weeks (of the check's main reading or its error rate, which roll-ups keep)."""
    min_samples: Count = 20
    """Samples needed on both sides before it judges."""
    floor: Bound | None = None
    """A smaller difference is no trouble, however many per cent it is: of 1 ms and 2 ms nobody need hear. In the unit of the
    reading."""
    direction: Literal["above", "below"] | None = None
    """On which side worse lies. When not given: `below` for readings of which less is worse, `above` for all others."""


class GrowthRule(_Judged):
    """How much a reading grows per day or week, by its course over a window: the median of the slopes between all pairs of 24
    points of it, which one outlier does not tilt (Theil and Sen). It opens and closes incidents as `error_rate` does.
    """

    type: Literal["growth"]
    """The type of the rule."""
    reading: str
    """Name of the reading, such as `disk_used`."""
    window: PositiveDuration = Field(default="7d", validate_default=True)
    """How far back it looks; a quarter of it has to be known before it judges."""
    per: Literal["day", "week"] = "day"
    """The time that the bounds are for."""
    direction: Literal["above", "below"] = "above"
    """`above`: growing faster than the bounds is the trouble; `below`: falling faster is, and the bounds say by how much."""


class AbsenceRule(_Judged):
    """For how long no result had such a reading, though the target could be judged. The bounds are durations. Unknown results
    accuse nobody: their time does not count.
    """

    type: Literal["absence"]
    """The type of the rule."""
    reading: str
    """Name of the reading."""


RuleEntry = (
    ThresholdRule
    | CountRule
    | ErrorRateRule
    | QuantileRule
    | UptimeRule
    | BurnRateRule
    | BaselineRule
    | GrowthRule
    | AbsenceRule
)


#: The rules by their type.
RULES: Mapping[str, type[RuleEntry]] = {
    "threshold": ThresholdRule,
    "count": CountRule,
    "error_rate": ErrorRateRule,
    "quantile": QuantileRule,
    "uptime": UptimeRule,
    "burn_rate": BurnRateRule,
    "baseline": BaselineRule,
    "growth": GrowthRule,
    "absence": AbsenceRule,
}
