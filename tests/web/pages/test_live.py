"""Pages hear of changes at once, and whoever listens costs little."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sentinel.web.live import BEATS, Live
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

WITHIN = 10.0  # seconds


async def event(lines: AsyncIterator[str]) -> str:
    """The next thing that is said."""
    async with asyncio.timeout(WITHIN):
        async for line in lines:
            if line.startswith((":", "data:")):
                return line
    raise AssertionError("the stream ended")


async def test_a_change_is_heard_at_once(monitor: StillMonitor, dashboard: Dashboard) -> None:
    async with dashboard.viewer.stream("/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await event(lines) == "data: 1"
        await monitor.faces.turn()
        assert await event(lines) == "data: 2"


async def test_a_stop_ends_the_streams(dashboard: Dashboard) -> None:
    async with dashboard.viewer.stream("/events") as answer:
        lines = answer.aiter_lines()
        assert await event(lines) == "data: 1"
        async with asyncio.timeout(WITHIN):
            stop = asyncio.create_task(dashboard.server.stop())
            assert not [line async for line in lines if line.startswith("data:")]
            await stop


async def test_a_page_of_another_site_may_not_listen(dashboard: Dashboard) -> None:
    assert (await dashboard.viewer.get("/events", **{"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await dashboard.viewer.get("/events", origin="https://evil.example.org")).status_code == 403


async def test_nobody_listens_without_signing_in(dashboard: Dashboard) -> None:
    answer = await dashboard.nobody.get("/events", accept="text/event-stream")
    assert answer.status_code == 401


async def test_whoever_goes_is_forgotten(monitor: StillMonitor) -> None:
    live = Live(monitor)
    stream = live.stream()
    assert b"data: 1" in await anext(stream)
    assert live.listening == 1
    await stream.aclose()
    assert live.listening == 0


async def test_a_stream_says_now_and_then_that_it_is_there_and_ends(monitor: StillMonitor) -> None:
    live = Live(monitor, beat=0.01, longest=0.1)
    async with asyncio.timeout(WITHIN):
        pieces = [piece async for piece in live.stream()]
    assert pieces[1] == BEATS


@pytest.mark.parametrize("most", [0, 1])
async def test_more_than_so_many_are_asked_to_come_back(monitor: StillMonitor, most: int) -> None:
    live = Live(monitor, most=most)
    streams = [live.stream() for _ in range(most)]
    for stream in streams:
        await anext(stream)
    assert live.is_full
    for stream in streams:
        await stream.aclose()
    assert live.is_full is (most == 0)


async def test_a_stream_that_waits_ends_when_it_is_closed(monitor: StillMonitor) -> None:
    live = Live(monitor, beat=60.0)
    stream = live.stream()
    await anext(stream)
    waiting = asyncio.create_task(anext(stream, b"the end"))
    live.close()
    async with asyncio.timeout(WITHIN):
        assert await waiting in (BEATS, b"the end")
    await stream.aclose()
    await eventually(lambda: live.listening == 0)
