"""Runs probes: at most one run of a check at a time, a bound on all runs and on those to one host, a deadline for each."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Protocol

import structlog

from sentinel.base.clock import Clock
from sentinel.core.check import Check
from sentinel.core.histogram import Histogram
from sentinel.core.plan import Limits
from sentinel.core.result import FailureClass, Measurement, Result, failed
from sentinel.engine.sight import Glance, Sight

log = structlog.get_logger()

#: A probe ends its run itself when its deadline has come; if it has not after so many seconds more, it is cancelled.
GRACE = 0.5

#: Runs that may wait for a free place; beyond, a run is given up as unknown.
MOST_WAITING = 20_000

Deliver = Callable[[Result], None]


class Runnable(Protocol):
    """What the runner needs of a probe."""

    @property
    def host(self) -> str: ...

    async def measure(self, deadline: float) -> Measurement: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Run:
    """One due run of a check."""

    check: Check
    probe: Runnable
    scheduled_at: datetime
    extra: bool = False


class Runner:
    """Takes due checks, gives results."""

    def __init__(self, clock: Clock, deliver: Deliver, limits: Limits, sight: Sight | None = None) -> None:
        self._clock = clock
        self._sight = sight or Sight(clock)
        self._deliver = deliver
        self._limits = limits
        self._probes: Mapping[str, Runnable] = {}
        self._busy: dict[str, Run] = {}  # waiting or running, by check
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: deque[Run] = deque()
        self._by_host: Counter[str] = Counter()
        self._host_queues: dict[str, deque[Run]] = {}
        self._waiters: dict[str, list[asyncio.Future[Result | None]]] = {}  # who wants a run's result, by check
        self.skipped: Counter[str] = Counter()  # runs that were due and did not start, by reason
        self.runs = 0
        self.lateness = Histogram()  # seconds from the slot to the start

    @property
    def running(self) -> int:
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        return len(self._busy) - len(self._tasks)

    def equip(self, probes: Mapping[str, Runnable], limits: Limits) -> None:
        """Use these probes from now on. A run that has begun ends with the probe it began with."""
        self._probes = probes
        self._limits = limits

    def submit(self, checks: Sequence[Check], scheduled_at: datetime) -> None:
        """Run these checks, which are due, now or as soon as there is room."""
        for check in checks:
            probe = self._probes.get(check.name)
            if probe is None:
                continue
            if check.name in self._busy:
                self.skipped["overrun"] += 1  # the run before is not over: the next slot is on the grid again
            elif self.waiting >= MOST_WAITING:
                self._give_up(check, scheduled_at)
            else:
                run = Run(check, probe, scheduled_at)
                self._busy[check.name] = run
                self._admit(run)

    def recheck(self, check: Check) -> None:
        """Run a check between two slots, as soon as there is room. A run that is under way does as well."""
        probe = self._probes.get(check.name)
        if probe is not None and check.name not in self._busy and self.waiting < MOST_WAITING:
            run = self._busy[check.name] = Run(check, probe, self._clock.now(), extra=True)
            self._admit(run)

    async def run_now(self, check: Check) -> Result | None:
        """Run a check at once and answer its result, which counts as any other; None when it will not have one.

        A run that is under way, or waits for room, is waited for instead: runs of one check never overlap.
        """
        if check.name not in self._probes:
            return None
        waiter: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(check.name, []).append(waiter)
        if check.name not in self._busy:
            self.submit([check], self._clock.now())
        return await waiter

    def probe(self, check: str) -> Runnable | None:
        """The probe that is in use for a check."""
        return self._probes.get(check)

    async def finish(self, within: float) -> None:
        """Wait until nothing runs or waits any more, at most that many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self, grace: float) -> None:
        """Let running probes end for that many seconds, then cancel them. What waits is forgotten."""
        self._ready.clear()
        self._host_queues.clear()
        self._probes = {}
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for check in list(self._waiters):
            self._answer(check, None)

    def _admit(self, run: Run) -> None:
        host = run.probe.host
        if host and self._by_host[host] >= self._limits.per_host:
            self._host_queues.setdefault(host, deque()).append(run)
        elif len(self._tasks) >= self._limits.concurrency:
            self._ready.append(run)
        else:
            self._start(run)

    def _start(self, run: Run) -> None:
        self._by_host[run.probe.host] += 1
        task = asyncio.get_running_loop().create_task(self._run(run))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._done(task, run))

    def _done(self, task: "asyncio.Task[None]", run: Run) -> None:
        self._tasks.discard(task)
        self._busy.pop(run.check.name, None)
        host = run.probe.host
        self._by_host[host] -= 1
        if not self._by_host[host]:
            del self._by_host[host]
        if queue := self._host_queues.get(host):
            self._ready.append(queue.popleft())
            if not queue:
                del self._host_queues[host]
        # Until the place is taken: the first that waits may be for a host that is full.
        while self._ready and len(self._tasks) < self._limits.concurrency:
            self._admit(self._ready.popleft())

    async def _run(self, run: Run) -> None:
        self.runs += 1
        self.lateness.add((self._clock.now() - run.scheduled_at).total_seconds())
        measurement = await self._measure(run)
        self._hand_over(
            Result(
                check=run.check.name,
                scheduled_at=run.scheduled_at,
                finished_at=self._clock.now(),
                measurement=measurement,
                extra=run.extra,
            )
        )

    async def _measure(self, run: Run) -> Measurement:
        """What the run has found out about its target; unknown when it could not have."""
        timeout = run.check.timeout.total_seconds()
        # The loop's clock without its stillness: uvloop's stands for a whole round of callbacks, so on a busy host deadlines
        # would be early, and being late would go unnoticed.
        glance, deadline = self._sight.begin(), monotonic() + timeout
        measurement = await self._ask(run, deadline, glance)
        late = monotonic() - deadline
        return await self._sight.settle(measurement, glance, host=run.probe.host, timeout=timeout, after_deadline=late)

    async def _ask(self, run: Run, deadline: float, glance: Glance) -> Measurement:
        """What its probe says; that it failed, where that is our own fault."""
        try:
            async with asyncio.timeout_at(deadline + GRACE):
                return await run.probe.measure(deadline)
        except TimeoutError:
            if not self._sight.stood_still(glance):
                log.error("probe.deadline_missed", check=run.check.name, kind=run.check.kind)
            return failed(FailureClass.INTERNAL_ERROR, "the probe did not end by its deadline")
        except Exception as error:
            log.exception("probe.crashed", check=run.check.name, kind=run.check.kind)
            return failed(FailureClass.INTERNAL_ERROR, f"the probe crashed with {type(error).__name__}")

    def _hand_over(self, result: Result) -> None:
        self._deliver(result)
        self._answer(result.check, result)

    def _answer(self, check: str, result: Result | None) -> None:
        for waiter in self._waiters.pop(check, []):
            if not waiter.done():
                waiter.set_result(result)

    def _give_up(self, check: Check, scheduled_at: datetime) -> None:
        self.skipped["overloaded"] += 1
        measurement = failed(FailureClass.OVERLOADED, f"{MOST_WAITING} runs are waiting already")
        self._hand_over(
            Result(
                check=check.name,
                scheduled_at=scheduled_at,
                finished_at=self._clock.now(),
                measurement=measurement,
            )
        )
