"""Several addresses of one name: the first that answers wins, and what fails first does not hide it."""

import asyncio
import errno
import socket
from contextlib import closing

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.wire.address import Address, interleaved, literal_addresses
from sentinel.probes.wire.dial import ATTEMPT_DELAY, _self_connected, dial
from sentinel.probes.wire.failure import WireError, most_telling, os_failure
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Blackhole, RawServer, answering


def at(host: str, port: int) -> Address:
    return Address(socket.AF_INET, (host, port))


async def test_the_second_address_is_tried_at_once_when_the_first_refuses() -> None:
    async with RawServer(answering(b""), host="127.0.0.2") as server:
        started = asyncio.get_running_loop().time()
        sock, peer = await dial((at("127.0.0.3", server.port), at("127.0.0.2", server.port)))
        sock.close()
    assert peer.ip == "127.0.0.2"
    assert asyncio.get_running_loop().time() - started < ATTEMPT_DELAY


async def test_the_second_address_is_tried_beside_a_first_that_stays_silent() -> None:
    async with RawServer(answering(b""), host="127.0.0.2") as server:
        with Blackhole("127.0.0.1", server.port):
            started = asyncio.get_running_loop().time()
            sock, peer = await dial((at("127.0.0.1", server.port), at("127.0.0.2", server.port)))
            sock.close()
    assert peer.ip == "127.0.0.2"
    assert ATTEMPT_DELAY - 0.01 < asyncio.get_running_loop().time() - started < ATTEMPT_DELAY + 1


def test_what_an_address_said_of_the_target_is_told_before_our_own_lack_of_a_route() -> None:
    failures = [os_failure(errno.ENETUNREACH), os_failure(errno.ECONNREFUSED)]
    assert most_telling(failures).failure is FailureClass.REFUSED
    assert most_telling(failures[:1]).failure is FailureClass.NETWORK_DOWN


async def test_when_every_address_refuses_the_target_refuses() -> None:
    with refusing_port() as port, pytest.raises(WireError) as caught:
        await dial((at("127.0.0.2", port), at("127.0.0.1", port)))
    assert caught.value.failure is FailureClass.REFUSED
    assert caught.value.explanation == f"connection refused by 127.0.0.2 port {port}"


def test_a_lack_of_our_own_names_no_place() -> None:
    assert os_failure(errno.EMFILE).at("example.org port 443").explanation == "Sentinel is out of file descriptors"


async def test_localhost_needs_no_look_up_and_falls_back_to_ipv6() -> None:
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as listener:
        sock, peer = await dial(literal_addresses("localhost", listener.getsockname()[1]))
        sock.close()
    assert peer.ip == "::1"


def test_a_socket_that_met_itself_is_refused() -> None:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())  # what the kernel does now and then when nobody listens
        assert _self_connected(sock, Address(socket.AF_INET, sock.getsockname())) == errno.ECONNREFUSED


def test_the_families_take_turns() -> None:
    six = [(socket.AF_INET6, 1, 6, "", (f"2001:db8::{n}", 80, 0, 0)) for n in (1, 2)]
    four = [(socket.AF_INET, 1, 6, "", ("192.0.2.1", 80))]
    assert [address.ip for address in interleaved([*six, *four])] == ["2001:db8::1", "192.0.2.1", "2001:db8::2"]
