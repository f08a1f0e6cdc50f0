"""The parts of a Sentinel that windows have to do with, real ones, around a store and a clock."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sentinel.app.holding import WindowKeeper
from sentinel.core.plan import Limits
from sentinel.core.routing import Sender
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.runner import Runner
from tests.kit.probes import QuickProbe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.base.clock import Clock
    from sentinel.core.holding import Held
    from sentinel.core.plan import Plan
    from sentinel.core.window import Window
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


class Calm:
    """Fits `sentinel.app.holding.Around`. Making another one on the same store is a restart."""

    def __init__(self, plan: Plan, store: Store, clock: FakeClock) -> None:
        self.plan = plan
        self.clock: Clock = clock
        self._time = clock
        self.store = store
        self.dispatcher = Dispatcher(clock, store, Random(1))
        self.pipeline = Pipeline(clock, store, self.dispatcher.wake)
        self.runner = Runner(clock, self.pipeline.accept, Limits())
        self.runner.equip({check.name: QuickProbe() for check in plan.checks}, Limits())
        self.held: Mapping[str, Held] = {}
        self.windows = WindowKeeper(self)
        self.reload(*plan.windows)

    def reload(self, *windows: Window) -> None:
        """Go by these windows of the configuration from now on."""
        sender = Sender(source=self.plan.name, instance=self.store.instance, recipients=self.plan.recipients)
        self.pipeline.replan(self.plan.checks, self.plan.policies, sender, windows=windows)

    async def look(self, **after: float) -> None:
        """Let time pass, and look after the windows."""
        await self._time.advance(**after)
        await self.windows.look()
