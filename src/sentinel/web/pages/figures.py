"""The figures of a whole system, each beside the time before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.reports.documents import DeploymentLine
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.sign_in.rules import Rule, rule

#: How long a time figures can be of.
LENGTHS: Final[Mapping[str, timedelta]] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}


#: Systems that stand on one page; more are chosen one by one.
MOST_SYSTEMS: Final = 12

#: Deployments that stand below the figures, the newest.
MOST_DEPLOYED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be chosen."""

    name: str
    chosen: bool
    path: str


class FiguresPage:
    """Shows figures."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/figures", self.show, least=Role.VIEWER),)

    async def show(self, request: Request) -> Response:
        system, length = request.query_params.get("system", ""), request.query_params.get("for", "")
        length = length if length in LENGTHS else "24h"
        systems = sorted({one.check.system for one in self._monitor.snapshot() if one.check.system})
        if system and system not in systems:
            raise HTTPException(404, "there is no such system")
        shown = (system,) if system else ("", *systems[:MOST_SYSTEMS])
        return await self._renderer.answer(
            request,
            "figures.html",
            title="Figures",
            here="figures",
            every=await asyncio.gather(*(self._monitor.faces.figures(one, LENGTHS[length]) for one in shown)),
            lengths=[Option(name=one, chosen=one == length, path=_address(system, one)) for one in LENGTHS],
            deployed=await self._deployed(system, LENGTHS[length]),
            systems=[Option(name=one, chosen=one == system, path=_address(one, length)) for one in ("", *systems)],
        )

    async def _deployed(self, system: str, length: timedelta) -> Sequence[DeploymentLine]:
        """The deployments of that time, the newest first: figures that turn may turn since one of them."""
        plan, checks = self._monitor.plan, [one.check for one in self._monitor.snapshot()]
        if not plan.deployments:
            return ()
        meant = {
            name
            for name, one in plan.deployments.items()
            if not system or any(one.covers(check) for check in checks if check.system == system)
        }
        since = self._clock.now() - length
        every = await self._monitor.deployments.all()
        return [line for line in every if line.system in meant and (line.ended_at is None or line.ended_at >= since)][
            :MOST_DEPLOYED
        ]


def _address(system: str, length: str) -> str:
    question = urlencode([part for part in (("system", system), ("for", length)) if part[1]])
    return f"/figures?{question}"
