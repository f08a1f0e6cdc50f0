"""Targets that mean harm: each ends in its class, within its time, and the daemon stays small."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import psutil

from tests.kit.eventually import eventually
from tests.kit.raw_server import Connection, RawServer, answering
from tests.kit.stage import check
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.raw_server import Script
    from tests.kit.stage import Stage

OK = b"HTTP/1.1 200 OK\r\n"
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
BOMB = gzip.compress(bytes(200 << 20), 1)
GROWTH = 60 << 20  # bytes of memory that watching all of these may add

ENDINGS = """
    SELECT DISTINCT checks.name, endings.name FROM results
    JOIN names checks ON checks.id = (results.slot & 1048575) JOIN names endings ON endings.id = results.ending
"""


async def drip(connection: Connection) -> None:
    """A byte now and then, so that no single wait is ever long."""
    await connection.request()
    await connection.send(OK + b"content-length: 100000\r\n\r\n")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(0.1)


async def endless(connection: Connection) -> None:
    await connection.request()
    await connection.send(OK + b"transfer-encoding: chunked\r\n\r\n")
    while True:
        await connection.send(CHUNK)


async def silent(connection: Connection) -> None:
    await connection.hung_up()


SCRIPTS: dict[str, tuple[Script, str]] = {
    "drip": (drip, "read_timeout"),
    "silent": (silent, "read_timeout"),
    "endless": (endless, "body_too_large"),
    "bomb": (
        answering(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB),
        "body_too_large",
    ),
    "garbage": (answering(b"\x00\xff\x15 what\r\n\r\n"), "protocol_error"),
    "short": (answering(OK + b"content-length: 100\r\n\r\nfew"), "incomplete"),
    "elsewhere": (answering(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n"), "wrong_status"),
}


@story
async def test_each_ends_in_its_class_and_memory_stays_bounded(stage: Stage) -> None:
    async with AsyncExitStack() as servers:
        entries = [check("api", stage.target.url)]
        for name, (script, _) in SCRIPTS.items():
            server = await servers.enter_async_context(RawServer(script))
            options = {"url": server.url(), "expect": {"text": "never there"}}
            entries.append(check(name, "", every="1s", options=options))
        stage.checks(*entries)
        await stage.daemon.start()
        before = psutil.Process(stage.daemon.pid).memory_info().rss
        await eventually(lambda: len(endings(stage)) == len(SCRIPTS))
        await stage.target.requests.reach(len(stage.target.requests) + 6)
        assert endings(stage) == {name: {expected} for name, (_, expected) in SCRIPTS.items()}
        assert psutil.Process(stage.daemon.pid).memory_info().rss - before < GROWTH


def endings(stage: Stage) -> dict[str, set[str]]:
    """The classes of failure of every check that failed."""
    found: dict[str, set[str]] = {}
    for name, ending in stage.daemon.ledger.ask(ENDINGS):
        if name in SCRIPTS:
            found.setdefault(name, set()).add(ending.removeprefix("fail:"))
    return found
