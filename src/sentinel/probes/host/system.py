"""Memory, swap, load, processors, open files and the age of the running system. All of it reads /proc and blocks for a moment."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from sentinel.base.units import Unit, format_bytes, format_duration
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.host.look import Look


class CpuTimes(NamedTuple):
    """Processor time since the start of the system, of all processors together; seconds."""

    busy: float
    whole: float


def look() -> Look:
    """What needs no memory of an earlier look. Blocks."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    readings = [
        Reading("memory_used", (memory.total - memory.available) / memory.total, Unit.RATIO),
        Reading("memory_free", memory.available, Unit.BYTES),
        Reading("load", psutil.getloadavg()[1] / (psutil.cpu_count() or 1), Unit.NONE),
        Reading("files_used", _files_used(), Unit.RATIO),
    ]
    if swap.total:
        readings.append(Reading("swap_used", swap.used / swap.total, Unit.RATIO))
    free = f"{format_bytes(memory.available)} of {format_bytes(memory.total)} are free"
    hint = f"{free}. `ps aux --sort=-rss | head` shows who has the rest."
    return Look(readings=readings, hints={**_HINTS, "memory_used": hint, "memory_free": hint})


def cpu_times() -> CpuTimes:
    """How busy the processors have been so far. Waiting for disks is not being busy."""
    times = psutil.cpu_times()
    # The times of guests are in `user` and `nice` already (proc(5)).
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return CpuTimes(busy=whole - times.idle - getattr(times, "iowait", 0.0), whole=whole)


def cpu_used(before: CpuTimes | None, after: CpuTimes) -> list[Reading]:
    """The share of the processors' time since an earlier look; nothing when there was none."""
    if before is None or after.whole <= before.whole:
        return []
    share = (after.busy - before.busy) / (after.whole - before.whole)
    return [Reading("cpu_used", min(max(share, 0.0), 1.0), Unit.RATIO)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """Which start of the system was seen, kept across restarts of Sentinel."""

    id: str = ""  # the kernel's own name for it; empty: none was seen yet
    again: bool = False  # whether another one was seen before

    def seen(self, id_: str) -> "Boot":
        if not self.id:
            return Boot(id=id_)
        return self if id_ == self.id else replace(self, id=id_, again=True)


def boot_id() -> str:
    return _proc("sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def booted(boot: Boot, now: datetime, told_for: timedelta) -> Look:
    """How long the system has been running; a finding while it is news that it was started again."""
    up = max(now.timestamp() - psutil.boot_time(), 0.0)
    look = Look(readings=[Reading("uptime", up, Unit.SECONDS)])
    if boot.again and up < told_for.total_seconds():
        explanation = f"this host was started again {format_duration(up)} ago"
        hint = "If nobody meant to: `journalctl -b -1 -e` shows the end of the run before. It is told for a while only."
        look.findings.append(Finding(FailureClass.DEGRADED, explanation, hint))
    return look


def _files_used() -> float:
    """The share of open files that the kernel allows (proc(5), file-nr: allocated, unused, most)."""
    allocated, _, most = map(int, _proc("sys/fs/file-nr").read_text(encoding="ascii").split())
    return allocated / most


def _proc(path: str) -> Path:
    return Path(psutil.PROCFS_PATH) / path


_HINTS: Final[dict[str, str]] = {
    "swap_used": "Memory was short: see what grew (`ps aux --sort=-rss | head`) and whether it still swaps (`vmstat 1`).",
    "load": "More work than processors: `top` shows who works, state D in `ps` who waits for disks.",
    "cpu_used": "`top` shows who works.",
    "files_used": "Somebody keeps files open: `lsof | cut -d' ' -f1 | sort | uniq -c | sort -n`; the bound is fs.file-max.",
}
