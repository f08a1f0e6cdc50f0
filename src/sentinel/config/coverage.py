"""Whether bounds that hold at some hours only leave hours without any, or contradict each other in some."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sentinel.core.check import Check
from sentinel.core.hours import Calendar, any_covers
from sentinel.core.plan import Plan
from sentinel.core.rule import Quantile, Threshold

#: Calendars are looked at for a week, every half hour: some zones lie half an hour beside the others.
_LOOKS, _APART = 7 * 48, timedelta(minutes=30)


def advice_on_hours(plan: Plan, now: datetime) -> Iterator[str]:
    """One line for each, for people; nothing where there is nothing to say.

    Args:
        now: aware; calendars are looked at for a week from then on.
    """
    begin = now.replace(minute=0, second=0, microsecond=0)
    for check in plan.checks:
        for reading in dict.fromkeys(rule.reading for rule in check.rules if isinstance(rule, Threshold) and rule.when):
            yield from _gap(check, reading, begin)
            yield from _overlap(check, reading, begin)


def _gap(check: Check, reading: str, begin: datetime) -> Iterator[str]:
    """Hours in which nothing judges a reading. One rule alone may be meant so, unless it is on what the check is about: there it
    has replaced the default at every hour."""
    rules = [rule for rule in check.rules if isinstance(rule, Threshold | Quantile) and rule.reading == reading]
    calendars = _calendars(rules)
    if len(calendars) < len(rules) or (len(calendars) == 1 and reading != check.main):
        return
    bare = _first_bare(calendars, begin)
    if bare is not None:
        names = " and ".join(dict.fromkeys(repr(calendar.name) for calendar in calendars))
        yield (
            f"check {check.name!r}: {reading} has no bound outside of {names}, such as on {_said(bare, calendars)}: these rules "
            "take the place of a default at every hour; add one with a calendar of the other hours, or one without `when`"
        )


def _overlap(check: Check, reading: str, begin: datetime) -> Iterator[str]:
    rules = [rule for rule in check.rules if isinstance(rule, Threshold) and rule.reading == reading]
    for direction in dict.fromkeys(rule.bounds.direction for rule in rules):
        calendars = _calendars(rule for rule in rules if rule.bounds.direction is direction)
        both = _first_shared(calendars, begin)
        if both is not None:
            at, one, other = both
            yield (
                f"check {check.name!r}: two rules on {reading} speak at once, while {one!r} and {other!r}, such as on "
                f"{_said(at, calendars)}: the stricter bound counts then"
            )


def _calendars(rules: Iterable[Threshold | Quantile]) -> tuple[Calendar, ...]:
    return tuple(rule.when for rule in rules if rule.when is not None)


@lru_cache(maxsize=256)
def _first_bare(calendars: tuple[Calendar, ...], begin: datetime) -> datetime | None:
    return next((at for at in _looks(begin) if not any_covers(calendars, at)), None)


@lru_cache(maxsize=256)
def _first_shared(calendars: tuple[Calendar, ...], begin: datetime) -> tuple[datetime, str, str] | None:
    if len(calendars) < 2:
        return None
    for at in _looks(begin):
        covering = [calendar.name for calendar in calendars if calendar.covers(at)]
        if len(covering) > 1:
            return at, covering[0], covering[1]
    return None


def _looks(begin: datetime) -> Iterator[datetime]:
    return (begin + number * _APART for number in range(_LOOKS))


def _said(at: datetime, calendars: Sequence[Calendar]) -> str:
    zone = calendars[0].zone
    return f"{at.astimezone(ZoneInfo(zone)):%A at %H:%M} ({zone})"
