from __future__ import annotations

import asyncio

import pytest

from sentinel.app.shared import Shared
from tests.kit.clock import FakeClock


class Making:
    """Counts how often an answer was made; it is made when the gate is open."""

    def __init__(self) -> None:
        self.made = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers: list[str | Exception | None] = []  # others than the usual one, in order

    async def __call__(self) -> str | None:
        self.made += 1
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else f"answer {self.made}"
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_all_who_ask_at_once_share_one_answer() -> None:
    shared, make = Shared[str, str | None](FakeClock(), 1.0), Making()
    make.gate.clear()
    asking = [asyncio.create_task(shared.get("a", make)) for _ in range(20)]
    await asyncio.sleep(0)
    make.gate.set()
    assert await asyncio.gather(*asking) == ["answer 1"] * 20


async def test_an_answer_that_is_too_old_is_made_again() -> None:
    clock, make = FakeClock(), Making()
    shared = Shared[str, str | None](clock, 1.0)
    assert await shared.get("a", make) == "answer 1"
    assert await shared.get("b", make) == "answer 2"
    await clock.advance(seconds=1)
    assert await shared.get("a", make) == "answer 3"


async def test_one_who_leaves_does_not_take_the_answer_along() -> None:
    shared, make = Shared[str, str | None](FakeClock(), 1.0), Making()
    make.gate.clear()
    leaving, staying = (asyncio.create_task(shared.get("a", make)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    make.gate.set()
    assert await staying == "answer 1"
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_neither_an_error_nor_nothing_is_kept() -> None:
    shared, make = Shared[str, str | None](FakeClock(), 1.0), Making()
    make.answers = [ValueError("no"), None]
    with pytest.raises(ValueError, match="no"):
        await shared.get("a", make)
    assert await shared.get("a", make) is None
    assert await shared.get("a", make) == "answer 3"


async def test_only_so_many_answers_are_kept() -> None:
    shared, make = Shared[int, str | None](FakeClock(), 1.0, most=2), Making()
    for key in (1, 2, 3):
        await shared.get(key, make)
    assert await shared.get(1, make) == "answer 4"
    assert await shared.get(3, make) == "answer 3"


async def test_who_is_in_a_hurry_gets_the_answer_before_while_another_is_made() -> None:
    clock, make = FakeClock(), Making()
    shared = Shared[str, str | None](clock, 1.0)
    assert await shared.soon("a", make, within=5) == "answer 1"
    await clock.advance(seconds=1)
    make.gate.clear()
    assert await shared.soon("a", make, within=5) == "answer 1"
    make.gate.set()
    assert await shared.get("a", make) == "answer 2"


async def test_where_there_is_no_answer_yet_a_hurry_ends_without() -> None:
    shared, make = Shared[str, str | None](FakeClock(), 1.0), Making()
    make.gate.clear()
    assert await shared.soon("a", make, within=0.01) is None
    make.gate.set()
    assert await shared.soon("a", make, within=5) == "answer 1"
