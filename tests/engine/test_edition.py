from __future__ import annotations

import asyncio

from sentinel.engine.edition import APART, Edition
from tests.kit.clock import FakeClock


async def test_who_waits_for_the_next_edition_gets_it_at_once() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    before = edition.number
    waiting = asyncio.create_task(edition.changed(before, within=30))
    await clock.settle()
    edition.outdate()
    await clock.settle()
    assert await waiting == before + 1


async def test_without_news_the_wait_ends_with_the_same_edition() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    waiting = asyncio.create_task(edition.changed(edition.number, within=30))
    await clock.advance(seconds=30)
    assert await waiting == edition.number


async def test_a_storm_makes_one_edition_a_second() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    first = edition.number
    for _ in range(50):
        edition.outdate()
        _ = edition.number
        await clock.advance(seconds=APART / 10)
    assert edition.number == first + 6  # at 0, 1 ... and 5 s


async def test_all_who_wait_are_woken_by_one_edition() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    edition.outdate()
    before = edition.number
    waiting = [asyncio.create_task(edition.changed(before, within=30)) for _ in range(3)]
    await clock.settle()
    edition.outdate()
    await clock.settle()
    assert not any(task.done() for task in waiting)  # the last one is not a second old
    await clock.advance(seconds=APART)
    assert await asyncio.gather(*waiting) == [before + 1] * 3


async def test_what_a_person_did_is_seen_at_once() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    edition.outdate()
    before = edition.number
    edition.outdate(at_once=True)
    assert edition.number == before + 1


async def test_a_later_start_goes_on_above() -> None:
    clock = FakeClock()
    edition = Edition(clock)
    for _ in range(5):
        edition.outdate()
        await clock.advance(seconds=APART)
        last = edition.number
    assert Edition(clock).number >= last
