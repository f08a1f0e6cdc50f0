"""What is wrong with Sentinel's own eyes is in its vitals, and only as long as it is so."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentinel.app.eyes import TOLD_FOR, Eyes
from sentinel.core.sight import Beacon, BeaconKind, Connectivity
from sentinel.core.vitals import Vitals
from sentinel.probes.wire import Resolver
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentinel.probes.wire.address import AddrInfo


class Names:
    """A resolver of names that can die."""

    dead = False

    def look_up(self, _host: str, port: int) -> Sequence[AddrInfo]:
        if self.dead:
            raise socket.gaierror(socket.EAI_AGAIN, "for example")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, port))]


@contextmanager
def eyes(clock: FakeClock, names: Names) -> Iterator[tuple[Eyes, Resolver]]:
    resolver = Resolver(look_up=names.look_up)
    yield Eyes(clock, resolver), resolver
    resolver.close()


def seen(open_eyes: Eyes, clock: FakeClock) -> Vitals:
    return open_eyes.described(Vitals(at=clock.now()))


async def test_eyes_that_see_add_nothing() -> None:
    clock = FakeClock()
    with eyes(clock, Names()) as (looking, _):
        assert seen(looking, clock) == Vitals(at=clock.now())


async def test_a_standstill_is_told_for_a_while_and_nothing_from_before_is_overdue() -> None:
    clock = FakeClock()
    with eyes(clock, Names()) as (looking, _):
        started = clock.now()
        clock.step(seconds=61)
        looking.stillness.mark()
        assert str(seen(looking, clock).stood_still) == "from 03:00:00 to 03:01:01 UTC"
        assert looking.watched_since(started) == clock.now()
        await clock.advance(seconds=TOLD_FOR.total_seconds() + 1)
        assert seen(looking, clock).stood_still is None


async def test_who_waits_to_be_called_hears_of_each_absence() -> None:
    clock, resolver, absences = FakeClock(), Resolver(look_up=Names().look_up), list[tuple[datetime, datetime]]()
    looking = Eyes(clock, resolver, lambda since, until: absences.append((since, until)))
    began = clock.now()
    clock.step(seconds=61)
    looking.sight.begin()
    light = Beacon(kind=BeaconKind.TCP, name="gateway", host="gateway.example.org", port=free_port())
    looking.plan(Connectivity(beacons=(light,), timeout=timedelta(seconds=1)))
    for _ in range(2):
        await looking.beacons.look()
        await clock.advance(seconds=20)
    at = began + timedelta(seconds=61)
    assert absences == [(began, at), (at, at), (at, at + timedelta(seconds=20))]
    resolver.close()


async def test_a_short_standstill_is_nothing_to_tell() -> None:
    clock = FakeClock()
    with eyes(clock, Names()) as (looking, _):
        clock.step(seconds=7)
        looking.stillness.mark()
        assert seen(looking, clock).stood_still is None


async def test_a_dead_network_is_told_with_the_beacons_that_were_asked() -> None:
    clock = FakeClock()
    with eyes(clock, Names()) as (looking, _):
        port = free_port()
        light = Beacon(kind=BeaconKind.TCP, name="gateway", host="gateway.example.org", port=port)
        looking.plan(Connectivity(beacons=(light,), timeout=timedelta(seconds=1)))
        await looking.beacons.look()
        told = seen(looking, clock)
        assert (told.dark_since, told.beacons) == (clock.now(), looking.beacons.connectivity)
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), LOOPBACK, port):
            await looking.beacons.look()
        assert seen(looking, clock).dark_since is None


async def test_a_resolver_that_is_dead_is_told_and_asked_again_until_it_answers() -> None:
    clock, names = FakeClock(), Names()
    with eyes(clock, names) as (looking, resolver):
        names.dead = True
        await asyncio.gather(resolver.resolve("api.example.org", 80, _soon()), return_exceptions=True)
        told = seen(looking, clock)
        assert (told.nameless_since is not None, told.nameless) == (True, ("api.example.org",))
        names.dead = False
        seen(looking, clock)
        await eventually(lambda: seen(looking, clock).nameless_since is None)


async def test_a_reload_pardons_the_resolver() -> None:
    clock, names = FakeClock(), Names()
    with eyes(clock, names) as (looking, resolver):
        names.dead = True
        await asyncio.gather(resolver.resolve("api.example.org", 80, _soon()), return_exceptions=True)
        looking.plan(Connectivity())
        assert seen(looking, clock).nameless_since is None


def _soon() -> float:
    return asyncio.get_running_loop().time() + 5
