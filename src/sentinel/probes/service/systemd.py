"""Units of systemd, as `systemctl show` tells of them (org.freedesktop.systemd1(5) says what each property is)."""

import os
import re
from collections.abc import Mapping
from time import monotonic
from typing import Annotated, Final

from pydantic import AfterValidator

from sentinel.base.fields import Options
from sentinel.base.process import Ended, ProgramFailed, run_program
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.service.condition import Condition, finding_of, misunderstood

_UNIT: Final = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}\Z")
_PROPERTIES: Final = (
    "LoadState,ActiveState,SubState,Result,ExecMainStatus,UnitFileState,NRestarts,InvocationID,"
    "ActiveEnterTimestampMonotonic,MemoryCurrent,CPUUsageNSec"
)
_UNSET: Final = 2**64 - 1  # how systemd writes a number that it does not know


def _unit(value: str) -> str:
    if not _UNIT.match(value):
        raise ValueError("the name of a unit, such as 'hospital-api.service'")
    return value


class SystemdOptions(Options):
    """A unit of systemd."""

    unit: Annotated[str, AfterValidator(_unit)]
    """Its name; without an ending, `.service` is meant."""
    user: bool = False
    """Whether it is a unit of the user that Sentinel runs as."""
    states: tuple[str, ...] = ("active", "reloading")
    """Active states that are good. Add `inactive` for a service that a timer starts."""
    enabled: bool = False
    """Whether it has to be enabled, so that it comes back when the host is started again."""
    program: str = "systemctl"
    """The program to ask, by its name in PATH or by its path."""


class Systemd:
    """Asks systemctl."""

    def __init__(self, options: SystemdOptions) -> None:
        self._options = options
        scope = ["--user"] if options.user else []
        self._command = [options.program, *scope, "show", f"--property={_PROPERTIES}", "--", options.unit]

    async def look(self, deadline: float) -> Condition:
        try:
            ended = await run_program(self._command, deadline)
        except ProgramFailed as problem:
            raise finding_of(problem, self._options.program, "systemd") from None
        if ended.status:
            raise self._refused(ended)
        properties = _read(ended.output)
        if "ActiveState" not in properties:
            raise misunderstood(os.path.basename(self._options.program), ended)
        return self._condition(properties)

    def _condition(self, of: Mapping[str, str]) -> Condition:
        unit, state = self._options.unit, of["ActiveState"]
        if of.get("LoadState") == "not-found":
            hint = (
                "Is the name right (`systemctl list-units --all`), and was `daemon-reload` run after it was installed?"
            )
            raise Finding(FailureClass.MISSING, f"systemd knows no unit {unit}", hint)
        runs = state in {"active", "reloading"}
        entered = _number(of, "ActiveEnterTimestampMonotonic")
        return Condition(
            findings=self._findings(of),
            # systemd's monotonic clock is the one of the kernel, as is ours.
            up_for=max(monotonic() - entered / 1e6, 0.0) if runs and entered else None,
            mark=of.get("InvocationID", "") if runs else "",
            restarts=int(_number(of, "NRestarts") or 0),
            memory=_number(of, "MemoryCurrent"),
            cpu=None if (used := _number(of, "CPUUsageNSec")) is None else used / 1e9,
        )

    def _findings(self, of: Mapping[str, str]) -> list[Finding]:
        unit = self._options.unit
        findings = []
        if of["ActiveState"] not in self._options.states:
            hint = f"`systemctl status {unit}` and `journalctl -u {unit} -n 50` tell why."
            findings.append(Finding(FailureClass.NOT_RUNNING, f"{unit} is {_shown(of)}", hint))
        if self._options.enabled and not of.get("UnitFileState", "").startswith(("enabled", "static", "alias")):
            hint = f"`systemctl enable {unit}`; as it is, nothing starts it when the host is started again."
            findings.append(Finding(FailureClass.DEGRADED, f"{unit} is not enabled", hint))
        return findings

    def _refused(self, ended: Ended) -> Finding:
        said = ended.errors.decode("utf-8", "replace").lower()
        if "denied" in said or "not permitted" in said:
            hint = "Let Sentinel's user talk to systemd over D-Bus; reading needs no right on a usual host."
            return Finding(FailureClass.NOT_PERMITTED, "systemd refuses to tell Sentinel's user of its units", hint)
        if "bus" in said or "booted with systemd" in said or "no medium found" in said:
            hint = "Is this host run by systemd? In a container it is not. For `user`, the user needs `loginctl enable-linger`."
            return Finding(FailureClass.NOT_INSTALLED, "there is no systemd to ask here", hint)
        return misunderstood(os.path.basename(self._options.program), ended)


def _read(output: bytes) -> dict[str, str]:
    lines = output.decode("utf-8", "replace").splitlines()
    return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}


def _number(of: Mapping[str, str], name: str) -> float | None:
    text = of.get(name, "")
    return float(text) if text.isdigit() and int(text) != _UNSET else None


def _shown(of: Mapping[str, str]) -> str:
    """The state, as systemctl writes it, with what a failed unit failed by."""
    state = f"{of['ActiveState']} ({of.get('SubState', '')})"
    if of.get("LoadState") == "masked":
        return f"{state}, masked"
    result, status = of.get("Result", "success"), of.get("ExecMainStatus", "0")
    if result == "success":
        return state
    return f"{state}: {result}" + (f", status {status}" if result == "exit-code" else "")
