"""N18: when our own network is down, no target is accused. Real probes, real servers, names that only this test resolves.

A name is no address of this host, so Sentinel takes the way to it for the network's, though it ends on loopback here. While a
receiver holds its answers, it is as far away as behind a cut cable.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.base.clock import SystemClock
from sentinel.core.plan import Limits
from sentinel.core.result import FailureClass, Measurement, Outcome, Result, failed, passed
from sentinel.core.sight import Beacon, BeaconKind, Connectivity
from sentinel.engine.beacons import Beacons
from sentinel.engine.runner import Runner
from sentinel.engine.sight import Sight
from sentinel.engine.stillness import Stillness
from sentinel.probes.wire import Resolver, Transport, prepare
from sentinel.probes.wire.beacon import Messenger
from sentinel.probes.wire.exchange import ExchangeFailed
from sentinel.probes.wire.tls import TlsContexts
from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.ports import LOOPBACK
from tests.kit.scene import check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sentinel.probes.wire.address import AddrInfo


def all_here(_host: str, port: int) -> Sequence[AddrInfo]:
    """A resolver by which every name is on loopback."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, port))]


class Probe:
    """Asks a receiver for a page, by the way that probes take."""

    def __init__(self, transport: Transport, url: str) -> None:
        self._transport = transport
        self._request = prepare("GET", url, contexts=TlsContexts())
        self.host = self._request.host

    async def measure(self, deadline: float) -> Measurement:
        try:
            await self._transport.exchange(self._request, deadline=deadline)
        except ExchangeFailed as error:
            return failed(error.failure, error.explanation)
        return passed()

    async def close(self) -> None:
        return


class World:
    """Targets on one server, a beacon on another; each can fall silent and speak again."""

    def __init__(self, targets: HttpReceiver, beacon: HttpReceiver, host: str) -> None:
        self.targets, self.beacon = targets, beacon
        self.results: list[Result] = []
        self._url = f"http://{host}:{targets.port}/"
        self._resolver = Resolver(look_up=all_here)
        self._transport, clock = Transport(self._resolver), SystemClock()
        self.beacons = Beacons(clock, Messenger(self._transport).ask)
        light = Beacon(
            kind=BeaconKind.HTTP, name="status.example.org", host="status.example.org", url=beacon_url(beacon)
        )
        self.beacons.plan(Connectivity(beacons=(light,), timeout=timedelta(seconds=0.3)))
        self._runner = Runner(clock, self.results.append, Limits(), Sight(clock, Stillness(clock), self.beacons))

    async def check(self, count: int = 1) -> list[FailureClass | None]:
        """How so many checks of the target end that are due at once."""
        probes = {f"api{number}": Probe(self._transport, self._url) for number in range(count)}
        self._runner.equip(probes, Limits())
        self.results.clear()
        checks = [check(name, timeout=timedelta(seconds=0.4)) for name in probes]
        self._runner.submit(checks, SystemClock().now())
        await eventually(lambda: len(self.results) == count)
        return [result.measurement.failure for result in self.results]

    async def close(self) -> None:
        await self._runner.stop(0.0)
        await self.beacons.close()
        self._resolver.close()


def beacon_url(beacon: HttpReceiver) -> str:
    return f"http://status.example.org:{beacon.port}/"


@asynccontextmanager
async def world(host: str = "api.example.org") -> AsyncIterator[World]:
    async with HttpReceiver() as targets, HttpReceiver() as beacon:
        made = World(targets, beacon, host)
        yield made
        await made.close()


def silence(*receivers: HttpReceiver) -> None:
    for receiver in receivers:
        receiver.answer = Answer(after=asyncio.Event())


async def test_without_a_network_no_target_is_accused_and_all_share_one_question() -> None:
    async with world() as there:
        silence(there.targets, there.beacon)
        assert set(await there.check(50)) == {FailureClass.NETWORK_DOWN}
        assert {result.outcome for result in there.results} == {Outcome.UNKNOWN}
        assert there.beacons.dark_since is not None
        assert len(there.beacon.requests) == 1


async def test_a_target_that_is_silent_while_a_beacon_answers_is_accused() -> None:
    async with world() as there:
        silence(there.targets)
        assert await there.check(5) == [FailureClass.READ_TIMEOUT] * 5
        assert there.beacons.dark_since is None


async def test_when_the_network_is_back_everything_is_as_before() -> None:
    async with world() as there:
        silence(there.targets, there.beacon)
        await there.check()
        there.targets.answer = there.beacon.answer = Answer()
        assert await there.check() == [None]
        await there.beacons.look()
        silence(there.targets)
        assert await there.check() == [FailureClass.READ_TIMEOUT]
        assert there.beacons.dark_since is None


async def test_a_target_on_this_host_is_accused_whether_there_is_a_network_or_not() -> None:
    async with world(LOOPBACK) as there:
        silence(there.targets, there.beacon)
        assert await there.check() == [FailureClass.READ_TIMEOUT]
        assert len(there.beacon.requests) == 0


async def test_a_beacon_that_answers_with_an_error_answers() -> None:
    async with world() as there:
        silence(there.targets)
        there.beacon.answer = Answer(status=503)
        assert await there.check() == [FailureClass.READ_TIMEOUT]


async def test_beacons_are_asked_from_time_to_time_and_a_new_plan_begins_anew() -> None:
    async with world() as there:
        silence(there.beacon)
        asking = asyncio.create_task(there.beacons.run())
        await eventually(lambda: there.beacons.dark_since)
        there.beacons.plan(Connectivity())
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        silence(there.targets)
        assert (await there.check(), there.beacons.dark_since) == ([FailureClass.READ_TIMEOUT], None)


class ImpatientProbe:
    """Gives up in a phase of its own, long before its deadline."""

    host = "api.example.org"

    async def measure(self, deadline: float) -> Measurement:
        try:
            async with asyncio.timeout(0.1):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            return failed(FailureClass.CONNECT_TIMEOUT, "the connection was not accepted in time")
        return passed()

    async def close(self) -> None:
        return


async def impatient(*, busy: float) -> Result:
    """The result of a run of two seconds at most, during which the event loop has no turn for a time."""
    clock, results = SystemClock(), list[Result]()
    stillness = Stillness(clock)
    ticking = asyncio.create_task(stillness.run())
    runner = Runner(clock, results.append, Limits(), Sight(clock, stillness))
    runner.equip({"api": ImpatientProbe()}, Limits())
    runner.submit([check("api", timeout=timedelta(seconds=2))], clock.now())
    await asyncio.sleep(0.01)
    until = time.monotonic() + busy
    while time.monotonic() < until:
        pass
    await eventually(lambda: results)
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    return results[0]


async def test_a_phase_that_ended_for_want_of_processor_time_accuses_nobody() -> None:
    found = (await impatient(busy=0.8)).measurement
    assert (found.failure, found.outcome) == (FailureClass.OVERLOADED, Outcome.UNKNOWN)


async def test_a_phase_that_ended_while_there_was_time_accuses_its_target() -> None:
    assert (await impatient(busy=0.0)).measurement.failure is FailureClass.CONNECT_TIMEOUT
