"""Blocking work on threads: the deadline holds, whatever the file system does, and a hang costs one thread."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.local.worker import Halt, Worker
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def soon(seconds: float = 0.2) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_work_is_done_and_its_errors_are_told(threads: ThreadPoolExecutor) -> None:
    worker = Worker(threads)
    assert await worker.do(lambda _: 7, soon()) == 7
    with pytest.raises(FileNotFoundError):
        await worker.do(lambda _: os.stat("/nowhere"), soon())


async def test_a_hang_holds_neither_the_deadline_nor_a_second_thread(threads: ThreadPoolExecutor) -> None:
    worker, go = Worker(threads), threading.Event()
    for _ in range(3):
        with pytest.raises(Finding) as caught:
            await worker.do(lambda _: go.wait(10), soon())
        assert caught.value.failure is FailureClass.READ_TIMEOUT
    assert await Worker(threads).do(lambda _: "another check", soon()) == "another check"
    go.set()
    await eventually(lambda: not worker.is_hanging)
    assert await worker.do(lambda _: "again", soon()) == "again"


async def test_work_is_told_to_end_before_the_deadline_and_when_its_run_is_cancelled(
    threads: ThreadPoolExecutor,
) -> None:
    worker = Worker(threads)
    assert await worker.do(until_told, soon()) == "told"
    running = asyncio.create_task(worker.do(until_told, soon(30)))
    await eventually(lambda: worker.is_hanging)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(lambda: not worker.is_hanging)


def until_told(halt: Halt) -> str:
    while not halt.is_due:
        threading.Event().wait(0.001)
    return "told"
