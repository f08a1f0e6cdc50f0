"""What the users of the platform do, and what its Prometheus metrics say of that."""

import asyncio
from math import pi, sin
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from examples.bhiv_hr.faults import Fault
from examples.faults import Switchboard

TICK: Final = 0.05  # seconds
PER_TICK: Final = 10  # requests
USUAL: Final = 0.045  # seconds for one
PATHS: Final = ("/v1/jobs", "/v1/candidates/resource-01", "/v1/workflows")


class Traffic:
    """Two hundred requests a second, told to the metrics that the guide names."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.registry = CollectorRegistry()
        labels = ["method", "endpoint", "status"]
        self._requests = Counter("api_requests_total", "Total API requests", labels, registry=self.registry)
        self._seconds = Histogram("api_request_duration_seconds", "Request duration", registry=self.registry)
        self._workflows = Gauge("active_workflows_total", "Active workflows", registry=self.registry)
        self._users = Gauge(
            "active_users", "Users who asked for something in the last 5 minutes", registry=self.registry
        )
        self._ticks = 0

    async def flow(self) -> None:
        """Until it is cancelled."""
        while True:
            self._tick()
            await asyncio.sleep(TICK)

    @property
    def usual_seconds(self) -> float:
        """What one request takes now."""
        return self._board.value(Fault.USERS_WAIT) or USUAL

    @property
    def workflows(self) -> int:
        return 100 if self._board.is_on(Fault.WORKFLOWS_PILE_UP) else 3

    @property
    def users(self) -> int:
        """They come and go: between 18 and 32 within ten minutes."""
        return 25 + round(7 * sin(self._ticks * TICK / 600 * 2 * pi))

    def exposition(self) -> bytes:
        """The metrics as text."""
        self._workflows.set(self.workflows)
        self._users.set(self.users)
        return generate_latest(self.registry)

    def _tick(self) -> None:
        self._ticks += 1
        for number in range(PER_TICK):
            failed = self._board.is_due(Fault.USERS_SEE_ERRORS)
            status = "500" if failed else "200"
            self._requests.labels("GET", PATHS[number % len(PATHS)], status).inc()
            self._seconds.observe(self.usual_seconds)
