"""A run that is cancelled, wherever it is, leaves nothing behind (a leak makes a monitor report every target down)."""

import asyncio
import os
import random

from sentinel.probes.wire import prepare
from tests.kit.eventually import eventually
from tests.kit.raw_server import Blackhole, Connection, RawServer, answering
from tests.probes.wire.asker import Asker

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
TURNS = 12  # of the loop; an exchange on loopback takes fewer


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def cancel_many(asker: Asker, url: str, times: int) -> None:
    """Cancels exchanges after a few turns of the loop each, so that every await is hit many times."""
    request = prepare("GET", url, contexts=asker.contexts)
    chance = random.Random(7)
    for _ in range(times):
        asking = asyncio.create_task(asker.send(request))
        for _ in range(chance.randrange(TURNS)):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_a_thousand_cancelled_exchanges_leave_no_descriptor_and_no_task(asker: Asker) -> None:
    with Blackhole() as hole:
        before, tasks = open_descriptors(), len(asyncio.all_tasks())
        for host in ("127.0.0.1", "localhost", "127.1"):
            await cancel_many(asker, f"http://{host}:{hole.port}/", 333)
        assert (open_descriptors(), len(asyncio.all_tasks())) == (before, tasks)
    async with RawServer(answering(HELLO)) as server:
        assert (await asker.get(server.url())).status == 200


async def test_exchanges_cancelled_within_the_answer_leave_no_descriptor(asker: Asker) -> None:
    half = asyncio.Semaphore(0)

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(HELLO[:-3])
        half.release()
        await connection.hung_up()
        half.release()

    async with RawServer(script) as server:
        before = open_descriptors()
        for _ in range(50):
            asking = asyncio.create_task(asker.get(server.url()))
            await half.acquire()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await half.acquire()  # the server saw us hang up
        await eventually(lambda: open_descriptors() == before)  # the server's side too
