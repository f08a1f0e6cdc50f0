"""What pages show of a running Sentinel."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from sentinel.app.backups import of_store
from sentinel.app.counting import counted
from sentinel.app.lately import Lately, Working
from sentinel.app.looks import before_of, last_day, look_at, people_of
from sentinel.app.reader import Reader
from sentinel.app.shared import Shared
from sentinel.base.errors import StoreError
from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.plan import Plan, StorePlan
from sentinel.core.slo import Rollup, span_start
from sentinel.reports import check as checks
from sentinel.reports import figures, overview, own, status
from sentinel.reports.channels import ChannelLine
from sentinel.reports.check import CheckDocument, Stretch
from sentinel.reports.documents import DeploymentLine, HealthDocument, OwnHealth
from sentinel.reports.explanation import ExplanationDocument
from sentinel.reports.figures import Figures
from sentinel.reports.overview import Chosen, Filter, OverviewDocument
from sentinel.reports.own import OwnDocument
from sentinel.reports.quiet import Quiet
from sentinel.store.database import Transaction
from sentinel.store.tables import HEAD

#: Seconds that one answer is good for, for all who ask the same.
FRESH: Final = 1.0

#: Seconds that what roll-ups say of whole days is good for.
FRESH_FIGURES: Final = 60.0

#: Seconds that the overview waits for its figures; then it does without them, or has those of a minute ago.
SOON: Final = 0.1

#: The time before changes no more, but for what came late.
FRESH_BEFORE: Final = 600.0

#: Lengths of time of which sums of all checks are kept.
MOST_LENGTHS: Final = 4

DAY: Final = timedelta(days=1)

#: Checks of which facts are taken without letting anything else run in between.
AT_ONCE: Final = 100


class Running(Working, Protocol):
    """The parts of a running Sentinel that pages are made of."""

    plan: Plan
    started_at: datetime


class Channels(Protocol):
    """How channels do."""

    def all(self) -> Sequence[ChannelLine]: ...


class Deployments(Protocol):
    """Which deployments go on."""

    def current(self) -> Sequence[DeploymentLine]: ...


class Asked(Protocol):
    """What is known in memory already."""

    @property
    def channels(self) -> Channels: ...

    @property
    def deployments(self) -> Deployments: ...

    def quiet(self) -> Quiet: ...

    def health(self) -> HealthDocument: ...

    def own_health(self) -> OwnHealth: ...

    def snapshot(self) -> list[History]: ...

    async def explain(self, what: str) -> ExplanationDocument | None: ...


class Faces:
    """Answers what pages ask, out of memory and roll-ups. A slow store makes an answer poorer, never late."""

    def __init__(self, parts: Running, asked: Asked, lately: Lately) -> None:
        self._parts = parts
        self._asked = asked
        self._lately = lately
        self._reader = Reader(parts.clock, parts.store)
        self._silences: frozenset[int] = frozenset()  # that were active when somebody last asked
        self._overviews: Shared[tuple[Filter, int], OverviewDocument] = Shared(parts.clock, FRESH)
        self._figures: Shared[tuple[str, timedelta], Figures] = Shared(parts.clock, FRESH_FIGURES)
        self._sums: Shared[timedelta, Mapping[str, Rollup] | None] = Shared(parts.clock, FRESH_FIGURES, MOST_LENGTHS)
        self._sums_before: Shared[timedelta, Mapping[str, Rollup] | None] = Shared(
            parts.clock, FRESH_BEFORE, MOST_LENGTHS
        )

    # --- Editions ---------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Grows when something changed that people should see at once."""
        self._look_at_the_clock()
        return self._parts.pipeline.edition.number

    async def changed(self, version: int, within: float) -> int:
        """Wait until the version is another than this one, or for so many seconds; answers the version then."""
        self._look_at_the_clock()
        return await self._parts.pipeline.edition.changed(version, within)

    def _look_at_the_clock(self) -> None:
        """A silence begins and ends by itself, and nothing is committed then."""
        now = self._parts.clock.now()
        active = frozenset(one.id for one in self._parts.pipeline.desk.scene.silences if one.is_active(now))
        if active != self._silences:
            self._silences = active
            self._parts.pipeline.edition.outdate()

    # --- Documents --------------------------------------------------------------------------------------------------

    async def overview(self, asked: Filter) -> OverviewDocument:
        """What is wrong, and how everything does."""
        return await self._overviews.get((asked, self.version), lambda: self._overview(asked))

    async def check(self, name: str, stretch: Stretch) -> CheckDocument | None:
        """One check over a time; None when there is no such check."""
        history = self._parts.pipeline.histories.get(name)
        if history is None:
            return None
        now, systems = self._parts.clock.now(), systems_of(self._parts.plan, history.check)
        past, before, explanation = await asyncio.gather(
            self._reader.ask(partial(look_at, history.check, systems, stretch, now)),
            self._reader.ask(partial(before_of, history.check, stretch, now)),
            self._explain(name),
        )
        return await asyncio.to_thread(
            checks.build,
            status.facts(history, None),
            stretch,
            replace(past or checks.Past(), before=before or ()),
            now=now,
            started_at=self._parts.started_at,
            quiet=self._asked.quiet(),
            explanation=explanation,
            store_problem=self._reader.silent if past is None else "",
        )

    async def figures(self, system: str, length: timedelta) -> Figures:
        """A system's figures of the last so long, beside those of the same time before; empty: all systems."""
        return await self._figures.get((system, length), lambda: self._figures_of(system, length))

    async def own(self) -> OwnDocument:
        """Sentinel itself."""
        parts, now = self._parts, self._parts.clock.now()
        outbox, _ = await self._lately.outbox(now)
        doing = own.Doing(
            started_at=parts.started_at,
            health=self._asked.health(),
            own=self._asked.own_health(),
            outbox=outbox,
            channels=self._asked.channels.all(),
            store=_kind(parts.plan.store),
            schema=HEAD,
            backups=of_store(parts.plan),
        )
        last = [history.last for history in self._asked.snapshot() if history.last is not None]
        return own.build(parts.plan, doing, last, now)

    # --- Behind them ------------------------------------------------------------------------------------------------

    async def _overview(self, asked: Filter) -> OverviewDocument:
        """The page is chosen out of memory, and only of its checks the store is asked."""
        parts, now = self._parts, self._parts.clock.now()
        known = overview.Known(
            plan=parts.plan,
            checks=[status.facts(one, None, span=False) async for one in self._slowly()],
            now=now,
            started_at=parts.started_at,
            quiet=self._asked.quiet(),
        )
        chosen = self._with_open_spans(await asyncio.to_thread(overview.choose, known, asked))
        day, (outbox, problem), shown = await asyncio.gather(
            self._reader.ask(partial(last_day, [one.check for one in chosen.rows], now)),
            self._lately.outbox(now),
            self._figures.soon((asked.system, DAY), lambda: self._figures_of(asked.system, DAY), SOON),
        )
        if day is None:
            problem = problem or self._reader.problem
        return await asyncio.to_thread(
            overview.build,
            chosen,
            day or {},
            shown or figures.build((), figures.Lately(), now, DAY, asked.system),
            outbox,
            problem or self._lately.failing(now),
            self._asked.deployments.current(),
        )

    def _with_open_spans(self, chosen: Chosen) -> Chosen:
        histories = self._parts.pipeline.histories
        rows = (
            replace(one, span=histories[one.check.name].tally.current()) if one.check.name in histories else one
            for one in chosen.rows
        )
        return replace(chosen, rows=tuple(rows))

    async def _slowly(self) -> AsyncIterator[History]:
        """Every history; in between others get to run, since thousands take a while."""
        for number, history in enumerate(self._asked.snapshot(), 1):
            yield history
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _explain(self, name: str) -> ExplanationDocument | None:
        try:
            return await self._asked.explain(name)
        except StoreError:
            return None

    async def _figures_of(self, system: str, length: timedelta) -> Figures:
        parts, now = self._parts, self._parts.clock.now()
        every = figures.of_system(parts.plan.checks, system)
        counting = {check.name: reading for check in every if (reading := self._counts_people(check))}
        known, before, people = await asyncio.gather(
            self._sums.get(length, lambda: self._summed(length, now)),
            self._sums_before.get(length, lambda: self._summed_before(length, now)),
            self._reader.ask(partial(people_of, counting, now - length, now)),
        )
        active, active_before = people or (None, None)
        lately = figures.Lately(now=known or {}, before=before or {}, active=active, active_before=active_before)
        return await asyncio.to_thread(figures.build, every, lately, now, length, system)

    async def _summed(self, length: timedelta, now: datetime) -> Mapping[str, Rollup] | None:
        if length == DAY:
            return (await self._lately.day(now))[0]  # asked for everything else, too
        return await self._reader.ask(partial(_summed, self._parts.plan.checks, now - length, now))

    async def _summed_before(self, length: timedelta, now: datetime) -> Mapping[str, Rollup] | None:
        since, until = now - 2 * length, now - length
        return await self._reader.ask(partial(_summed, self._parts.plan.checks, since, until))

    def _counts_people(self, check: Check) -> str:
        """The reading of a check that counts people; empty where none does."""
        history = self._parts.pipeline.histories.get(check.name)
        taken = history.last.readings if history is not None and history.last is not None else ()
        return figures.active_reading(reading.name for reading in taken)


def _summed(checks: Sequence[Check], since: datetime, until: datetime, tx: Transaction) -> Mapping[str, Rollup]:
    """On a thread of the store."""
    return counted(tx, checks, span_start(since), span_start(until))


def systems_of(plan: Plan, check: Check) -> tuple[str, ...]:
    """The systems with deployments that a check belongs to."""
    return tuple(name for name, one in plan.deployments.items() if one.covers(check))


def _kind(plan: StorePlan) -> str:
    return "SQLite" if plan.url.reveal().startswith("sqlite") else "PostgreSQL"
