"""What a probe is built from, and one run of it, for the tests of probes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from sentinel.base.clock import SystemClock
from sentinel.probes.base import Probe, ProbeTools
from sentinel.probes.calls.session import Sessions
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.wire import Resolver, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.base.clock import Clock
    from sentinel.core.result import Measurement

#: Seconds that a run may pass its deadline by, for a machine that is busy with other tests.
SLACK = 1.0


class Bench:
    """Builds probes as the program does, and closes what they share."""

    def __init__(self, clock: Clock | None = None, *, threads: int = 4, sessions: Sessions | None = None) -> None:
        self._resolver = Resolver()
        self._threads = ThreadPoolExecutor(threads, "probe")
        self.tools = ProbeTools(
            clock=clock or SystemClock(),
            transport=Transport(self._resolver),
            threads=self._threads,
            sessions=sessions or Sessions(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True)
        self._resolver.close()

    def build(self, kind: str, **options: object) -> Probe:
        """A probe from options as they stand in a file."""
        known = CATALOGUE[kind]
        return known.build(known.options.model_validate(options), self.tools)

    async def measure(self, kind: str, /, *, within: float = 5.0, **options: object) -> Measurement:
        """One run of a fresh probe, which may take `within` seconds."""
        return await run(self.build(kind, **options), within=within)


async def run(probe: Probe, *, within: float = 5.0) -> Measurement:
    """One run of a probe; TimeoutError when it does not keep to its deadline (by `SLACK`)."""
    deadline = asyncio.get_running_loop().time() + within
    async with asyncio.timeout_at(deadline + SLACK):
        return await probe.measure(deadline)


def readings(measurement: Measurement) -> Mapping[str, float]:
    """The readings by name."""
    return {reading.name: reading.value for reading in measurement.readings}


def words(measurement: Measurement) -> str:
    """Every text that leaves the probe: what must never hold a secret or a person's data."""
    return " ".join([measurement.explanation, measurement.hint, *map(str, measurement.readings)])


def problem(kind: str, **options: Any) -> str:
    """What is said of options that cannot be used."""
    try:
        CATALOGUE[kind].options.model_validate(options)
    except ValueError as error:
        return str(error)
    raise AssertionError("the options were accepted")
