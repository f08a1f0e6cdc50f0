"""The `host` probe: room on disks, memory, load, files, the clock, and processes of the host that Sentinel runs on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.host import clock, system
from sentinel.probes.host.disks import Disks
from sentinel.probes.host.look import Look
from sentinel.probes.host.options import HostOptions
from sentinel.probes.host.processes import Seen, find
from sentinel.probes.host.system import Boot, CpuTimes
from sentinel.probes.host.watch import READINGS, Watch
from sentinel.probes.local.lane import Hanging, Lane
from sentinel.probes.local.restarts import Restarts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proc:
    """What one pass over /proc found."""

    look: Look
    cpu: CpuTimes
    boot_id: str
    processes: Mapping[str, list[Seen] | Finding]


class HostProbe:
    """Looks at this host, and remembers between two looks what takes two to see: use of processors, restarts."""

    host = ""

    def __init__(self, options: HostOptions, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._disks = Disks(options.disks, options.mounted)
        self._proc = Lane("proc")
        noted = tools.note or {}
        self._boot = _boot_of(noted.get("boot"))
        restarts = noted.get("processes")
        known = restarts if isinstance(restarts, Mapping) else {}
        self._watches = [Watch(one, Restarts.of_note(known.get(one.name))) for one in options.processes]
        self._cpu: CpuTimes | None = None
        self._noted: Note = noted

    async def measure(self, deadline: float) -> Measurement:
        disks, proc, clocks = await asyncio.gather(
            self._disks.look(deadline), self._look_at_proc(deadline), self._look_at_clock(deadline)
        )
        look = Look.joined([proc, disks, clocks])
        return measurement(_told_together(look.findings), look.readings, note=self._news(), hints=look.hints)

    async def close(self) -> None:
        """There is nothing to give back: a thread that hangs ends by itself."""

    # --- /proc ------------------------------------------------------------------------------------------------------

    async def _look_at_proc(self, deadline: float) -> Look:
        try:
            seen = await self._proc.call(self._pass, deadline)
        except Hanging:
            hint = "A process is stuck in the kernel: state D in `ps`, and `dmesg` for what it waits for."
            return Look(findings=[Finding(FailureClass.READ_TIMEOUT, "/proc was not read in time", hint)])
        except (FileNotFoundError, PermissionError):
            # systemd's ProcSubset=pid leaves nothing in /proc but processes.
            return Look(findings=[Finding(FailureClass.NOT_PERMITTED, "Sentinel may not read /proc", _PROC_HINT)])
        now, monotonic = self._tools.clock.now(), self._tools.clock.monotonic()
        look = seen.look
        look.readings += system.cpu_used(self._cpu, seen.cpu)
        self._cpu, self._boot = seen.cpu, self._boot.seen(seen.boot_id)
        watched = [watch.take(seen.processes[watch.options.name], now, monotonic) for watch in self._watches]
        return Look.joined([*watched, look, system.booted(self._boot, now, self._options.reboots_told_for)])

    def _pass(self) -> _Proc:
        return _Proc(
            look=system.look(),
            cpu=system.cpu_times(),
            boot_id=system.boot_id(),
            processes=find(self._options.processes),
        )

    # --- The clock --------------------------------------------------------------------------------------------------

    async def _look_at_clock(self, deadline: float) -> Look:
        look = Look()
        if self._options.synchronised:
            look.findings += _synchronised()
        if self._options.ntp is not None:
            await self._compare(look, *self._options.ntp, deadline)
        return look

    async def _compare(self, look: Look, server: str, port: int, deadline: float) -> None:
        try:
            off = await clock.offset(server, port, self._tools.clock, self._tools.transport.resolver, deadline)
        except clock.NoTime as problem:
            hint = f"Try `chronyd -Q 'server {server} iburst'`; UDP port {port} has to be open on the way."
            look.findings.append(Finding(FailureClass.DEGRADED, f"the clock was not compared: {problem}", hint))
            return
        look.readings.append(Reading("clock_offset", abs(off), Unit.SECONDS))
        side = "behind" if off > 0 else "ahead"
        look.hints["clock_offset"] = (
            f"This host's clock is {side}: see `chronyc tracking` or `timedatectl timesync-status`."
        )

    def _news(self) -> Note | None:
        """What has to be noted; nothing when it is as it was."""
        boot = {"id": self._boot.id, "again": self._boot.again}
        note = {"boot": boot, "processes": {watch.options.name: watch.note() for watch in self._watches}}
        if note == self._noted:
            return None
        self._noted = note
        return note


def _told_together(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest, which says what else is wrong: parts of a host have little to do with each other."""
    if len(findings) < 2:
        return list(findings)
    first, *others = sorted(findings, key=lambda finding: finding.gravity)
    also = [other.explanation for other in others[: _TOLD - 1]]
    more = [f"and {len(others) - len(also)} more"] if len(others) > len(also) else []
    return [Finding(first.failure, "; ".join([first.explanation, *also, *more]), first.hint)]


def _synchronised() -> list[Finding]:
    try:
        if clock.is_synchronised():
            return []
    except OSError as error:
        hint = "The kernel or a container's rules forbid adjtimex(2), which only reads here: set `ntp_server` instead."
        return [Finding(FailureClass.NOT_PERMITTED, f"the kernel does not tell of the clock ({error.strerror})", hint)]
    hint = "Is chronyd, systemd-timesyncd or ntpd running, and does it reach its servers? `timedatectl` tells."
    return [Finding(FailureClass.DEGRADED, "nothing keeps the clock in time", hint)]


def _boot_of(note: object) -> Boot:
    """What was noted of the host's starts; nothing when it has another shape."""
    if not isinstance(note, Mapping) or not isinstance(note.get("id"), str):
        return Boot()
    return Boot(id=note["id"], again=note.get("again") is True)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    paths = dict.fromkeys((*options.disks, *options.mounted))
    disks = {f"{name}.{path}": unit for path in paths for name, unit in _PER_DISK.items()}
    return disks | {f"{name}.{one.name}": unit for one in options.processes for name, unit in READINGS.items()}


def _idle(options: Any) -> Mapping[str, str]:
    disks = [name for known in _PER_DISK for name in (known, f"{known}.*")]
    return {
        **idle_unless(options.disks or options.mounted, "`disks`", *disks),
        **idle_unless(options.processes, "`processes`", *(f"{name}.*" for name in READINGS)),
        **idle_unless(options.ntp_server, "`ntp_server`", "clock_offset"),
    }


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    rules = [*_USUAL, *(_USUAL_DISKS if options.disks or options.mounted else ())]
    if options.ntp_server:
        rules.append({"reading": "clock_offset", "warning": "500ms", "critical": "5s"})
    for one in options.processes:
        rules.append({"reading": f"process_restarts.{one.name}", "warning": 1, "critical": 4})
        rules.append({"reading": f"process_files.{one.name}", "warning": "70%", "critical": "90%"})
    return rules


_PROC_HINT: Final = "Set ProcSubset=all for Sentinel (`systemctl edit sentinel`, in [Service]) and start it again."

#: Explanations that one message holds.
_TOLD: Final = 4

_USUAL_DISKS: Final[Sequence[Mapping[str, Any]]] = (
    {"reading": "disk_used", "warning": "80%", "critical": "90%"},
    {"reading": "inodes_used", "warning": "80%", "critical": "90%"},
)
_USUAL: Final[Sequence[Mapping[str, Any]]] = (
    {"reading": "memory_used", "warning": "90%", "critical": "95%"},
    {"reading": "swap_used", "warning": "50%", "critical": "80%"},
    {"reading": "load", "warning": 2, "critical": 4},
    {"reading": "files_used", "warning": "70%", "critical": "90%"},
)
_PER_DISK: Final = {"disk_used": Unit.RATIO, "disk_free": Unit.BYTES, "inodes_used": Unit.RATIO}


def _build(options: Any, tools: ProbeTools) -> HostProbe:
    return HostProbe(options, tools)


KIND: Final = ProbeKind(
    name="host",
    summary="Looks at the host that Sentinel runs on: disks, memory, load, files, clock and processes.",
    options=HostOptions,
    readings={
        "memory_used": Unit.RATIO,
        "memory_free": Unit.BYTES,
        "swap_used": Unit.RATIO,
        "load": Unit.NONE,
        "cpu_used": Unit.RATIO,
        "files_used": Unit.RATIO,
        "uptime": Unit.SECONDS,
        "clock_offset": Unit.SECONDS,
        **_PER_DISK,
        **{f"{name}.*": unit for name, unit in _PER_DISK.items()},
        **{f"{name}.*": unit for name, unit in READINGS.items()},
    },
    lower_is_worse=frozenset({"memory_free", "uptime", "disk_free", "disk_free.*", "process_age.*"}),
    main="memory_used",
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
)
