"""A TCP port of this host, as the kernel's table of sockets has it. Nothing is connected to."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Annotated, Final

import psutil
from pydantic import Field

from sentinel.base.fields import Options
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.local.lane import Hanging, Lane
from sentinel.probes.local.listeners import Listener, listeners
from sentinel.probes.local.restarts import mark_of
from sentinel.probes.service.condition import Condition


class PortOptions(Options):
    """A TCP port of this host that something has to listen on."""

    port: Annotated[int, Field(ge=1, le=65535)]
    """Its number."""
    program: str | None = None
    """The name of the program that has to have it, such as `nginx`."""
    only_local: bool = False
    """Whether nobody but this host may reach it: it must not listen on other addresses than 127.0.0.1 and ::1."""


class Port:
    """Looks into the table."""

    def __init__(self, options: PortOptions) -> None:
        self._options = options
        self._lane = Lane("listeners")

    async def look(self, deadline: float) -> Condition:
        try:
            return await self._lane.call(self._look, deadline)
        except Hanging:
            explanation = "the table of sockets was not read in time"
            raise Finding(FailureClass.READ_TIMEOUT, explanation, "See `ps` for processes in state D.") from None
        except (FileNotFoundError, PermissionError):
            # systemd's ProcSubset=pid leaves nothing in /proc but processes.
            hint = "Set ProcSubset=all for Sentinel (`systemctl edit sentinel`, in [Service]), or watch it by a `tcp` check."
            raise Finding(FailureClass.NOT_PERMITTED, "Sentinel may not see who listens on this host", hint) from None

    def _look(self) -> Condition:
        port = self._options.port
        found = listeners().get(port, [])
        if not found:
            hint = f"Is the service started, and set to port {port}? `ss -ltnp` shows who listens where."
            raise Finding(FailureClass.NOT_RUNNING, f"nothing listens on port {port}", hint)
        findings = [*self._owner(found), *self._reach(found)]
        pids = sorted({listener.pid for listener in found if listener.pid is not None})
        return Condition(findings=findings, mark=_life(pids), instances=len(pids) or None)

    def _owner(self, found: Sequence[Listener]) -> list[Finding]:
        wanted, port = self._options.program, self._options.port
        if wanted is None:
            return []
        names = {_name(listener.pid) for listener in found if listener.pid is not None} - {None}
        if not names:
            return [Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not see who listens on port {port}", _GRANT)]
        if wanted in names:
            return []
        others = ", ".join(sorted(str(name) for name in names))
        return [Finding(FailureClass.NOT_RUNNING, f"port {port} is {others}'s, not {wanted}'s", "`ss -ltnp` shows it.")]

    def _reach(self, found: Sequence[Listener]) -> list[Finding]:
        if not self._options.only_local or all(listener.is_local for listener in found):
            return []
        hint = "Let the service listen on 127.0.0.1 alone, or say `only_local: false` if others are meant to reach it."
        return [Finding(FailureClass.INSECURE, f"port {self._options.port} can be reached from other hosts", hint)]


def _life(pids: Iterable[int]) -> str:
    """The process that has listened for longest, as workers that share a port come and go; empty when none may be seen."""
    began = []
    for pid in pids:
        with suppress(psutil.Error):
            began.append((psutil.Process(pid).create_time(), pid))
    return mark_of(min(began)[1]) if began else ""


def _name(pid: int | None) -> str | None:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


_GRANT: Final = "Whose port it is only its user and root can see: run Sentinel as that user, or leave `program` out."
