"""Asks the store for what people look at: within a bounded time, and with a rest after an answer that took long.

What is asked here may be missing from an answer, which is then poorer. Whoever has to know asks the store itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.store.database import Transaction

log = structlog.get_logger()

T = TypeVar("T")


class Readable(Protocol):
    """What readers need of a store."""

    async def read(self, work: Callable[[Transaction], T], within: float | None = None) -> T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much of the store's time questions may take."""

    within: float = 2.0  # seconds that one may take
    slow: float = 1.0  # one that took so many seconds is followed by a rest
    rest: float = 5.0  # of so many times as long


class Reader:
    """Asks questions at a pace: a full store answers slowly, and then everybody asks again."""

    def __init__(self, clock: Clock, store: Readable, pace: Pace = Pace()) -> None:
        self._clock = clock
        self._store = store
        self._pace = pace
        self._rests_until = 0.0  # on the steady clock
        self.problem = ""  # why the last question had no answer; empty: it had one

    @property
    def rests(self) -> bool:
        """Whether nothing is asked now."""
        return self._clock.monotonic() < self._rests_until

    @property
    def silent(self) -> str:
        """Why a question that was just asked had no answer."""
        return self.problem or "it answers slowly, and is asked again in some seconds"

    async def ask(self, question: Callable[[Transaction], T]) -> T | None:
        """What the store answers; None when it does not, or not in time, or rests."""
        if self.rests:
            return None
        began = self._clock.monotonic()
        try:
            answer = await self._store.read(question, within=self._pace.within)
        except StoreError as error:
            self.problem = str(error)
            log.info("reading.left_out", why=self.problem)
            return None
        else:
            self.problem = ""
            return answer
        finally:
            took = self._clock.monotonic() - began
            if took > self._pace.slow:
                self._rests_until = self._clock.monotonic() + took * self._pace.rest
