"""What every kind of probe promises: deadlines, bounds, silence about secrets, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, run, words
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer
from tests.probes.kinds import CANARIES, EVERY, OVER_TCP, subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.core.result import Measurement

MEMORY = 6 << 20  # bytes that one run may take at its peak, whatever the target sends


every_kind = pytest.mark.parametrize("kind", EVERY)
every_kind_over_tcp = pytest.mark.parametrize("kind", OVER_TCP)


async def silent(connection: Connection) -> None:
    await connection.hung_up()


async def flooding(connection: Connection) -> None:
    """An answer without end, with a person in it."""
    await connection.take(8)
    await connection.send(b"HTTP/1.1 200 OK\r\nX-Secret: header-canary\r\n\r\n")
    while True:
        await connection.send(b'{"name": "Mary Canary"}' * 1000)


async def telling(connection: Connection) -> None:
    """A short answer with a token, a person and secrets in it."""
    await connection.take(8)
    body = b'{"access_token": "token-canary", "name": "Mary Canary", "at": "Mary Canary"}'
    head = b"HTTP/1.1 200 Mary Canary\r\nX-Secret: header-canary\r\nContent-Length: %d\r\n\r\n" % len(body)
    await connection.send(head + body)
    await connection.hung_up()


async def garbage(connection: Connection) -> None:
    await connection.take(8)
    await connection.send(b"\x15Mary Canary\x00\xff\xfe" * 20)


def options_for(kind: str, server: RawServer) -> dict[str, Any]:
    return subject(kind).options(f"127.0.0.1:{server.port}")


def leaks(found: Measurement) -> list[str]:
    return [canary for canary in CANARIES if canary in words(found)]


@every_kind_over_tcp
async def test_a_target_that_hangs_does_not_hold_the_deadline(bench: Bench, kind: str) -> None:
    async with RawServer(silent) as server:
        found = await bench.measure(kind, **options_for(kind, server), within=0.5)
    assert found.outcome is Outcome.FAIL
    assert found.failure in {FailureClass.READ_TIMEOUT, FailureClass.CONNECT_TIMEOUT}
    assert found.hint


@every_kind_over_tcp
async def test_a_cancelled_run_leaves_nothing_behind(bench: Bench, kind: str) -> None:
    async with RawServer(silent) as server:
        probe = bench.build(kind, **options_for(kind, server))
        before = (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count())
        for _ in range(5):
            known = server.accepted
            running = asyncio.create_task(run(probe))
            await eventually(lambda known=known: server.accepted > known)  # type: ignore[misc]  # bound per round
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await eventually(
            lambda: (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), threading.active_count()) == before
        )


@every_kind_over_tcp
async def test_a_target_that_never_stops_sending_is_bounded(bench: Bench, kind: str) -> None:
    async with RawServer(flooding) as server:
        probe = bench.build(kind, **options_for(kind, server))
        with peak_growth() as growth:
            found = await run(probe, within=2.0)
    assert growth.bytes < MEMORY
    assert found.outcome is Outcome.FAIL
    assert leaks(found) == []


@every_kind_over_tcp
@pytest.mark.parametrize("script", [telling, garbage])
async def test_nothing_secret_is_said(bench: Bench, kind: str, script: Callable[[Connection], Any]) -> None:
    async with RawServer(script) as server:
        found = await bench.measure(kind, **options_for(kind, server), within=1.5)
    assert found.outcome is not Outcome.PASS
    assert leaks(found) == []


@every_kind_over_tcp
async def test_garbage_is_a_protocol_error(bench: Bench, kind: str) -> None:
    async with RawServer(garbage) as server:
        found = await bench.measure(kind, **options_for(kind, server))
    assert found.failure in subject(kind).garbage


@every_kind_over_tcp
async def test_a_closed_port_is_refused(bench: Bench, kind: str) -> None:
    with refusing_port() as port:
        found = await bench.measure(kind, **subject(kind).options(f"127.0.0.1:{port}"))
    assert found.failure is FailureClass.REFUSED
    assert leaks(found) == []


@every_kind_over_tcp
async def test_a_name_that_does_not_exist_is_told(bench: Bench, kind: str) -> None:
    found = await bench.measure(kind, **subject(kind).options("nowhere.invalid:80"))
    assert found.failure is FailureClass.DNS_NOT_FOUND


@every_kind_over_tcp
async def test_the_host_is_known_for_the_limit_per_host(bench: Bench, kind: str) -> None:
    assert bench.build(kind, **subject(kind).options("service.invalid:80")).host == "service.invalid"


@every_kind
def test_options_print_no_secret(kind: str) -> None:
    options = CATALOGUE[kind].options.model_validate(subject(kind).options("x:80"))
    printed = f"{options!r} {options} {options.model_dump_json(by_alias=True)}"
    assert not any(canary in printed for canary in ("pass-canary", "token-canary", "key-canary"))


@every_kind
def test_an_unknown_option_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="methd"):
        CATALOGUE[kind].options.model_validate({**subject(kind).options("x:80"), "methd": 1})


@every_kind
def test_a_kind_is_whole(kind: str) -> None:
    known = CATALOGUE[kind]
    assert known.name == kind
    assert known.main in known.readings
    assert known.lower_is_worse <= known.readings.keys()
    assert known.summary.endswith(".")
    known.options.model_json_schema()
