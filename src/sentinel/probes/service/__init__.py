"""The `service` probe: whether a service runs, as whoever manages it says: systemd, Supervisor, PM2, Docker, or a port."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import Measurement, Note, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.local.restarts import Restarts
from sentinel.probes.service.condition import Condition, Manager
from sentinel.probes.service.container import Container, ContainerOptions
from sentinel.probes.service.pm2 import Pm2, Pm2Options, shared_phase
from sentinel.probes.service.port import Port, PortOptions
from sentinel.probes.service.supervisor import Supervisor, SupervisorOptions
from sentinel.probes.service.systemd import Systemd, SystemdOptions


class ServiceOptions(Options):
    """Asks whoever manages a service; one of them."""

    systemd: SystemdOptions | None = None
    """A unit of systemd."""
    supervisor: SupervisorOptions | None = None
    """A program of Supervisor."""
    pm2: Pm2Options | None = None
    """An application of PM2."""
    container: ContainerOptions | None = None
    """A container of Docker or Podman."""
    port: PortOptions | None = None
    """A TCP port of this host."""

    @model_validator(mode="after")
    def _has_one_manager(self) -> Self:
        if sum(part is not None for part in (self.systemd, self.supervisor, self.pm2, self.container, self.port)) != 1:
            raise ValueError("one of systemd, supervisor, pm2, container and port")
        return self

    @property
    def program(self) -> str:
        """The program that is run; empty when none is."""
        part = self.systemd or self.supervisor or self.pm2
        return part.program if part is not None else ""


class ServiceProbe:
    """Asks one manager about one service, and counts how often that was started again."""

    host = ""

    def __init__(self, options: ServiceOptions, tools: ProbeTools) -> None:
        self._manager = _manager(options, tools)
        self._clock = tools.clock
        self._restarts = Restarts.of_note(tools.note)
        self._noted: Note = tools.note or {}
        self._cpu: tuple[float, float] | None = None  # seconds of processor time, and when they were read

    async def measure(self, deadline: float) -> Measurement:
        try:
            condition = await self._manager.look(deadline)
        except Finding as finding:
            return measurement([finding], [])
        self._restarts = self._restarts.seen(condition.mark, self._clock.now(), condition.restarts)
        readings = self._readings(condition)
        return measurement(condition.findings, readings, note=self._news(), hints=_HINTS)

    async def close(self) -> None:
        """There is nothing to give back."""

    def _readings(self, condition: Condition) -> list[Reading]:
        values = {
            "up_for": condition.up_for,
            "restarts": self._restarts.lately,
            "memory": condition.memory,
            "cpu_used": self._cpu_used(condition.cpu),
            "instances": condition.instances,
        }
        return [Reading(name, value, READINGS[name]) for name, value in values.items() if value is not None]

    def _cpu_used(self, seconds: float | None) -> float | None:
        """Processors kept busy since the last look. Less time than before means another life: nothing can be said."""
        before, now = self._cpu, self._clock.monotonic()
        self._cpu = None if seconds is None else (seconds, now)
        if seconds is None or before is None or seconds < before[0] or now <= before[1]:
            return None
        return (seconds - before[0]) / (now - before[1])

    def _news(self) -> Note | None:
        note = self._restarts.note()
        if note == self._noted:
            return None
        self._noted = note
        return note


def _manager(options: ServiceOptions, tools: ProbeTools) -> Manager:
    if options.systemd is not None:
        return Systemd(options.systemd)
    if options.supervisor is not None:
        return Supervisor(options.supervisor)
    if options.pm2 is not None:
        return Pm2(options.pm2, tools)
    if options.container is not None:
        return Container(options.container, tools.clock)
    assert options.port is not None, "the options have one manager"
    return Port(options.port)


def _lacks(options: Any) -> str:
    if options.program and not shutil.which(options.program):
        return f"this host has no program {options.program}: install it, or set `program` to its path"
    if options.container is not None and not _is_socket(options.container.socket):
        return f"there is no socket at {options.container.socket}: install Docker or Podman, or set `socket`"
    return ""


def _is_socket(path: Path) -> bool:
    """Whether there is one, or may be one: of a folder that Sentinel may not enter, the first run tells what to grant."""
    try:
        return path.is_socket()
    except PermissionError:
        return True


def _shares(options: Any) -> str:
    return "" if options.pm2 is None else shared_phase(options.pm2)


#: What who can tell.
_TOLD_BY: Final[Mapping[str, frozenset[str]]] = {
    "systemd": frozenset({"up_for", "restarts", "memory", "cpu_used"}),
    "supervisor": frozenset({"up_for", "restarts", "instances"}),
    "pm2": frozenset({"up_for", "restarts", "memory", "instances"}),
    "container": frozenset({"up_for", "restarts", "memory", "cpu_used"}),
    "port": frozenset({"restarts", "instances"}),
}


def _idle(options: Any) -> Mapping[str, str]:
    asked = next(manager for manager in _TOLD_BY if getattr(options, manager) is not None)
    idle = {name: " or ".join(f"`{who}`" for who, told in _TOLD_BY.items() if name in told) for name in READINGS}
    return {name: tellers for name, tellers in idle.items() if name not in _TOLD_BY[asked]}


def _usual_rules(_options: Any) -> Sequence[Mapping[str, Any]]:
    return [{"reading": "restarts", "warning": 1, "critical": 4}]


READINGS: Final[Mapping[str, Unit]] = {
    "up_for": Unit.SECONDS,
    "restarts": Unit.COUNT,
    "memory": Unit.BYTES,
    "cpu_used": Unit.RATIO,
    "instances": Unit.COUNT,
}
_HINTS: Final = {
    "restarts": "It ends and is started again, over and over: its log has why, and `dmesg` whether memory was short.",
    "memory": "See whether it grows without end; a restart buys time.",
}


def _build(options: Any, tools: ProbeTools) -> ServiceProbe:
    return ServiceProbe(options, tools)


KIND: Final = ProbeKind(
    name="service",
    summary="Asks systemd, Supervisor, PM2 or Docker whether a service runs and how often it was started again; or a port.",
    options=ServiceOptions,
    readings=READINGS,
    lower_is_worse=frozenset({"up_for", "instances"}),
    main="up_for",
    build=_build,
    idle=_idle,
    usual_rules=_usual_rules,
    lacks=_lacks,
    shares=_shares,
)
