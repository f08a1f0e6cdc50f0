"""Which of the past windows excused: what was found in them is no sample of any rule."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.holding import Held
from sentinel.core.window import expects


class _Stretch(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    window: str  # the first of those that make it up


class Excuses:
    """Windows that were held. Asked for each of many results, so what covers a check is worked out once per check."""

    def __init__(self, held: Sequence[Held] = ()) -> None:
        self._held = sorted(held, key=lambda one: one.starts_at)
        self._by_check: dict[str, list[_Stretch]] = {}

    def at(self, check: Check, moment: datetime) -> str:
        """The window that covered a check at a moment; empty: none."""
        stretch = self._last_begun(check, moment)
        return stretch.window if stretch is not None and moment < stretch.ends_at else ""

    def during(self, check: Check, since: datetime, until: datetime) -> bool:
        """Whether one covered a check at any time in [since, until)."""
        stretches = self._of(check)
        place = bisect_left(stretches, until, key=lambda one: one.starts_at)
        return place > 0 and since < stretches[place - 1].ends_at

    def _last_begun(self, check: Check, moment: datetime) -> _Stretch | None:
        stretches = self._of(check)
        place = bisect_right(stretches, moment, key=lambda one: one.starts_at)
        return stretches[place - 1] if place else None

    def _of(self, check: Check) -> list[_Stretch]:
        """Stretches that do not overlap, the oldest first."""
        if not self._held:
            return []
        if check.name not in self._by_check:
            self._by_check[check.name] = _merged([one for one in self._held if expects(one.matcher, check)])
        return self._by_check[check.name]


def _merged(held: Sequence[Held]) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    for one in held:
        if stretches and one.starts_at <= stretches[-1].ends_at:
            last = stretches[-1]
            stretches[-1] = last._replace(ends_at=max(last.ends_at, one.ends_at))
        elif one.starts_at < one.ends_at:
            stretches.append(_Stretch(one.starts_at, one.ends_at, one.window))
    return stretches
