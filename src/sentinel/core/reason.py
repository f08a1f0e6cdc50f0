"""Why a verdict is what it is."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a verdict is what it is. A closed list."""

    WITHIN_BOUNDS = "within_bounds"
    FAILED = "failed"  # the result is a failure
    SECURITY = "security"  # it is one that opens at once
    BEYOND_BOUND = "beyond_bound"  # a reading lies beyond its bound
    COUNT = "count"  # so many of the last results are bad
    ERROR_RATE = "error_rate"
    QUANTILE = "quantile"
    UPTIME = "uptime"
    BURN_RATE = "burn_rate"  # the error budget is used up too fast
    BASELINE = "baseline"  # much worse than before, or than in past weeks
    GROWTH = "growth"
    ABSENCE = "absence"  # a reading has not been measured for long
    FLAPPING = "flapping"  # it changes again and again
    NOT_JUDGED = "not_judged"  # the result is unknown


#: What rules over time say. They have seen enough already, so their word needs no confirmation by further results.
OVER_TIME = frozenset(
    {
        Reason.COUNT,
        Reason.ERROR_RATE,
        Reason.QUANTILE,
        Reason.UPTIME,
        Reason.BURN_RATE,
        Reason.BASELINE,
        Reason.GROWTH,
        Reason.ABSENCE,
    }
)
