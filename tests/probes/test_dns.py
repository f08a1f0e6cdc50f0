"""The `dns` probe against real name servers on the loopback address."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.rcode
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.name_server import NameServer
from tests.kit.ports import LOOPBACK, refusing_port
from tests.kit.raw_server import Connection, RawServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAME = "www.example.org"


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with NameServer() as ready:
        ready.records = {
            "A": ["192.0.2.1", "192.0.2.2"],
            "TXT": ['"v=spf1 -all Mary Canary"'],
            "MX": ["10 Mx.Example.org."],
        }
        yield ready


async def test_an_answer_has_its_time_number_and_ttl(bench: Bench, server: NameServer) -> None:
    found = await bench.measure("dns", name=NAME, servers=[server.place])
    assert found.outcome is Outcome.PASS
    assert readings(found).keys() == {"response_time", "answers", "servers", "ttl"}
    assert (readings(found)["answers"], readings(found)["ttl"]) == (2, 300)


async def test_an_alias_is_followed_and_its_ttl_counts(bench: Bench, server: NameServer) -> None:
    server.alias = "web.example.org."
    found = await bench.measure("dns", name=NAME, servers=[server.place], expect={"contains": "192.0.2.2"})
    assert found.outcome is Outcome.PASS
    assert readings(found)["ttl"] == 30


@pytest.mark.parametrize(
    ("record", "expect"),
    [
        ("A", {"equals": ["192.0.2.2", "192.0.2.1"]}),
        ("A", {"at_least": 2}),
        ("MX", {"equals": "10 mx.example.org."}),
        ("TXT", {"matches": "^v=spf1 "}),
        ("AAAA", {"absent": True}),
    ],
)
async def test_expectations_that_hold(bench: Bench, server: NameServer, record: str, expect: dict[str, Any]) -> None:
    found = await bench.measure("dns", name=NAME, type=record, servers=[server.place], expect=expect)
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("record", "expect", "said"),
    [
        ("A", {"equals": "192.0.2.9"}, "expected 192.0.2.9, found 192.0.2.1, 192.0.2.2"),
        ("A", {"contains": ["192.0.2.9"]}, "expected 192.0.2.9 among them, found 192.0.2.1, 192.0.2.2"),
        ("A", {"at_least": 3}, "expected at least 3, found 192.0.2.1, 192.0.2.2"),
        ("TXT", {"matches": "dkim"}, "expected a match of 'dkim', found 1 other value"),
        ("A", {"absent": True}, "there is a record of type A, and there must be none"),
    ],
)
async def test_expectations_that_do_not_hold(
    bench: Bench, server: NameServer, record: str, expect: dict[str, Any], said: str
) -> None:
    found = await bench.measure("dns", name=NAME, type=record, servers=[server.place], expect=expect)
    assert found.failure is FailureClass.WRONG_ANSWER
    assert found.explanation == f"{server.place}: {said}"
    assert "Canary" not in words(found)


async def test_values_are_shown_when_that_is_asked_for(bench: Bench, server: NameServer) -> None:
    found = await bench.measure(
        "dns", name=NAME, type="MX", servers=[server.place], expect={"equals": "10 a.example.org"}, reveal=True
    )
    assert found.explanation.endswith("expected 10 a.example.org, found 10 mx.example.org")


@pytest.mark.parametrize(
    ("code", "failure", "said"),
    [
        (dns.rcode.NXDOMAIN, FailureClass.DNS_NOT_FOUND, "the name does not exist"),
        (dns.rcode.NOERROR, FailureClass.DNS_NOT_FOUND, "the name has no record of type A"),
        (dns.rcode.SERVFAIL, FailureClass.DNS_FAILED, "answers SERVFAIL"),
        (dns.rcode.REFUSED, FailureClass.DNS_FAILED, "answers REFUSED"),
    ],
)
async def test_codes_are_told_apart(
    bench: Bench, server: NameServer, code: dns.rcode.Rcode, failure: FailureClass, said: str
) -> None:
    server.records, server.code = {}, code
    found = await bench.measure("dns", name=NAME, servers=[server.place])
    assert (found.failure, found.explanation) == (failure, f"{server.place}: {said}")
    assert found.hint


async def test_a_lost_question_is_asked_again(bench: Bench, server: NameServer) -> None:
    server.silent = 1
    found = await bench.measure("dns", name=NAME, servers=[server.place])
    assert (found.outcome, len(server.questions)) == (Outcome.PASS, 2)


async def test_a_silent_server_is_a_timeout(bench: Bench, server: NameServer) -> None:
    server.silent = 10
    found = await bench.measure("dns", name=NAME, servers=[server.place], within=0.3)
    assert (found.failure, found.explanation) == (FailureClass.DNS_TIMEOUT, f"{server.place}: no answer in time")


async def test_a_port_without_a_server_is_refused(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("dns", name=NAME, servers=[f"{LOOPBACK}:{port}"])
    assert found.failure is FailureClass.REFUSED


async def test_an_answer_that_does_not_fit_comes_over_tcp(bench: Bench, server: NameServer) -> None:
    server.truncating = True
    found = await bench.measure("dns", name=NAME, servers=[server.place])
    assert (found.outcome, len(server.questions)) == (Outcome.PASS, 2)


async def test_tcp_can_be_asked_for(bench: Bench, server: NameServer) -> None:
    server.garbage = [b"only over UDP"]
    found = await bench.measure("dns", name=NAME, servers=[server.place], over="tcp")
    assert found.outcome is Outcome.PASS


async def test_garbage_is_bounded_and_a_protocol_error(bench: Bench, server: NameServer) -> None:
    server.garbage = [b"Mary Canary" * 50] * 100
    probe = bench.build("dns", name=NAME, servers=[server.place])
    with peak_growth() as growth:
        found = await run(probe, within=5.0)
    assert found.failure is FailureClass.PROTOCOL_ERROR
    assert "Canary" not in words(found)
    assert growth.bytes < 2 << 20


async def test_an_answer_over_tcp_is_bounded(bench: Bench) -> None:
    async with RawServer(_huge) as server:
        found = await bench.measure("dns", name=NAME, servers=[f"{LOOPBACK}:{server.port}"], over="tcp")
    assert found.failure is FailureClass.BODY_TOO_LARGE


async def test_servers_that_agree_pass_and_others_are_told(bench: Bench, server: NameServer) -> None:
    async with NameServer() as other:
        other.records = {"A": ["192.0.2.1"]}
        both = [server.place, other.place]
        found = await bench.measure("dns", name=NAME, servers=both)
        loose = await bench.measure("dns", name=NAME, servers=both, agree=False)
        other.records = server.records
        agreed = await bench.measure("dns", name=NAME, servers=both)
    assert (found.failure, found.explanation) == (FailureClass.INTEGRITY, "2 servers give 2 different answers")
    assert (loose.outcome, agreed.outcome) == (Outcome.PASS, Outcome.PASS)
    assert readings(agreed)["servers"] == 2


async def test_serial_numbers_of_a_zone_are_compared(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        places = []
        for serial in (2026010101, 2026010102):
            server = await stack.enter_async_context(NameServer())
            server.flags = dns.flags.AA
            server.records = {"SOA": [f"ns.example.org. root.example.org. {serial} 1 1 1 1"]}
            places.append(server.place)
        found = await bench.measure("dns", name="example.org", type="SOA", servers=places, authoritative=True)
    assert found.failure is FailureClass.INTEGRITY
    assert found.explanation == "2 servers give 2 different serial numbers, from 2026010101 to 2026010102"


async def test_one_server_of_two_that_is_silent_is_told(bench: Bench, server: NameServer) -> None:
    async with NameServer() as other:
        other.silent = 10
        found = await bench.measure("dns", name=NAME, servers=[server.place, other.place], within=0.4)
    assert found.explanation == f"{other.place}: no answer in time"
    assert readings(found)["servers"] == 1


@pytest.mark.parametrize("flags", [dns.flags.AA, dns.flags.Flag(0)])
async def test_answers_from_own_data_are_told_from_others(
    bench: Bench, server: NameServer, flags: dns.flags.Flag
) -> None:
    server.flags = flags
    found = await bench.measure("dns", name=NAME, servers=[server.place], authoritative=True)
    assert found.failure is (None if flags else FailureClass.WRONG_ANSWER)
    assert not server.questions[0].flags & dns.flags.RD


@pytest.mark.parametrize("flags", [dns.flags.AD, dns.flags.Flag(0)])
async def test_an_answer_that_is_not_validated_is_insecure(
    bench: Bench, server: NameServer, flags: dns.flags.Flag
) -> None:
    server.flags = flags
    found = await bench.measure("dns", name=NAME, servers=[server.place], dnssec=True)
    assert found.failure is (None if flags else FailureClass.INSECURE)


async def test_a_cancelled_run_leaves_nothing_behind(bench: Bench, server: NameServer) -> None:
    server.silent = 10
    probe = bench.build("dns", name=NAME, servers=[server.place, server.place])
    before = (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()))
    running = asyncio.create_task(run(probe))
    await eventually(lambda: len(server.questions) == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())) == before


async def test_a_server_by_a_name_that_does_not_exist_is_told(bench: Bench) -> None:
    found = await bench.measure("dns", name=NAME, servers=["nowhere.invalid"])
    assert found.failure is FailureClass.DNS_NOT_FOUND


@pytest.mark.parametrize("text", [None, "", "search example.org\n# nameserver 192.0.2.1\n"])
async def test_a_host_without_name_servers_is_unknown(bench: Bench, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "resolv.conf"
    if text is not None:
        file.write_text(text)
    found = await bench.measure("dns", name=NAME, resolv_conf=str(file))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert found.explanation == f"{file} names no name server"


async def test_servers_of_the_host_are_asked_one_after_the_other(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.97\nnameserver 127.0.0.98\n")  # nothing listens on their port 53
    found = await bench.measure("dns", name=NAME, resolv_conf=str(file))
    assert (found.failure, found.explanation) == (FailureClass.REFUSED, "127.0.0.98: connection refused")


async def test_a_file_that_no_thread_is_free_for_does_not_hold_the_deadline() -> None:
    ended = threading.Event()
    async with Bench(threads=1) as bench:
        bench.tools.threads.submit(ended.wait, 10)
        found = await bench.measure("dns", name=NAME, within=0.2)
        ended.set()
    assert (found.failure, found.outcome) == (FailureClass.OVERLOADED, Outcome.UNKNOWN)


async def test_an_address_is_asked_for_in_reverse(bench: Bench, server: NameServer) -> None:
    server.records = {"PTR": ["Host.Example.org."]}
    found = await bench.measure(
        "dns", name="192.0.2.7", type="PTR", servers=[server.place], expect={"equals": "host.example.org"}
    )
    assert found.outcome is Outcome.PASS
    assert server.questions[0].question[0].name.to_text() == "7.2.0.192.in-addr.arpa."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"servers": ["192.0.2.1:0"]}, "a name server's name or address"),
        ({"servers": ["https://x"]}, "a name server's name or address"),
        ({"name": "a..b"}, "a name such as"),
        ({"expect": {"absent": True, "at_least": 2}}, "nothing beside absent"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], said: str) -> None:
    assert said in problem("dns", **{"name": NAME, **options})


@pytest.mark.parametrize("place", ["192.0.2.1", "192.0.2.1:5353", "::1", "[::1]", "[::1]:5353", "ns1.example.org:53"])
def test_servers_are_written_as_people_write_them(place: str) -> None:
    CATALOGUE["dns"].options.model_validate({"name": NAME, "servers": [place]})


async def _huge(connection: Connection) -> None:
    await connection.take(2)
    await connection.send(b"\xff\xff" + b"x" * 65_535)
