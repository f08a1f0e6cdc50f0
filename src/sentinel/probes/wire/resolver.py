"""Looks names up on threads of its own, so that a hanging name server cannot starve what else needs threads.

getaddrinfo cannot be stopped: a thread in it is lost until the C library gives up (with its defaults after 10 seconds
and more). So their number is bounded, a caller waits only until its own deadline, callers of the same name share one
look-up, and when every thread hangs a new look-up fails at once instead of queueing behind them.

A look-up that fails may be the name's fault or the resolver's. So others are asked for beside it, names that were resolved
before: when they fail as well, it is RESOLVER_DOWN, which accuses nobody (`core.lookups`).
"""

import asyncio
import contextlib
import errno
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from sentinel.core.lookups import LookUps
from sentinel.core.result import FailureClass
from sentinel.probes.wire.address import Address, AddrInfo, interleaved
from sentinel.probes.wire.failure import WireError

#: A look-up that takes longer than so many seconds is not waited for alone: other names are asked for beside it.
SLOW: Final = 1.0

#: How many other names are asked for, and for how many seconds they are waited for.
WITNESSES: Final = 2
WITNESSES_WITHIN: Final = 2.0

#: A look-up is given up so many seconds before the caller's deadline, to say why itself.
AHEAD: Final = 0.02

#: With these nobody has said anything about the name.
_DOUBTFUL: Final = frozenset({FailureClass.DNS_FAILED, FailureClass.DNS_TIMEOUT})

LookUp = Callable[[str, int], Sequence[AddrInfo]]
_Outcome = tuple[Address, ...] | WireError


def system_look_up(host: str, port: int) -> Sequence[AddrInfo]:
    """What this host's resolver says, /etc/hosts included. Blocks."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@dataclass(slots=True, eq=False)
class _Job:
    """One look-up under way, and who waits for it."""

    host: str
    port: int
    loop: asyncio.AbstractEventLoop
    waiting: set[asyncio.Future[_Outcome]] = field(default_factory=set)
    begun: float | None = None  # when a thread took it, in seconds of the monotonic clock; set by that thread
    dropped: bool = False  # everybody went away before it began


class Resolver:
    """Bounded look-ups for one event loop. Numeric addresses and `localhost` never come here."""

    def __init__(
        self,
        *,
        threads: int = 8,
        backlog: int = 1024,
        patience: float = 5.0,
        keep: float = 0.0,
        look_up: LookUp = system_look_up,
    ) -> None:
        self._threads = threads  # at most; started when needed
        self._backlog = backlog  # look-ups that may wait for a thread
        self._patience = patience  # seconds a look-up may take; after that its thread counts as hung
        self._keep = keep  # seconds an answer is used again; 0: always ask
        self._look_up = look_up
        self._jobs: dict[tuple[str, int], _Job] = {}
        self._unfinished: set[_Job] = set()  # queued or in a thread, those nobody waits for too
        self._kept: dict[tuple[str, int], tuple[float, tuple[Address, ...]]] = {}
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._started = 0
        self.record = LookUps()

    async def resolve(self, host: str, port: int, deadline: float) -> tuple[Address, ...]:
        """The addresses of a name, in the order to try them; raises WireError.

        `deadline` is in the loop's time. A look-up that a thread had begun by then is DNS_TIMEOUT, or RESOLVER_DOWN when
        other names fare no better; one that never got a thread is OVERLOADED, as it says nothing about the name.
        """
        if host == "invalid" or host.endswith(".invalid"):
            raise WireError(FailureClass.DNS_NOT_FOUND, "the name ends in .invalid and never exists")  # RFC 6761, 6.4
        loop = asyncio.get_running_loop()
        kept = self._kept.get((host, port)) if self._keep else None
        if kept is not None and kept[0] > loop.time():
            return kept[1]
        answer = await self._look_up_name(host, port, deadline)
        if isinstance(answer, WireError):
            raise WireError(answer.failure, answer.explanation)
        return answer

    def look_again(self) -> None:
        """Asks again for names that failed, while the resolver is at fault; the record takes the answers."""
        if self.record.failing_since is None:
            return
        loop = asyncio.get_running_loop()
        with contextlib.suppress(WireError):
            for name in self.record.failed()[:WITNESSES]:
                self._job(name, 0, loop)

    def close(self) -> None:
        """Lets the threads go; one that hangs ends by itself, and does not hold up the end of the process."""
        for _ in range(self._started):
            self._queue.put(None)
        self._started = 0

    async def _look_up_name(self, host: str, port: int, deadline: float) -> _Outcome:
        loop, began = asyncio.get_running_loop(), monotonic()
        limit = min(deadline - min(AHEAD, (deadline - loop.time()) / 10), loop.time() + self._patience)
        slow = loop.call_later(SLOW, self._call_witnesses, host, port, loop)
        try:
            answer = await self._ask(self._job(host, port, loop), limit)
        finally:
            slow.cancel()
        if isinstance(answer, WireError) and answer.failure in _DOUBTFUL:
            return await self._whose_fault(answer, host, port, began, deadline)
        return answer

    async def _whose_fault(self, error: WireError, host: str, port: int, began: float, deadline: float) -> _Outcome:
        """The failure, as one of the resolver when other names are not resolved either."""
        loop = asyncio.get_running_loop()
        self.record.note(host, monotonic(), resolved=False)
        limit = min(deadline - AHEAD, loop.time() + WITNESSES_WITHIN)
        if limit > loop.time():
            asked = self._call_witnesses(host, port, loop)
            await asyncio.gather(*(self._ask(job, limit) for job in asked))
        if not self.record.resolver_at_fault(host, began, monotonic()):
            return error
        return WireError(FailureClass.RESOLVER_DOWN, f"{error.bare}, and the resolver fares no better with other names")

    def _call_witnesses(self, host: str, port: int, loop: asyncio.AbstractEventLoop) -> list[_Job]:
        """Ask for names that were resolved before; the record takes the answers."""
        with contextlib.suppress(WireError):
            return [self._job(name, port, loop) for name in self.record.witnesses(host, WITNESSES)]
        return []

    async def _ask(self, job: _Job, limit: float) -> _Outcome:
        answer: asyncio.Future[_Outcome] = job.loop.create_future()
        timer = job.loop.call_at(limit, _give_up, answer, job)
        job.waiting.add(answer)
        try:
            return await answer
        finally:
            timer.cancel()
            job.waiting.discard(answer)
            self._drop_if_unwanted(job)

    def _job(self, host: str, port: int, loop: asyncio.AbstractEventLoop) -> _Job:
        job = self._jobs.get((host, port))
        if job is None:
            self._refuse_when_full()
            job = self._jobs[host, port] = _Job(host, port, loop)
            self._unfinished.add(job)
            self._start_thread_if_needed()
            self._queue.put(job)
        return job

    def _refuse_when_full(self) -> None:
        hung_since = monotonic() - self._patience
        hung = sum(1 for job in self._unfinished if job.begun is not None and job.begun < hung_since)
        if hung >= self._threads:
            raise WireError(FailureClass.OVERLOADED, f"all {hung} look-up threads hang in earlier look-ups")
        if len(self._unfinished) >= self._threads + self._backlog:
            raise WireError(FailureClass.OVERLOADED, "too many look-ups wait for a thread")

    def _drop_if_unwanted(self, job: _Job) -> None:
        if not job.waiting and job.begun is None and self._jobs.get((job.host, job.port)) is job:
            job.dropped = True
            del self._jobs[job.host, job.port]

    def _start_thread_if_needed(self) -> None:
        if self._started < min(self._threads, len(self._unfinished)):
            self._started += 1
            name = f"sentinel-resolver-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            job.begun = monotonic()
            answer = None if job.dropped else _answer(self._look_up, job)
            # A loop that was closed meanwhile takes no more calls.
            with contextlib.suppress(RuntimeError):
                job.loop.call_soon_threadsafe(self._deliver, job, answer)

    def _deliver(self, job: _Job, answer: _Outcome | None) -> None:
        self._unfinished.discard(job)
        if self._jobs.get((job.host, job.port)) is job:
            del self._jobs[job.host, job.port]
        if answer is None:
            return
        self._note(job.host, answer)
        if self._keep and not isinstance(answer, WireError):
            self._remember(job, answer)
        for waiter in job.waiting:
            if not waiter.done():
                waiter.set_result(answer)

    def _note(self, host: str, answer: _Outcome) -> None:
        if not isinstance(answer, WireError):
            self.record.note(host, monotonic(), resolved=True)
        elif answer.failure in _DOUBTFUL:
            self.record.note(host, monotonic(), resolved=False)

    def _remember(self, job: _Job, answer: tuple[Address, ...]) -> None:
        if len(self._kept) >= _KEPT_AT_MOST:
            self._kept.clear()
        self._kept[job.host, job.port] = (job.loop.time() + self._keep, answer)


_KEPT_AT_MOST: Final = 10_000  # names


def _give_up(answer: asyncio.Future[_Outcome], job: _Job) -> None:
    if answer.done():
        return
    if job.begun is None:
        answer.set_result(WireError(FailureClass.OVERLOADED, "no look-up thread became free in time"))
    else:
        answer.set_result(WireError(FailureClass.DNS_TIMEOUT, "the name was not resolved in time"))


def _answer(look_up: LookUp, job: _Job) -> _Outcome:
    try:
        found = interleaved(look_up(job.host, job.port), job.host)
    except socket.gaierror as error:
        return _by_code(error)
    except UnicodeError:
        return WireError(FailureClass.DNS_NOT_FOUND, "the name is none that could exist")
    except OSError:
        return WireError(FailureClass.DNS_FAILED, "the look-up failed")
    return found or WireError(FailureClass.DNS_NOT_FOUND, "the name has no address")


def _by_code(error: socket.gaierror) -> WireError:
    """getaddrinfo(3): what its codes say."""
    if error.errno in {socket.EAI_NONAME, socket.EAI_NODATA}:
        return WireError(FailureClass.DNS_NOT_FOUND, "the name does not exist")
    if error.errno == socket.EAI_AGAIN:
        return WireError(FailureClass.DNS_FAILED, "the name server could not answer")
    if error.errno in {socket.EAI_MEMORY, socket.EAI_SYSTEM}:
        return WireError(
            FailureClass.OVERLOADED,
            f"this host cannot look names up now ({errno.errorcode.get(error.errno, 'no details')})",
        )
    return WireError(FailureClass.DNS_FAILED, "the name server answered with an error")
