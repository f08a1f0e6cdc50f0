"""Two days of results whose uptime can be worked out by hand, and what the faces ought to say of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from tests.kit.public import PAGE
from tests.kit.scene import broken, check, plan, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentinel.core.component import StatusPagePlan
    from sentinel.core.plan import Plan
    from tests.kit.facing import Facing

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)  # when they are over
BEGAN = MIDNIGHT - 2 * DAY
CHECKS = tuple(check(name, interval=STEP, system="erp") for name in ("pay-api", "pay-db", "portal"))
SHOWN: StatusPagePlan = replace(PAGE, days=3)

#: Planned downtime of one check; both of its ends lie within a roll-up.
WINDOW = Held(
    window="index",
    title="New index",
    matcher=Matcher(checks=("pay-db",)),
    starts_at=MIDNIGHT - timedelta(hours=13, minutes=53),
    ends_at=MIDNIGHT - timedelta(hours=12, minutes=27),
    expects_down=True,
    by="ann",
    why="a new index",
    finished=True,
)

#: Nothing was measured of this check then, as when Sentinel stood still.
GAP = ("portal", MIDNIGHT - timedelta(hours=10), MIDNIGHT - timedelta(hours=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long a check was up and down, in seconds."""

    up: float
    down: float

    @property
    def uptime(self) -> float:
        return self.up / (self.up + self.down)


class Truth:
    """What was found at each step, drawn from a seed."""

    def __init__(self, seed: int = 11) -> None:
        rng = Random(seed)
        self.found: dict[str, dict[datetime, bool]] = {one.name: dict(_spells(one.name, rng)) for one in CHECKS}

    def of(self, name: str, since: datetime, until: datetime) -> Times:
        """How a check stood from one moment to another, outside of windows, by adding up step by step."""
        up = down = 0.0
        for at, well_then in self.found[name].items():
            seconds = _counted(name, max(at, since), min(at + STEP, until))
            up, down = (up + seconds, down) if well_then else (up, down + seconds)
        return Times(up=up, down=down)

    async def tell(self, facing: Facing, since: datetime = BEGAN, until: datetime = MIDNIGHT) -> None:
        """Let a pipeline live through it from one result to another, both included."""
        running = asyncio.create_task(facing.pipeline.run())
        for at in (since + n * STEP for n in range((until - since) // STEP + 1)):
            for name, found in self.found.items():
                if at in found:
                    facing.measure(name, well() if found[at] else broken(), at)
        await facing.pipeline.flush()
        facing.pipeline.stop()
        await running


def watched() -> Plan:
    return replace(plan(*CHECKS), status_page=SHOWN)


def _spells(name: str, rng: Random) -> Iterator[tuple[datetime, bool]]:
    """Mostly well, now and then down for a while."""
    down = 0
    for at in (BEGAN + n * STEP for n in range(2 * DAY // STEP + 1)):
        down = rng.randint(1, 20) if not down and rng.random() < 0.02 else max(0, down - 1)
        if name != GAP[0] or not GAP[1] <= at < GAP[2]:
            yield at, down == 0


def _counted(name: str, since: datetime, until: datetime) -> float:
    whole = max(0.0, (until - since).total_seconds())
    if name not in WINDOW.matcher.checks:
        return whole
    planned = (min(until, WINDOW.ends_at) - max(since, WINDOW.starts_at)).total_seconds()
    return whole - max(0.0, planned)
