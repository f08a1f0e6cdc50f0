from __future__ import annotations

import os
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sentinel.base.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """A service manager that listens; receiving never waits longer than five seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(address)
        yield listening


@pytest.fixture
def path() -> Iterator[str]:
    """An address short enough for a socket (108 bytes, unix(7))."""
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "notify")


def test_words_arrive_in_one_datagram(path: str) -> None:
    with manager(path) as listening:
        Notifier({"NOTIFY_SOCKET": path}).tell(READY=1, STATUS="42 checks")
        assert listening.recv(1000) == b"READY=1\nSTATUS=42 checks"


def test_an_abstract_address_begins_with_an_at() -> None:
    name = f"sentinel-test-{os.getpid()}"
    with manager(f"\0{name}") as listening:
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).tell(WATCHDOG=1)
        assert listening.recv(1000) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens() -> None:
    Notifier({}).tell(READY=1)


def test_a_manager_that_is_gone_is_no_reason_to_fail(path: str) -> None:
    Notifier({"NOTIFY_SOCKET": path}).tell(READY=1)
    Notifier({"NOTIFY_SOCKET": path * 20}).tell(READY=1)


def test_a_manager_that_does_not_read_does_not_block(path: str) -> None:
    with manager(path) as listening:
        notifier = Notifier({"NOTIFY_SOCKET": path})
        for number in range(2000):  # a queue of datagrams holds a few hundred at most
            notifier.tell(STATUS=number)
        assert listening.recv(1000) == b"STATUS=0"


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_systemd_asks(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environment).watchdog_every == seconds
