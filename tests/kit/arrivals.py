"""What a server of the kit received, in order, and waiting for it without sleeping."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Arrivals(Generic[T]):
    """An ordered record of items that a coroutine can wait on."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._changed = asyncio.Event()

    def add(self, item: T) -> None:
        self._items.append(item)
        self.stir()

    def stir(self) -> None:
        """Wake who waits, because an item changed in place."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def reach(self, count: int, *, within: float = 5.0) -> list[T]:
        """All items once there are `count`; AssertionError after `within` seconds."""
        return await self.until(lambda items: len(items) >= count, within=within)

    async def until(self, holds: Callable[[list[T]], bool], *, within: float = 5.0) -> list[T]:
        """All items once `holds(items)`; AssertionError naming what did arrive after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while not holds(self._items):
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"after {within} s only these {len(self)} arrived: {self._items}") from None
        return list(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items))

    def __getitem__(self, index: int) -> T:
        return self._items[index]
