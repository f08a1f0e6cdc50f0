"""How the figures of a report were made, said of this one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from sentinel.base.units import format_duration
from sentinel.core.check import Check
from sentinel.core.histogram import RELATIVE_ERROR
from sentinel.core.plan import Plan
from sentinel.core.planned import Planned, Stretch
from sentinel.core.rule import Quantile, Threshold
from sentinel.core.selection import Selection
from sentinel.reports.method import Exclusion, Method, Source
from sentinel.reports.past import Account, Past
from sentinel.reports.rounding import rounded_time

#: How each figure is worked out. `docs/reports.md` says the same at more length.
FORMULAS: Mapping[str, str] = {
    "uptime": (
        "(up + degraded) / (up + degraded + down), by time outside of windows; a result speaks until the next one, and for one "
        "interval when the next one is overdue; unknown time counts neither way"
    ),
    "uptime of several checks": "the same, of their times added up",
    "error rate": "failed results / judged results; unknown results count neither way",
    "error budget": "allowed = (1 - target) x judged time; burn = time down / allowed; left = allowed - time down",
    "quantiles": "nearest rank in a histogram with buckets 4 % wide; results of roll-ups that lie in windows left out",
    "share within a target": "results up to the bound / results, by the same histogram",
    "time to detect": "from the first bad result to the opening of the incident",
    "time to tell": "from its opening until a receiver took the first message",
    "time to acknowledge": "from its opening until somebody took it",
    "time to resolve": "from its opening to its end",
    "went down": (
        "roll-ups with time down after one without, or after a gap; of 5 minutes, or of an hour in periods of more than 8 days; "
        "those that a window touches do not count"
    ),
    "coverage": "judged time / time of the period outside of windows",
    "messages": "taken by receivers in the period about incidents that opened in it; what came along with another is not counted",
}


def build(
    plan: Plan, selection: Selection, checks: Sequence[Check], past: Past, now: Sequence[Account], period: Stretch
) -> Method:
    """The method of a report, with what was left out and what it rests on.

    Args:
        plan: whose checks and targets are reported.
        selection: which of them.
        checks: these.
        past: what the store knows.
        now: accounts of these checks.
        period: what the report is about.
    """
    exclusions = tuple(_exclusions(past.planned))
    return Method(
        selection=str(selection),
        formulas=FORMULAS,
        exclusions=exclusions,
        excluded=sum((one.time for one in exclusions), timedelta(0)),
        edge=past.edge,
        unknown=rounded_time(sum(one.unknown.total_seconds() for one in now)),
        quantile_error=round(RELATIVE_ERROR, 4),
        fingerprint=plan.fingerprint,
        changes=tuple(past.changes),
        sources=tuple(_sources(past, now)),
        limits=tuple(_limits(checks, past, period)),
    )


def _exclusions(planned: Sequence[Planned]) -> Iterator[Exclusion]:
    """The occurrences of windows that took something, the earliest first."""
    of = attrgetter("piece.held.starts_at", "piece.held.window")
    for _, group in groupby(sorted(planned, key=of), key=of):
        parts = list(group)
        held = parts[0].piece.held
        checks = {name for one in parts for name in one.piece.checks}
        time = sum((one.piece.stretch.length * len(one.piece.checks) for one in parts), timedelta(0))
        yield Exclusion(
            window=held.window,
            title=held.title,
            since=min(one.piece.stretch.since for one in parts),
            until=max(one.piece.stretch.until for one in parts),
            by=held.by,
            why=held.why,
            checks=len(checks),
            time=time,
            down=rounded_time(sum(rollup.down for one in parts for rollup in one.rollups.values())),
        )


def _sources(past: Past, now: Sequence[Account]) -> Iterator[Source]:
    entries = sum(len(entries) for entries in past.timelines.values())
    rows = sum(one.rows for one in past.channels)
    for table, gives, count in (
        ("rollups", "uptime, error rates and quantiles, as sums of results", sum(one.counted.samples for one in now)),
        ("incidents", "incidents and their times", len(past.incidents)),
        ("timeline", "who did what, mutes, and what came and went", entries),
        ("outbox", "messages, who was told, and how channels did", rows),
        ("occurrences", "times of windows, which are kept apart", len(past.held)),
        ("silences", "silences", len(past.silences)),
    ):
        yield Source(table=table, gives=gives, rows=count)


def _limits(checks: Sequence[Check], past: Past, period: Stretch) -> Iterator[str]:
    """What the report does not say, or says only in part."""
    if past.edge:
        yield (
            f"An end of a window or of the period that cuts a roll-up may be up to {format_duration(past.edge)} off: that "
            "time is shared out in proportion."
        )
    if past.full:
        yield f"There were more incidents than a report holds; it has the newest {len(past.incidents):,}."
    if past.windows_full:
        yield f"Windows were open more often than a report heeds; only the latest {len(past.held):,} times are kept apart."
    if some := sorted(check.name for check in checks if _has_hours(check)):
        yield f"Bounds that hold at some hours only are not compared with the whole period: {', '.join(some[:10])}."
    if any(one.opened_at is not None and one.opened_at < period.since for one in past.incidents):
        yield "Incidents that had opened before the period are listed, and are not among its times and counts."
    yield "How bad an incident was at its worst is taken as it was known when the report was made."


def _has_hours(check: Check) -> bool:
    rules = (rule for rule in check.rules if isinstance(rule, Threshold | Quantile))
    return any(rule.reading == check.main and rule.when is not None for rule in rules)
