"""Signs of life: they stop when, and only when, work stops."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.base.systemd import Notifier
from sentinel.engine.progress import Pulse
from sentinel.engine.watchdog import Watchdog
from tests.kit.clock import FakeClock


class Manager:
    """What systemd listens with: a datagram socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "10000000"}

    def heard(self) -> list[str]:
        words = []
        while True:
            try:
                words.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return words

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


async def test_signs_of_life_come_while_the_loops_get_somewhere(manager: Manager) -> None:
    clock = FakeClock()
    pulse = Pulse("pipeline", clock, patience=30)
    task = asyncio.create_task(Watchdog(clock, Notifier(manager.environment), [pulse]).run())
    for _ in range(4):
        await clock.advance(seconds=10)
        pulse.beat()
    task.cancel()
    assert manager.heard().count("WATCHDOG=1") >= 7


async def test_they_stop_when_one_loop_is_stuck_and_come_back_with_it(manager: Manager) -> None:
    clock = FakeClock()
    stuck, fine = Pulse("dispatcher", clock, patience=5), Pulse("pipeline", clock, patience=1000)
    watchdog = Watchdog(clock, Notifier(manager.environment), [stuck, fine])
    task = asyncio.create_task(watchdog.run())
    await clock.advance(seconds=6)
    manager.heard()
    await clock.advance(seconds=60)
    assert (manager.heard(), watchdog.stuck) == ([], ("dispatcher",))
    stuck.beat()
    await clock.advance(seconds=4)
    assert manager.heard() == ["WATCHDOG=1"]
    task.cancel()


async def test_without_a_service_manager_nothing_is_sent(manager: Manager) -> None:
    clock = FakeClock()
    task = asyncio.create_task(Watchdog(clock, Notifier({}), []).run())
    await clock.advance(seconds=60)
    task.cancel()
    assert manager.heard() == []
