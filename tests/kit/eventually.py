"""Waiting for what another process does, where no event can tell: a row in its database, a line in its file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PAUSE = 0.02  # seconds between two looks


async def eventually(look: Callable[[], T], *, within: float = 10.0) -> T:
    """The first truthy value of `look()`, which must be quick; AssertionError with the last value otherwise."""
    last = look()
    try:
        async with asyncio.timeout(within):
            while not last:
                await asyncio.sleep(PAUSE)
                last = look()
    except TimeoutError:
        raise AssertionError(f"after {within} s still {last!r}") from None
    return last
