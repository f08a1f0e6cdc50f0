"""One question for all who ask it at the same time, or soon after."""

from __future__ import annotations

import asyncio

import pytest

from sentinel.probes.sharing import Shared


class Target:
    """Answers when it is let; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = asyncio.Event()
        self.given_up = 0

    async def answer(self) -> int:
        self.asked += 1
        number = self.asked
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return number

    async def fail(self) -> int:
        self.asked += 1
        raise ConnectionError("refused")


async def test_who_asks_at_the_same_time_shares_one_answer() -> None:
    shared, target = Shared(), Target()
    asking = [asyncio.create_task(shared.get("page", target.answer, max_age=5)) for _ in range(4)]
    await asyncio.sleep(0)
    target.answered.set()
    assert await asyncio.gather(*asking) == [1, 1, 1, 1]
    assert await shared.get("page", target.answer, max_age=5) == 1
    assert await shared.get("another page", target.answer, max_age=5) == 2


async def test_an_answer_that_is_too_old_is_asked_for_again() -> None:
    shared, target = Shared(), Target()
    target.answered.set()
    assert await shared.get("page", target.answer, max_age=0) == 1
    await asyncio.sleep(0.001)
    assert await shared.get("page", target.answer, max_age=0) == 2


async def test_nobody_is_given_the_same_answer_twice() -> None:
    """A check that was run twice within half its interval, by hand or after a mend, was told what had been before."""
    shared, target = Shared(), Target()
    target.answered.set()
    first = [await shared.get("page", target.answer, max_age=5, taker=taker) for taker in ("a", "b", "a", "b", "c")]
    assert first == [1, 1, 2, 2, 2]


async def test_who_takes_fresh_answers_alone_takes_none_from_others() -> None:
    """A check of a short interval threw away what those of long ones would have shared, and their target was asked again."""
    shared, target = Shared(), Target()
    target.answered.set()
    assert await shared.get("page", target.answer, max_age=300) == 1
    await asyncio.sleep(0.001)
    assert await shared.get("another page", target.answer, max_age=0) == 2
    assert await shared.get("page", target.answer, max_age=300) == 1


async def test_a_failure_is_everybodys() -> None:
    shared, target = Shared(), Target()
    asking = [asyncio.create_task(shared.get("page", target.fail, max_age=5)) for _ in range(2)]
    assert [type(answer) for answer in await asyncio.gather(*asking, return_exceptions=True)] == [ConnectionError] * 2
    assert target.asked == 1


async def test_who_gives_up_leaves_the_answer_to_the_others() -> None:
    shared, target = Shared(), Target()
    first, second = (asyncio.create_task(shared.get("page", target.answer, max_age=5)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    target.answered.set()
    assert await second == 1
    assert target.given_up == 0


async def test_when_all_have_given_up_nothing_goes_on_and_the_next_asks_anew() -> None:
    shared, target = Shared(), Target()
    asking = asyncio.create_task(shared.get("page", target.answer, max_age=5))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0)
    assert target.given_up == 1
    target.answered.set()
    assert await shared.get("page", target.answer, max_age=5) == 2
