"""The machine that is measured on, and how much of it others use meanwhile."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time, sleep

import psutil

#: From this many cores' worth of other work on, figures are said to be noisy: caches and the clock rate are shared.
NOISY = 0.15

CALM_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """The machine with nothing of the benchmark running."""

    others: float  # cores that other programs keep busy
    work_ms: float  # CPU of a fixed piece of Python, to compare machines by


def calibrate() -> Calm:
    """Look at the machine for a few seconds."""
    load = Load()
    sleep(CALM_SECONDS)
    return Calm(others=load.cores(), work_ms=min(_fixed_work() for _ in range(7)) * 1000)


class Load:
    """How many cores all programs together kept busy since this was made."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._busy = _busy_seconds()

    def cores(self) -> float:
        return (_busy_seconds() - self._busy) / (monotonic() - self._began)


def describe(calm: Calm) -> str:
    """One line to print above the figures."""
    noise = f"{calm.others:.2f} of them busy with other work"
    verdict = f"NOISY: {noise}" if calm.others > NOISY else noise
    return (
        f"{os.cpu_count()} cores ({verdict}), {_processor()}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}; 100,000 rounds of a loop take {calm.work_ms:.1f} ms"
    )


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def _fixed_work() -> float:
    began = process_time()
    total = 0
    for number in range(100_000):
        total += number * number
    return process_time() - began


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
