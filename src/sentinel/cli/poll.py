"""The status of a daemon, looked at again and again on a thread of its own, so that a daemon that hangs holds up no key."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sentinel.base.clock import SystemClock
from sentinel.base.errors import SentinelError
from sentinel.cli import wire
from sentinel.reports import text

#: Seconds that an answer may take. A daemon answers from memory where its store is slow.
WITHIN = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a daemon."""

    document: text.Json | None = None  # the last status that came
    lost_at: datetime | None = None  # since when no answer comes; None while they come
    why: str = ""  # no answer comes

    def answered(self, document: wire.Json) -> "Seen":
        return Seen(document=document)

    def unanswered(self, why: str, now: datetime) -> "Seen":
        return replace(self, lost_at=self.lost_at or now, why=why)

    @property
    def complaint(self) -> str:
        """That no answer comes, since when and why; empty while they come."""
        return f"no answer since {self.lost_at:%H:%M:%S} UTC: {self.why}" if self.lost_at else ""


class Poll:
    """Asks again and again from `with` on; `seen` is what is known now.

    Args:
        config: of the daemon.
        every: seconds between two questions.
        tell: called on the asking thread whenever there is something new.
    """

    def __init__(self, config: Path, every: float, tell: Callable[[], None]) -> None:
        self._config, self._every, self._tell = config, every, tell
        self._clock = SystemClock()
        self._soon = threading.Event()
        self._over = False
        self._seen = Seen()
        self._refusal: wire.NotAllowed | None = None
        # A daemon thread: the process does not wait for a question that nobody answers.
        self._thread = threading.Thread(target=self._run, name="poll", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._soon.set()

    @property
    def seen(self) -> Seen:
        """What is known now.

        Raises:
            NotAllowed: the daemon is somebody else's; asking on is of no use.
        """
        if self._refusal is not None:
            raise self._refusal
        return self._seen

    def now(self) -> None:
        """Ask at once: something was done."""
        self._soon.set()

    def _run(self) -> None:
        while not self._over:
            self._soon.clear()
            self._ask()
            self._tell()
            self._soon.wait(self._every)

    def _ask(self) -> None:
        try:
            self._seen = self._seen.answered(wire.ask(self._config, "/api/v1/status", within=WITHIN))
        except wire.NotAllowed as error:
            self._refusal = error
        except SentinelError as error:
            self._seen = self._seen.unanswered(str(error).splitlines()[0], self._clock.now())
