"""The heartbeat to the outside: a sign of life that ends when Sentinel does not do its work, so that somebody else can tell.

It is sent only while the auditor finds nothing overdue (`core.auditor.objection`). Whoever receives it has to raise the alarm
when it stays away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.core.auditor import objection
from sentinel.core.plan import HeartbeatPlan
from sentinel.engine.auditor import Auditor

log = structlog.get_logger()

#: Seconds between two looks at the plan while it asks for no heartbeat.
IDLE = 5.0


class Watcher(Protocol):
    """Whoever watches Sentinel from outside."""

    async def tell(self) -> str:
        """Try once, within bounds of its own; answers why it did not arrive, or nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """How the heartbeat does."""

    sent_at: datetime | None = None  # the latest that arrived
    withheld: str = ""  # why none is sent
    problem: str = ""  # why the latest did not arrive


class DeadMan:
    """Beats as long as all is well."""

    def __init__(
        self,
        clock: Clock,
        auditor: Auditor,
        plan: Callable[[], HeartbeatPlan | None],
        build: Callable[[HeartbeatPlan], Watcher],
    ) -> None:
        self._clock = clock
        self._auditor = auditor
        self._plan = plan
        self._build = build
        self._watcher: tuple[Secret, Watcher] | None = None
        self.beats = Beats()

    async def run(self) -> None:
        """Beat until cancelled. What fails here must end nothing else."""
        while True:
            plan = self._plan()
            try:
                await self._clock.sleep(plan.every.total_seconds() if plan else IDLE)
                if plan is not None:
                    await self.beat(plan)
            except Exception:
                log.exception("heartbeat.crashed")

    async def beat(self, plan: HeartbeatPlan) -> None:
        """Send a sign of life, or withhold it and say why."""
        reason = objection(self._auditor.last, self._auditor.patience, self._clock.now())
        if reason:
            self._withhold(reason)
            return
        problem = await self._watcher_of(plan).tell()
        if problem and problem != self.beats.problem:
            log.warning("heartbeat.failed", why=problem)
        if not problem and (self.beats.problem or self.beats.withheld):
            log.info("heartbeat.resumed")
        sent = self.beats.sent_at if problem else self._clock.now()
        self.beats = Beats(sent_at=sent, problem=problem)

    def _withhold(self, reason: str) -> None:
        if reason != self.beats.withheld:
            log.warning("heartbeat.withheld", why=reason)
        self.beats = Beats(sent_at=self.beats.sent_at, withheld=reason)

    def _watcher_of(self, plan: HeartbeatPlan) -> Watcher:
        if self._watcher is None or self._watcher[0] != plan.url:
            self._watcher = (plan.url, self._build(plan))
        return self._watcher[1]
