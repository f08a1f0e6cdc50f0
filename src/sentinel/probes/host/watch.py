"""Processes over time: what those of one name need, and how often they were started again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sentinel.base.units import Unit, format_bytes
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.host.look import Look
from sentinel.probes.host.options import ProcessOptions
from sentinel.probes.host.processes import Seen
from sentinel.probes.local.restarts import Restarts

#: What is read of each process, with `.<name>`.
READINGS: Final[Mapping[str, Unit]] = {
    "process_count": Unit.COUNT,
    "process_memory": Unit.BYTES,
    "process_cpu": Unit.RATIO,
    "process_threads": Unit.COUNT,
    "process_files": Unit.RATIO,
    "process_age": Unit.SECONDS,
    "process_restarts": Unit.COUNT,
}


@dataclass(slots=True)
class Watch:
    """What is known of the processes of one name since the last look."""

    options: ProcessOptions
    restarts: Restarts = field(default_factory=Restarts)
    cpu: dict[str, float] = field(default_factory=dict)  # seconds so far, by mark
    looked_at: float | None = None  # of the monotonic clock

    def take(self, found: Sequence[Seen] | Finding, now: datetime, monotonic: float) -> Look:
        """What a look found, judged and put into figures."""
        if isinstance(found, Finding):
            return Look(findings=[found])
        look = Look(findings=list(self._findings(found)))
        oldest = min(found, key=lambda seen: seen.began, default=None)
        self.restarts = self.restarts.seen(oldest.mark if oldest else "", now)
        look.readings = self._readings(found, now, monotonic)
        look.hints = self._hints(found)
        return look

    def note(self) -> dict[str, Any]:
        return self.restarts.note()

    def _findings(self, found: Sequence[Seen]) -> list[Finding]:
        one, count = self.options, len(found)
        if count < one.least:
            need = f", {one.least} have to" if one.least > 1 else ""
            what = f"{one.name}: {count or 'none'} running{need}"
            return [Finding(FailureClass.NOT_RUNNING, what, _START)]
        if one.most is not None and count > one.most:
            what = f"{one.name}: {count} running, at most {one.most} may"
            return [
                Finding(
                    FailureClass.UNHEALTHY, what, "Did it start again without ending first? `ps` shows when each began."
                )
            ]
        return self._environment(found)

    def _environment(self, found: Sequence[Seen]) -> list[Finding]:
        name = self.options.name
        if any(seen.unset is None for seen in found):
            hint = "Only its own user and root may: run Sentinel as that user, or give it CAP_SYS_PTRACE (AmbientCapabilities=)."
            return [Finding(FailureClass.NOT_PERMITTED, f"{name}: Sentinel may not see its environment", hint)]
        unset = sorted({variable for seen in found for variable in seen.unset or ()})
        if not unset:
            return []
        hint = "Set them where it is started (`Environment=` or `EnvironmentFile=` of its unit) and start it again."
        return [Finding(FailureClass.MISSING, f"{name}: not set in its environment: {', '.join(unset)}", hint)]

    def _readings(self, found: Sequence[Seen], now: datetime, monotonic: float) -> list[Reading]:
        values: dict[str, float | None] = {
            "process_count": len(found),
            "process_memory": sum(seen.memory for seen in found) if found else None,
            "process_cpu": self._cpu(found, monotonic),
            "process_threads": sum(seen.threads for seen in found) if found else None,
            "process_files": max((seen.files for seen in found if seen.files is not None), default=None),
            "process_age": max((max(now.timestamp() - seen.began, 0.0) for seen in found), default=None),
            "process_restarts": self.restarts.lately,
        }
        return [
            Reading(f"{name}.{self.options.name}", value, READINGS[name])
            for name, value in values.items()
            if value is not None
        ]

    def _cpu(self, found: Sequence[Seen], monotonic: float) -> float | None:
        """Processors kept busy since the last look, by those that were there then."""
        before, since = self.cpu, self.looked_at
        self.cpu, self.looked_at = {seen.mark: seen.cpu for seen in found}, monotonic
        if since is None or monotonic <= since or not found:
            return None
        spent = sum(seen.cpu - before[seen.mark] for seen in found if seen.mark in before)
        return max(spent, 0.0) / (monotonic - since)

    def _hints(self, found: Sequence[Seen]) -> dict[str, str]:
        if not found:
            return {}
        name = self.options.name
        largest = max(found, key=lambda seen: seen.memory)
        return {
            f"process_memory.{name}": f"The largest is process {largest.pid} with {format_bytes(largest.memory)}.",
            f"process_restarts.{name}": "See its log, and `dmesg` for the out-of-memory killer.",
            f"process_files.{name}": f"`ls -l /proc/{largest.pid}/fd` shows them; LimitNOFILE= of its unit is the bound.",
        }


_START: Final = "Start it, and see its log and `dmesg` (out of memory?) for why it ended."
