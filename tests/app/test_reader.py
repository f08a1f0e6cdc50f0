"""What people look at is asked of the store at a pace, and who asks learns why there is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from sentinel.app.reader import Reader
from sentinel.base.errors import StoreError
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.store.database import Transaction

T = TypeVar("T")


class SlowStore:
    """Answers after a time, or not at all. Fits `sentinel.app.reader.Readable`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.took = 0.0  # seconds
        self.why = ""  # it does not answer

    async def read(self, work: Callable[[Transaction], T], within: float | None = None) -> T:
        await self._clock.advance(seconds=self.took)
        if self.why:
            raise StoreError(self.why)
        return work(cast("Transaction", None))


def four(_tx: Transaction) -> int:
    return 4


async def test_who_asks_while_the_store_fails_learns_why() -> None:
    store = SlowStore(clock := FakeClock())
    reader = Reader(clock, store)
    store.why = "the disk is full"
    assert (await reader.ask(four), reader.silent) == (None, "the disk is full")


async def test_a_store_that_answers_slowly_is_left_alone_for_a_while_and_that_is_said() -> None:
    store = SlowStore(clock := FakeClock())
    reader = Reader(clock, store)
    store.took = 1.5
    assert await reader.ask(four) == 4
    assert (await reader.ask(four), reader.silent) == (None, "it answers slowly, and is asked again in some seconds")
    store.took = 0.0
    await clock.advance(seconds=8)
    assert await reader.ask(four) == 4
