"""Looks at the checks of a system faster while it is watched, or should be down."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sentinel.app.holding import Around
from sentinel.core.check import Check

#: A check that looks more seldom than this by itself is left to its rhythm: restoring a backup every few seconds proves nothing.
SELDOM = timedelta(minutes=15)

#: Checks of these kinds sign in, write, or cost their target much: looks every few seconds would be a load, or lock an account.
ACTING = frozenset({"auth", "roles", "audit", "scenario", "browser", "backup", "hardening", "command"})

#: Runs that one look begins at most; the others wait for the next one, a second later.
AT_ONCE = 200


class FasterLooks:
    """Has each check of such a system run no more seldom than its watch says.

    Such a run is due by the clock and not because the one before was bad, so its result counts like that of any slot.
    """

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._due: dict[str, datetime] = {}  # by check
        self._begun: dict[str, datetime] = {}  # when the last run that was asked for here was

    def look(self, watched: Sequence[tuple[Sequence[Check], timedelta]]) -> None:
        """Begin what is due.

        Args:
            watched: the checks that are looked at faster, by system, and how long one waits for its next run at most.
        """
        now = self._parts.clock.now()
        due: dict[str, datetime] = {}
        began: list[Check] = []
        for checks, every in watched:
            hastened = [check for check in checks if _may_be_hastened(check, every)]
            for number, check in enumerate(hastened):
                # Spread over the interval: all at once would be a load that the system does not have otherwise.
                at = self._due.get(check.name, now + every * number / len(hastened))
                if at <= now and len(began) < AT_ONCE and self._is_free(check, now):
                    began.append(check)
                    self._begun[check.name] = now
                    at = max(at + every, now)
                due[check.name] = at
        self._due = due
        self._begun = {name: at for name, at in self._begun.items() if name in due}
        self._parts.runner.submit(began, now)

    def _is_free(self, check: Check, now: datetime) -> bool:
        """Whether its last run is over, as far as is known: one that takes longer than the interval is not begun twice."""
        begun, history = self._begun.get(check.name), self._parts.pipeline.histories.get(check.name)
        if begun is None or now - begun > check.timeout or history is None or history.last is None:
            return True
        return history.last.scheduled_at >= begun


def _may_be_hastened(check: Check, every: timedelta) -> bool:
    return every < check.interval <= SELDOM and check.kind not in ACTING
