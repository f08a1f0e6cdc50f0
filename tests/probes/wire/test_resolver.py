"""A name server that hangs costs its own callers their deadline, and the others nothing past a bound."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.wire import Resolver
from sentinel.probes.wire.address import AddrInfo
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.resolver import SLOW
from tests.kit.eventually import eventually

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]


class NameServer:
    """Answers look-ups; names that begin with "slow" only after `release`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.release = threading.Event()
        self.dead = False

    def look_up(self, host: str, port: int) -> Sequence[AddrInfo]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.release.wait(10)
        if host.startswith("error"):
            raise socket.gaierror(int(host.removeprefix("error").split(".")[0]), "for example")
        if self.dead:
            raise socket.gaierror(socket.EAI_AGAIN, "for example")
        return [(family, kind, proto, name, (ip, port)) for family, kind, proto, name, (ip, _) in FOUND]


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.release.set()


async def ask(resolver: Resolver, host: str, seconds: float = 5.0) -> str:
    """The first address, or the class of the failure."""
    try:
        return (await resolver.resolve(host, 80, asyncio.get_running_loop().time() + seconds))[0].ip
    except WireError as error:
        return error.failure


@asynccontextmanager
async def hanging(resolver: Resolver, names: NameServer) -> AsyncIterator[None]:
    """While one thread hangs in a look-up of slow.example."""
    asking = asyncio.create_task(ask(resolver, "slow.example"))
    await eventually(lambda: names.asked)
    yield
    names.release.set()
    await asking


async def test_the_system_resolver_is_asked() -> None:
    resolver = Resolver()
    assert await ask(resolver, "127.1") == "127.0.0.1"  # a form that only the C library understands
    resolver.close()


async def test_callers_of_one_name_share_a_look_up(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    asking = [asyncio.create_task(ask(resolver, "slow.example")) for _ in range(20)]
    await asyncio.sleep(0)
    names.release.set()
    assert set(await asyncio.gather(*asking)) == {"127.0.0.1"}
    assert names.asked == ["slow.example"]
    resolver.close()


async def test_nothing_is_remembered_unless_asked_for(names: NameServer) -> None:
    asking, keeping = Resolver(look_up=names.look_up), Resolver(look_up=names.look_up, keep=60)
    for resolver in (asking, asking, keeping, keeping):
        await ask(resolver, "fast.example")
        resolver.close()
    assert len(names.asked) == 3


async def test_a_look_up_that_hangs_while_another_name_is_resolved_is_a_dns_timeout_at_the_deadline(
    names: NameServer,
) -> None:
    resolver = Resolver(look_up=names.look_up)
    async with hanging(resolver, names):
        asking = asyncio.create_task(ask(resolver, "slow.example", seconds=0.2))
        await asyncio.sleep(0)
        await ask(resolver, "fast.example")
        assert await asking == FailureClass.DNS_TIMEOUT
    resolver.close()


async def test_a_look_up_that_hangs_alone_accuses_no_name(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    async with hanging(resolver, names):
        assert await ask(resolver, "slow.example", seconds=0.05) == FailureClass.RESOLVER_DOWN
    resolver.close()


async def test_a_look_up_that_hangs_for_long_calls_another_name_to_witness(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    await ask(resolver, "fast.example")
    async with hanging(resolver, names):
        assert await ask(resolver, "slow.example", seconds=SLOW + 0.3) == FailureClass.DNS_TIMEOUT
    assert names.asked.count("slow.example") == 1
    assert names.asked.count("fast.example") > 1  # as a witness
    resolver.close()


async def test_a_resolver_that_fails_every_name_accuses_none_of_them(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    for number in range(20):
        await ask(resolver, f"n{number}.example{number}.org")
    names.dead = True
    asked = [ask(resolver, f"n{number}.example{number}.org") for number in range(20)]
    assert set(await asyncio.gather(*asked)) == {FailureClass.RESOLVER_DOWN}
    failing = [resolver.record.failing_since is not None]
    names.dead = False
    assert await ask(resolver, "n1.example1.org") == "127.0.0.1"
    assert [*failing, resolver.record.failing_since is not None] == [True, False]
    resolver.close()


async def test_one_broken_zone_is_told_of_while_others_answer(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    await ask(resolver, "db.example.net")
    broken = [ask(resolver, f"error{socket.EAI_AGAIN}.a{number}.example.org") for number in range(10)]
    assert set(await asyncio.gather(*broken)) == {FailureClass.DNS_FAILED}
    assert resolver.record.failing_since is None
    resolver.close()


async def test_a_name_that_does_not_exist_is_told_of_at_once(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    assert await ask(resolver, f"error{socket.EAI_NONAME}") == FailureClass.DNS_NOT_FOUND
    assert len(names.asked) == 1
    resolver.close()


async def test_a_hanging_look_up_does_not_hold_up_another_name(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up, threads=2)
    async with hanging(resolver, names):
        assert await ask(resolver, "fast.example") == "127.0.0.1"
    resolver.close()


async def test_a_look_up_that_gets_no_thread_accuses_no_name(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up, threads=1)
    async with hanging(resolver, names):
        assert await ask(resolver, "fast.example", seconds=0.05) == FailureClass.OVERLOADED
    resolver.close()


async def test_when_every_thread_hangs_a_new_look_up_fails_at_once(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up, threads=2, patience=0.05)
    async with asyncio.timeout(10):
        while len(names.asked) < 2:  # a busy machine may give a thread its turn after the caller's patience
            await asyncio.gather(ask(resolver, "slow1.example"), ask(resolver, "slow2.example"))
    await asyncio.sleep(0.1)  # both have hung for longer than patience now
    with pytest.raises(WireError, match="all 2 look-up threads hang"):
        resolver.resolve("fast.example", 80, asyncio.get_running_loop().time() + 5).send(None)
    resolver.close()


async def test_a_full_backlog_refuses(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up, threads=1, backlog=2)
    asking = [asyncio.create_task(ask(resolver, f"slow{n}.example")) for n in range(4)]
    assert await asking[3] == FailureClass.OVERLOADED
    names.release.set()
    assert await asyncio.gather(*asking[:3]) == ["127.0.0.1"] * 3
    resolver.close()


async def test_cancelled_look_ups_are_never_made_and_take_no_room(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up, threads=1, backlog=50)
    first = asyncio.create_task(ask(resolver, "slow.example"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(ask(resolver, f"fast{n}.example")) for n in range(40)]
    await asyncio.sleep(0)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    names.release.set()
    await first
    assert await ask(resolver, "last.example") == "127.0.0.1"
    assert names.asked == ["slow.example", "last.example"]
    resolver.close()


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (socket.EAI_NONAME, FailureClass.DNS_NOT_FOUND),
        (socket.EAI_NODATA, FailureClass.DNS_NOT_FOUND),
        (socket.EAI_AGAIN, FailureClass.DNS_FAILED),
        (socket.EAI_FAIL, FailureClass.DNS_FAILED),
        (socket.EAI_SYSTEM, FailureClass.OVERLOADED),
        (socket.EAI_MEMORY, FailureClass.OVERLOADED),
    ],
)
async def test_what_the_resolver_says_has_its_class(names: NameServer, code: int, failure: FailureClass) -> None:
    resolver = Resolver(look_up=names.look_up)
    await ask(resolver, "fast.example")
    assert await ask(resolver, f"error{code}") == failure
    resolver.close()


async def test_a_name_under_invalid_is_never_looked_up(names: NameServer) -> None:
    resolver = Resolver(look_up=names.look_up)
    assert await ask(resolver, "a.invalid") == FailureClass.DNS_NOT_FOUND
    assert names.asked == []
    resolver.close()
