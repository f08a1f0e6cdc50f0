"""The `tcp` probe against real sockets."""

from __future__ import annotations

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings
from tests.kit.ports import LOOPBACK, refusing_port
from tests.kit.raw_server import Blackhole, Connection, RawServer


async def greeting(connection: Connection) -> None:
    await connection.send(b"220 mail.example.org ready\r\n")
    await connection.hung_up()


async def echoing(connection: Connection) -> None:
    await connection.send(b"+" + await connection.take(6))
    await connection.hung_up()


async def test_a_port_that_accepts_passes_with_its_times(bench: Bench) -> None:
    async with RawServer(Connection.hung_up) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port)
    assert found.outcome is Outcome.PASS
    assert list(readings(found)) == ["resolve", "connect", "response_time"]


async def test_a_banner_is_looked_at(bench: Bench) -> None:
    async with RawServer(greeting) as server:
        found = await bench.measure("tcp", host="localhost", port=server.port, expect=r"^220 .*ready")
    assert found.outcome is Outcome.PASS
    assert {"first_byte", "transfer"} <= readings(found).keys()


async def test_what_is_sent_is_answered(bench: Bench) -> None:
    async with RawServer(echoing) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port, send="PING\r\n", expect=r"^\+PING")
    assert found.outcome is Outcome.PASS


async def test_another_banner_is_a_wrong_answer(bench: Bench) -> None:
    async with RawServer(greeting) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port, expect="SSH-2", read_limit=20)
    assert found.failure is FailureClass.WRONG_ANSWER
    assert found.explanation == "the first 20 bytes of the answer have no match of 'SSH-2'"


async def test_a_service_that_hangs_up_without_a_word_is_incomplete(bench: Bench) -> None:
    async with RawServer(_hang_up) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port, expect="x")
    assert found.failure is FailureClass.INCOMPLETE


async def test_a_reset_is_told(bench: Bench) -> None:
    async with RawServer(_reset) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port, expect="x")
    assert found.failure is FailureClass.RESET


async def test_a_banner_that_stays_out_is_a_read_timeout(bench: Bench) -> None:
    async with RawServer(Connection.hung_up) as server:
        found = await bench.measure("tcp", host=LOOPBACK, port=server.port, expect="x", within=0.3)
    assert found.failure is FailureClass.READ_TIMEOUT
    assert found.explanation == f"port {server.port} accepted the connection and said nothing in time"
    assert "`send`" in found.hint


async def test_who_refuses_or_stays_silent_is_named(bench: Bench) -> None:
    with refusing_port() as port:
        refused = await bench.measure("tcp", host="localhost", port=port)
    with Blackhole() as hole:
        silent = await bench.measure("tcp", host=LOOPBACK, port=hole.port, within=0.3)
    assert refused.explanation == f"connection refused by localhost port {port}"
    assert silent.explanation == f"the connection was not accepted in time ({LOOPBACK} port {hole.port})"


async def test_a_refused_connection_is_good_where_it_is_expected(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("tcp", host=LOOPBACK, port=port, refused=True)
    assert found.outcome is Outcome.PASS
    assert "response_time" in readings(found)


async def test_an_accepted_connection_fails_where_none_may_be(bench: Bench) -> None:
    async with RawServer(Connection.hung_up) as server:
        found = await bench.measure("tcp", host="localhost", port=server.port, refused=True)
    assert found.failure is FailureClass.OPEN_PORT
    assert str(server.port) in found.explanation


@pytest.mark.parametrize(("or_silent", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
async def test_silence_is_good_only_when_that_is_said(bench: Bench, or_silent: bool, outcome: Outcome) -> None:
    with Blackhole() as hole:
        found = await bench.measure("tcp", host=LOOPBACK, port=hole.port, refused=True, or_silent=or_silent, within=0.3)
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"refused": True, "expect": "x"}, "either refused"),
        ({"or_silent": True}, "refused beside"),
        ({"send": "x"}, "expect beside send"),
        ({"host": "http://x"}, "without a scheme"),
        ({"expect": "(?=x)"}, "RE2"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object], said: str) -> None:
    assert said in problem("tcp", **{"host": "x", "port": 1, **options})


def test_a_closed_port_has_no_usual_rule() -> None:
    kind = CATALOGUE["tcp"]
    assert kind.usual_rules(kind.options.model_validate({"host": "x", "port": 1}))
    assert not kind.usual_rules(kind.options.model_validate({"host": "x", "port": 1, "refused": True}))


async def _hang_up(connection: Connection) -> None:
    connection.close()


async def _reset(connection: Connection) -> None:
    connection.reset()
