"""How counters grew since the last look, over restarts of the service and of Sentinel.

A counter that is lower than before began anew from 0, so what it shows is its increase. A series that was not there before
has grown from 0 as well, for a counter with labels comes into being with its first event. PromQL leaves that out, and so
does not see the first error; here it is seen, once there was a look before at the same metric.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from sentinel.core.result import Note

#: What is counted for one value: by its role there (a side of a ratio, a bucket), the series as they stand.
Counted = Mapping[str, Mapping[str, float]]

#: How much each role grew.
Amounts = Mapping[str, float]

_VERSION: Final = 1
_LONGEST_NOTE: Final = 60_000  # bytes of JSON; a longer one is not kept, and a restart begins with a first look
_FINENESS: Final = 120  # steps that a window is cut into at least, when there are as many looks; twice as many at most
_LONGEST_GAP: Final = timedelta(minutes=5)  # at least; growth over a longer one says nothing of now


class Increase(NamedTuple):
    """How much something grew, and in which time."""

    seconds: float
    amounts: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The counters as they stood."""

    at: datetime  # UTC
    moment: float | None  # of the monotonic clock; None: before a restart
    values: Mapping[str, Counted]  # by the value that needs them: a key that is another one when it is asked otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Last:
    """What has to be remembered of a look."""

    at: datetime
    moment: float | None
    series: Mapping[str, float]
    covered: frozenset[str]  # the values that it was for


class _Step(NamedTuple):
    seconds: float
    amounts: Mapping[str, Amounts]  # by value


class Increases:
    """Remembers the last look, and the increases of the window before it."""

    def __init__(self, note: Note | None, *, interval: timedelta, window: timedelta) -> None:
        """`window`: how far back increases are summed; 0: to the last look."""
        self._window = window.total_seconds()
        self._longest = max(_LONGEST_GAP, 5 * interval, window).total_seconds()
        self._last, steps = _remembered(note or {})
        self._steps = deque(steps)

    def take(self, look: Look) -> Mapping[str, Increase]:
        """The increases up to this look, by value; none at the first look, or after a long time without one."""
        last = self._last
        elapsed = None if last is None else _elapsed(last, look)
        if last is not None and elapsed == 0:  # the very same page
            return self._summed(look)
        self._last = _kept(look)
        if last is None or elapsed is None or not 0 < elapsed <= self._longest:
            self._steps.clear()
            return {}
        self._add(_Step(elapsed, _grown(last, look)))
        self._forget()
        return self._summed(look)

    def note(self) -> Note:
        """What has to be known after a restart, as far as there is room. Series are there by digests of their labels."""
        if self._last is None:
            return {}
        steps = [[step.seconds, step.amounts] for step in self._steps] if self._window else []
        note = {
            "version": _VERSION,
            "at": self._last.at.timestamp(),
            "series": dict(self._last.series),
            "covered": sorted(self._last.covered),
        }
        whole: tuple[Note, ...] = ({**note, "steps": steps}, {**note, "steps": []}, {})
        return next(one for one in whole if len(orjson.dumps(one)) <= _LONGEST_NOTE)

    def _add(self, step: _Step) -> None:
        """Many looks within a window are not all kept by themselves."""
        if self._steps and self._steps[-1].seconds + step.seconds <= self._window / _FINENESS:
            step = _joined(self._steps.pop(), step)
        self._steps.append(step)

    def _forget(self) -> None:
        """Keep what lies within the window, the last step in any case."""
        while len(self._steps) > 1 and sum(step.seconds for step in self._steps) > self._window:
            self._steps.popleft()

    def _summed(self, look: Look) -> dict[str, Increase]:
        return {name: found for name in look.values if (found := self._sum(name)).seconds}

    def _sum(self, name: str) -> Increase:
        seconds, amounts = 0.0, dict[str, float]()
        for step in self._steps:
            if name in step.amounts:
                seconds += step.seconds
                amounts = _added(amounts, step.amounts[name])
        return Increase(seconds, amounts)


def _joined(first: _Step, second: _Step) -> _Step:
    """Both as one; a value that only one of them has begins or ends there, and is left out for so short a time."""
    both = first.amounts.keys() & second.amounts.keys()
    amounts = {name: _added(first.amounts[name], second.amounts[name]) for name in both}
    return _Step(first.seconds + second.seconds, amounts)


def _added(first: Amounts, second: Amounts) -> dict[str, float]:
    return {role: first.get(role, 0.0) + second.get(role, 0.0) for role in {**first, **second}}


def series_key(name: str, labels: Mapping[str, str]) -> str:
    """A short digest of a series: labels may be about people, and are not stored."""
    text = "\0".join([name, *(f"{label}\0{labels[label]}" for label in sorted(labels))])
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _elapsed(last: _Last, look: Look) -> float:
    """By the clock that never steps, unless there was a restart in between."""
    if last.moment is not None and look.moment is not None:
        return look.moment - last.moment
    return (look.at - last.at).total_seconds()


def _kept(look: Look) -> _Last:
    series: dict[str, float] = {}
    for counted in look.values.values():
        for found in counted.values():
            series.update(found)
    return _Last(at=look.at, moment=look.moment, series=series, covered=frozenset(look.values))


def _grown(last: _Last, look: Look) -> dict[str, Amounts]:
    return {
        name: {role: _sum_of(last, series) for role, series in counted.items()}
        for name, counted in look.values.items()
        if name in last.covered
    }


def _sum_of(last: _Last, series: Mapping[str, float]) -> float:
    return sum(_growth(last.series.get(key, 0.0), value) for key, value in series.items())


def _growth(before: float, now: float) -> float:
    return now - before if now >= before else now


def _remembered(note: Note) -> tuple[_Last | None, list[_Step]]:
    """What a note of this form says; nothing of another form."""
    try:
        if note["version"] != _VERSION:
            return None, []
        at = datetime.fromtimestamp(float(note["at"]), tz=UTC)
        series = {str(key): float(value) for key, value in note["series"].items()}
        last = _Last(at=at, moment=None, series=series, covered=frozenset(map(str, note["covered"])))
        return last, [_Step(float(seconds), _amounts(amounts)) for seconds, amounts in note["steps"]]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return None, []


def _amounts(found: Any) -> dict[str, Amounts]:
    return {str(name): {str(role): float(one) for role, one in roles.items()} for name, roles in found.items()}
