"""What pages show of a monitor that stands still: real documents, out of what a test says was stored."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sentinel.core.incident import CALM
from sentinel.reports import check as checks
from sentinel.reports import explanation, figures, overview, own, status
from sentinel.reports.documents import OutboxLine
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sentinel.core.history import History
    from sentinel.core.plan import Plan
    from sentinel.reports.channels import ChannelLine
    from sentinel.reports.check import CheckDocument, Stretch
    from sentinel.reports.documents import DeploymentLine, HealthDocument, OwnHealth
    from sentinel.reports.figures import Figures
    from sentinel.reports.overview import Filter, OverviewDocument
    from sentinel.reports.own import OwnDocument
    from sentinel.reports.quiet import Quiet


class Channels(Protocol):
    def all(self) -> Sequence[ChannelLine]: ...


class Deployments(Protocol):
    def current(self) -> Sequence[DeploymentLine]: ...


class Still(Protocol):
    """What the faces of a monitor that stands still are made of."""

    plan: Plan
    histories: list[History]

    @property
    def channels(self) -> Channels: ...

    @property
    def deployments(self) -> Deployments: ...

    def quiet(self) -> Quiet: ...

    def health(self) -> HealthDocument: ...

    def own_health(self) -> OwnHealth: ...


class StillFaces:
    """Fits `sentinel.web.monitor.Faces`."""

    def __init__(self, monitor: Still) -> None:
        self._monitor = monitor
        self.started_at: datetime = NOW - timedelta(hours=1)
        self.days: dict[str, overview.LastDay] = {}  # by check: what the last day was like
        self.pasts: dict[str, checks.Past] = {}  # by check: what its own page knows
        self.lately = figures.Lately()
        self.outbox = OutboxLine()
        self.store_problem = ""
        self._version = 1
        self._turned = asyncio.Condition()

    @property
    def version(self) -> int:
        return self._version

    async def turn(self) -> None:
        """Something changed."""
        async with self._turned:
            self._version += 1
            self._turned.notify_all()

    async def changed(self, version: int, within: float) -> int:
        try:
            async with asyncio.timeout(within), self._turned:
                await self._turned.wait_for(lambda: self._version != version)
        except TimeoutError:
            pass
        return self._version

    async def overview(self, asked: Filter) -> OverviewDocument:
        monitor = self._monitor
        known = overview.Known(
            plan=monitor.plan,
            checks=[status.facts(history, None) for history in monitor.histories],
            now=NOW,
            started_at=self.started_at,
            quiet=monitor.quiet(),
        )
        shown = await self.figures(asked.system, timedelta(days=1))
        return overview.build(
            overview.choose(known, asked),
            self.days,
            shown,
            self.outbox,
            self.store_problem,
            monitor.deployments.current(),
        )

    async def check(self, name: str, stretch: Stretch) -> CheckDocument | None:
        history = next((one for one in self._monitor.histories if one.check.name == name), None)
        if history is None:
            return None
        return checks.build(
            status.facts(history, None),
            stretch,
            self.pasts.get(name, checks.Past()),
            now=NOW,
            started_at=self.started_at,
            quiet=self._monitor.quiet(),
            explanation=explanation.build(history, CALM, None, name, NOW),
            store_problem=self.store_problem,
        )

    async def figures(self, system: str, length: timedelta) -> Figures:
        every = [history.check for history in self._monitor.histories]
        return figures.build(figures.of_system(every, system), self.lately, NOW, length, system)

    async def own(self) -> OwnDocument:
        monitor = self._monitor
        doing = own.Doing(
            started_at=self.started_at,
            health=monitor.health(),
            own=monitor.own_health(),
            outbox=self.outbox,
            channels=monitor.channels.all(),
            store="SQLite",
            schema="0004",
        )
        return own.build(monitor.plan, doing, [one.last for one in monitor.histories if one.last], NOW)
