"""A pipeline at work: its store, its clock, and who was told that there is something to send."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from sentinel.core.result import Measurement, Note, Result
from sentinel.core.routing import Sender
from sentinel.engine import recovery
from sentinel.engine.pipeline import Pipeline
from tests.kit.scene import POLICY, broken, check, well

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from sentinel.core.check import Check
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

RECIPIENTS = {"mail": ("oncall@example.org",), "chat": ("",), "hook": ("",)}
POLICIES = {"default": POLICY}


class Desk:
    """Enter it to let the pipeline run; it commits what is left when it is left."""

    def __init__(self, store: Store, clock: FakeClock, *checks: Check) -> None:
        self.clock = clock
        self.told: list[set[str]] = []
        self.pipeline = Pipeline(clock, store, self._tell)
        self._store = store
        self._checks = checks or (check("api", rules=()),)
        self._sender = Sender(source="ward", instance=store.instance, recipients=RECIPIENTS)

    async def recall(self) -> None:
        """Begin with what the store knows, as after a restart."""
        histories = await recovery.recall(self._store, self._checks, POLICIES, self.clock.now())
        self.pipeline.resume(histories, await self._store.read(lambda tx: tx.incidents.last_id()))

    def fail(self, times: int = 1, name: str = "api") -> None:
        """Results of a check that are bad."""
        self._results(name, [broken()] * times)

    def pass_(self, times: int = 1, name: str = "api") -> None:
        self._results(name, [well()] * times)

    def note(self, name: str, note: Note) -> None:
        """A good result of a check whose probe noted something."""
        self._results(name, [replace(well(), note=note)])

    def watch(self, *checks: Check) -> None:
        """Go by another plan, as after a reload."""
        self.pipeline.replan(checks, POLICIES, self._sender)

    async def idle(self) -> None:
        """Let what can run without time passing run, and the store do what it was asked."""
        await self.clock.settle()
        await self._store.write(lambda _: None)
        await self.clock.settle()

    async def __aenter__(self) -> Self:
        self.pipeline.replan(self._checks, POLICIES, self._sender)
        self._task = asyncio.create_task(self.pipeline.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pipeline.stop()
        while not self._task.done():
            await self.clock.advance(seconds=0.5)
            await asyncio.sleep(0.001)
        await self._task

    def _results(self, name: str, measurements: Iterable[Measurement]) -> None:
        for measurement in measurements:
            self.clock.step(milliseconds=1)  # two results never have one slot
            at = self.clock.now()
            self.pipeline.accept(Result(check=name, scheduled_at=at, finished_at=at, measurement=measurement))

    def _tell(self, channels: Iterable[str]) -> None:
        self.told.append(set(channels))
