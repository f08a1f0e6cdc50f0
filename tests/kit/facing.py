"""The parts of a Sentinel that pages are made of, real ones, around a store and a clock."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sentinel.app.faces import Faces
from sentinel.app.lately import Lately
from sentinel.core.incident import CALM
from sentinel.core.result import Result
from sentinel.core.routing import Sender
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.reports import explanation
from sentinel.reports.documents import HealthDocument, OwnHealth
from sentinel.reports.quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sentinel.base.clock import Clock
    from sentinel.core.history import History
    from sentinel.core.plan import Plan
    from sentinel.core.result import Measurement
    from sentinel.reports.channels import ChannelLine
    from sentinel.reports.documents import DeploymentLine
    from sentinel.reports.explanation import ExplanationDocument
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


class NoChannels:
    def all(self) -> Sequence[ChannelLine]:
        return ()


class NoDeployments:
    def current(self) -> Sequence[DeploymentLine]:
        return ()


class Facing:
    """Fits `sentinel.app.faces.Running`, and `Asked` too."""

    def __init__(self, plan: Plan, store: Store, clock: FakeClock) -> None:
        self.plan = plan
        self.clock: Clock = clock
        self.time = clock  # the same, to let it pass
        self.store = store
        self.started_at: datetime = clock.now()
        self.dispatcher = Dispatcher(clock, store, Random(1))
        self.pipeline = Pipeline(clock, store, self.dispatcher.wake)
        sender = Sender(source=plan.name, instance=store.instance, recipients=plan.recipients)
        self.pipeline.replan(plan.checks, plan.policies, sender)
        self.channels = NoChannels()
        self.deployments = NoDeployments()
        self.faces = Faces(self, self, Lately(self))

    def measure(self, name: str, measurement: Measurement, at: datetime | None = None) -> None:
        """A result of a check; now, or at a moment."""
        when = at or self.clock.now()
        self.pipeline.accept(Result(check=name, scheduled_at=when, finished_at=when, measurement=measurement))

    def quiet(self) -> Quiet:
        scene = self.pipeline.desk.scene
        return Quiet(silences=scene.silences, windows=scene.windows)

    def health(self) -> HealthDocument:
        return HealthDocument(healthy=True, version="1", probing=True, progress={})

    def own_health(self) -> OwnHealth:
        return OwnHealth()

    def snapshot(self) -> list[History]:
        return list(self.pipeline.histories.values())

    async def explain(self, what: str) -> ExplanationDocument | None:
        return explanation.build(self.pipeline.histories[what], CALM, None, what, self.clock.now())
