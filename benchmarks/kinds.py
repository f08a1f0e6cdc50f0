"""What one run of each kind of check costs: the five example systems, watched by their own configurations.

A check is run again and again by itself, with its system healthy; the CPU of this process and of the programs that it starts is
counted, the CPU of the system is not. Of several checks of a kind the dearest is told.
"""

import asyncio
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.figures import Figure
from examples.demo.__main__ import demo_environment
from examples.demo.ports import free_ports
from examples.demo.starting import child_environment, programs, start_system
from examples.demo.system import NAMES, Stand, System, find
from sentinel.app.equipment import Equipment
from sentinel.app.plans import load_plan
from sentinel.base.clock import SystemClock
from sentinel.core.check import Check
from sentinel.engine.runner import Runnable
from sentinel.probes.ledger import Unkept

RUNS = 15  # of one check
LONGEST = 6.0  # seconds for all runs of one check; a check that takes long is run less often


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One check's cost."""

    kind: str
    check: str
    system: str
    milliseconds: float  # of CPU for one run, median
    runs: int


def measure() -> list[Figure]:
    """Start the systems one after the other and run each of their checks."""
    costs: list[Cost] = []
    for name in NAMES:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
            costs += runner.run(_watch(find(name), folder))
    return [_figure(cost) for cost in _dearest(costs)]


async def _watch(system: System, folder: Path) -> list[Cost]:
    stand = Stand(ports=free_ports(), data=folder, given={})
    environment = child_environment(demo_environment(system, stand), os.environ)
    async with programs(system, stand, environment) as children:
        await start_system(children, system, stand)
        plan = load_plan(system.config, environment)
        equipment = Equipment(SystemClock())
        kit = equipment.build(plan, {}, Unkept())
        await equipment.adopt(kit)
        try:
            return [await _cost(system, check, kit.runnables[check.name]) for check in plan.checks]
        finally:
            await equipment.close()


async def _cost(system: System, check: Check, probe: Runnable) -> Cost:
    loop = asyncio.get_running_loop()
    await probe.measure(
        loop.time() + check.timeout.total_seconds()
    )  # the first run imports, logs in, reads from the start
    end = loop.time() + LONGEST
    spent: list[float] = []
    while len(spent) < RUNS and loop.time() < end:
        before = _cpu()
        await probe.measure(loop.time() + check.timeout.total_seconds())
        spent.append((_cpu() - before) * 1000)
    return Cost(kind=check.kind, check=check.name, system=system.name, milliseconds=median(spent), runs=len(spent))


def _cpu() -> float:
    """Seconds of CPU of this process and of the programs that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _dearest(costs: list[Cost]) -> Iterator[Cost]:
    for kind in sorted({cost.kind for cost in costs}):
        yield max((cost for cost in costs if cost.kind == kind), key=lambda cost: cost.milliseconds)


def _figure(cost: Cost) -> Figure:
    note = f"check {cost.check} of {cost.system}, {cost.runs} runs"
    return Figure(name=f"one run of `{cost.kind}`: CPU", value=cost.milliseconds, unit="ms", digits=2, note=note)
