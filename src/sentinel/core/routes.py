"""Routes: which policy an incident goes by, by what its check is, how bad it is, and when it happens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentinel.core.check import Check
from sentinel.core.hours import Calendar
from sentinel.core.matcher import Matcher
from sentinel.core.rule import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Incidents that go by a policy of their own."""

    policy: str  # its name
    match: Matcher = Matcher()
    when: Calendar | None = None  # only while it covers; None: always

    def takes(self, check: Check, severity: Severity, now: datetime) -> bool:
        """Whether an incident of that check, as bad as that, goes this way."""
        return self.match.matches(check, severity) and (self.when is None or self.when.covers(now))


def choose(routes: Sequence[Route], check: Check, severity: Severity, now: datetime) -> str | None:
    """The policy of the first route that takes an incident; None when none does and the check's own policy counts.

    Asked when an incident opens and when it gets worse.
    """
    taken = chosen(routes, check, severity, now)
    return taken.policy if taken else None


def chosen(routes: Iterable[Route], check: Check, severity: Severity, now: datetime) -> Route | None:
    """The first route that takes an incident."""
    return next((route for route in routes if route.takes(check, severity, now)), None)


def hides(earlier: Route, later: Route) -> bool:
    """Whether whatever the later route would take is taken by the earlier one, so that it never has a turn.

    Says no where it cannot be told, such as for two patterns of names of which one holds the other.
    """
    if earlier.when is not None and earlier.when != later.when:
        return False
    wide, narrow = earlier.match, later.match
    return (
        _holds(wide.checks, narrow.checks)
        and _holds(wide.tags, narrow.tags)
        and _holds(wide.kinds, narrow.kinds)
        and _holds(wide.severities, narrow.severities)
    )


def _holds(wide: Iterable[object], narrow: Iterable[object]) -> bool:
    """Whether a condition allows all that another one allows; no values are no condition."""
    allowed, wanted = set(wide), set(narrow)
    return not allowed or (bool(wanted) and wanted <= allowed)
