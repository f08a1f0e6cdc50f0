"""The public status page of a running Sentinel: out of memory and roll-ups; while the store is away, what was known last."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

import structlog

from sentinel.app.counting import by_day, span_end
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.check import Check
from sentinel.core.component import Component, Condition, Seen, Share, StatusPagePlan, condition, seen
from sentinel.core.deployment.standing import is_of_deployment
from sentinel.core.plan import Plan
from sentinel.core.posting import Thread, threads
from sentinel.core.recurrence import Occurrence, Once
from sentinel.core.window import Window, expects
from sentinel.engine.pipeline import Pipeline
from sentinel.reports import public
from sentinel.reports.public import Announced, Known, PublicDocument
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

DAY = timedelta(days=1)

#: How long the figures of today are good for: until they are read again, 5 minutes that have just been summed are in neither
#: memory nor what was read. And those of the days before, which a purge or a late result changes.
TODAY_FRESH, DAYS_FRESH = timedelta(seconds=10), timedelta(hours=1)

#: Seconds that the page waits for a slow store, and then shows what it knew.
SLOW = 3.0

#: How far back threads are shown, and how far ahead windows.
POSTS_BACK, WINDOWS_AHEAD = timedelta(days=366), timedelta(days=14)

#: Sums per component and day.
Days = Mapping[str, Mapping[date, Share]]


@dataclass(slots=True)
class _Kept:
    """What was read of the store."""

    plan: StatusPagePlan
    days: dict[str, dict[date, Share]] = field(default_factory=dict)
    whole_at: datetime | None = None  # when all days were read
    figures_at: datetime | None = None  # when today was
    threads: Sequence[Thread] = ()
    posts_at: datetime | None = None


class Eyes(Protocol):
    """What knows since when Sentinel looks."""

    def watched_since(self, started_at: datetime) -> datetime: ...


class Around(Protocol):
    """The parts of a running Sentinel that the status page has to do with."""

    plan: Plan
    clock: Clock
    store: Store
    pipeline: Pipeline
    started_at: datetime

    @property
    def eyes(self) -> Eyes: ...


class PublicPage:
    """Answers what the public asks. Ask it seldom: whoever serves it keeps an answer for some seconds."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._kept: _Kept | None = None
        self._asking = asyncio.Lock()
        self._away = False  # whether the store was when it was last asked; the log is told once
        self.edition = 0  # grows when something was posted that people should see at once

    def forget(self) -> None:
        """Make the next page anew: something was posted."""
        self.edition += 1

    @property
    def plan(self) -> StatusPagePlan | None:
        """What the page is to show; None: there is none."""
        return self._parts.plan.status_page

    async def document(self) -> PublicDocument | None:
        """The page as it is now; None where there is none. A store that is away makes it poorer, never late."""
        plan, now = self.plan, self._parts.clock.now()
        if plan is None:
            return None
        async with self._asking:
            kept = self._kept
            if kept is None or kept.plan != plan:
                kept = self._kept = _Kept(plan=plan)
            try:
                await self._read(kept, now)
            except StoreError as error:
                if not self._away:
                    log.warning("status_page.store_away", why=str(error))
                self._away = True
            else:
                self._away = False
        conditions, _ = self.look(plan, now)
        known = Known(
            conditions=conditions,
            days=self._with_the_open_span(kept, now),
            threads=kept.threads,
            announced=tuple(self._announced(plan, now)),
            figures_at=kept.figures_at,
            posts_at=kept.posts_at,
        )
        return public.build(plan, known, now)

    def look(self, plan: StatusPagePlan, now: datetime) -> tuple[dict[str, Condition], dict[str, list[Seen]]]:
        """How each component is, and what is known of its checks, by slug; out of memory."""
        histories, windows = self._parts.pipeline.histories, self._parts.pipeline.desk.scene.windows
        started_at = self._parts.eyes.watched_since(self._parts.started_at)
        known: dict[str, list[Seen]] = {}
        for component in plan.components:
            past = (histories[name] for name in component.checks if name in histories)
            known[component.slug] = [
                seen(one, covered=windows.covering(one.check, now) is not None, started_at=started_at, now=now)
                for one in past
            ]
        return {slug: condition(checks) for slug, checks in known.items()}, known

    async def _read(self, kept: _Kept, now: datetime) -> None:
        posts = await self._parts.store.read(lambda tx: tx.posts.since(now - POSTS_BACK), within=SLOW)
        kept.threads, kept.posts_at = threads(posts), now
        if kept.figures_at is not None and timedelta(0) <= now - kept.figures_at < TODAY_FRESH:
            return
        today = datetime.combine(now.date(), time(), UTC)
        whole_at = kept.whole_at
        whole = whole_at is None or whole_at.date() != now.date() or not timedelta(0) <= now - whole_at < DAYS_FRESH
        since = today - (kept.plan.days - 1) * DAY if whole else today
        checks = self._checks(kept.plan)
        found = await self._parts.store.read(lambda tx: _days(tx, kept.plan, checks, since, now), within=SLOW)
        for component in kept.plan.components:
            before = {} if whole else kept.days.get(component.slug, {})
            kept.days[component.slug] = {**before, **found.get(component.slug, {})}
        kept.figures_at, kept.whole_at = now, now if whole else kept.whole_at

    def _with_the_open_span(self, kept: _Kept, now: datetime) -> Days:
        """The days with what memory has beside the store: of the 5 minutes that are not over."""
        histories, windows = self._parts.pipeline.histories, self._parts.pipeline.desk.scene.windows
        days: dict[str, dict[date, Share]] = {}
        for component in kept.plan.components:
            known = days[component.slug] = dict(kept.days.get(component.slug, {}))
            past = (histories[name] for name in component.checks if name in histories)
            for history in past:
                span = history.tally.current()
                if span is not None and windows.covering(history.check, now) is None:
                    day = span.start.date()
                    known[day] = known.get(day, Share()).plus(span)
        return days

    def _checks(self, plan: StatusPagePlan) -> dict[str, Check]:
        wanted = {name for component in plan.components for name in component.checks}
        return {check.name: check for check in self._parts.plan.checks if check.name in wanted}

    def _announced(self, plan: StatusPagePlan, now: datetime) -> Iterator[Announced]:
        checks = self._checks(plan)
        for window in self._parts.pipeline.desk.scene.windows:
            if not window.public:
                continue
            slugs = tuple(one.slug for one in plan.components if _covers(window, one, checks))
            if slugs and is_of_deployment(window):
                yield Announced(text="", slugs=slugs, occurrence=_whole(window), deployment=True)
                continue
            for occurrence in (window.covering(now), window.next_occurrence(now)):
                if slugs and occurrence is not None and occurrence.starts_at < now + WINDOWS_AHEAD:
                    yield Announced(text=window.public_text, slugs=slugs, occurrence=occurrence)


def _whole(window: Window) -> Occurrence:
    """The one occurrence of a deployment's window, also when it is over; it stays in the scene for an hour then."""
    assert isinstance(window.when, Once), "a deployment comes once"
    ends_at = window.when.ends_at if window.ended_at is None else min(window.when.ends_at, window.ended_at)
    return Occurrence(starts_at=window.when.starts_at, ends_at=ends_at)


def _covers(window: Window, component: Component, checks: Mapping[str, Check]) -> bool:
    return any(expects(window.matcher, checks[name]) for name in component.checks if name in checks)


# --- Uptime -----------------------------------------------------------------------------------------------------------


def _days(tx: Transaction, plan: StatusPagePlan, checks: Mapping[str, Check], since: datetime, now: datetime) -> Days:
    """Time in each state per component and day, without what lies in windows."""
    whole = list(by_day(tx, tuple(checks.values()), since, span_end(now)))
    days: dict[str, dict[date, Share]] = defaultdict(dict)
    for component in plan.components:
        for piece in whole:
            if piece.check in component.checks:
                day = piece.start.date()
                days[component.slug][day] = days[component.slug].get(day, Share()).plus(piece)
    return days
