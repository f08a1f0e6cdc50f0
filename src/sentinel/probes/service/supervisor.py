"""Programs of supervisord, as `supervisorctl status` tells of them."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator

from sentinel.base.fields import Options
from sentinel.base.process import Ended, ProgramFailed, run_program
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.service.condition import Condition, finding_of, misunderstood

_NAME: Final = re.compile(r"[^\s'\"\0-][^\s'\"\0]{0,199}\Z")
_LINE: Final = re.compile(r"(\S+)\s+([A-Z]+)(?:\s+(.*))?\Z")
_RUNNING: Final = re.compile(r"pid (\d+), uptime (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_STATES: Final = frozenset({"STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN"})


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError("the name of a program, 'api' or 'group:api'; 'group:*' for all of a group")
    return value


class SupervisorOptions(Options):
    """A program of supervisord."""

    name: Annotated[str, AfterValidator(_name)]
    """Its name, `group:name` in a group; `group:*` stands for all of a group."""
    config: Path | None = None
    """Supervisor's own configuration, which says where supervisord listens; supervisorctl's usual one when not given."""
    program: str = "supervisorctl"
    """The program to ask, by its name in PATH or by its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What is said of one process."""

    name: str
    state: str
    pid: str = ""
    up_for: float | None = None  # seconds


class Supervisor:
    """Asks supervisorctl."""

    def __init__(self, options: SupervisorOptions) -> None:
        self._options = options
        config = [] if options.config is None else ["-c", str(options.config)]
        self._command = [options.program, *config, "status", options.name]

    async def look(self, deadline: float) -> Condition:
        try:
            ended = await run_program(self._command, deadline)
        except ProgramFailed as problem:
            raise finding_of(problem, self._options.program, "Supervisor") from None
        lines = _read(ended.output)
        if not lines:
            raise self._refused(ended)
        return self._condition(lines)

    def _condition(self, lines: Sequence[_Line]) -> Condition:
        running = [line for line in lines if line.state == "RUNNING"]
        whole = len(running) == len(lines)
        return Condition(
            findings=[self._down(line) for line in lines if line.state != "RUNNING"],
            up_for=min((line.up_for for line in running if line.up_for is not None), default=None),
            mark=" ".join(line.pid for line in running) if whole else "",
            instances=len(running),
        )

    def _down(self, line: _Line) -> Finding:
        hint = f"`supervisorctl tail {line.name} stderr` shows what it wrote last; `supervisorctl start {line.name}` starts it."
        return Finding(FailureClass.NOT_RUNNING, f"{line.name} is {line.state}", hint)

    def _refused(self, ended: Ended) -> Finding:
        said = (ended.output + ended.errors).decode("utf-8", "replace").lower()
        for words, failure, explanation, hint in _REFUSALS:
            if any(word in said for word in words):
                return Finding(failure, explanation.format(name=self._options.name), hint)
        return misunderstood(os.path.basename(self._options.program), ended)


def _read(output: bytes) -> list[_Line]:
    matches = (_LINE.match(line.rstrip()) for line in output.decode("utf-8", "replace").splitlines())
    return [_line(match) for match in matches if match is not None and match[2] in _STATES]


def _line(match: "re.Match[str]") -> _Line:
    name, state, rest = match.groups()
    running = _RUNNING.match(rest or "")
    if running is None:
        return _Line(name=name, state=state)
    pid, days, hours, minutes, seconds = running.groups()
    up_for = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return _Line(name=name, state=state, pid=pid, up_for=float(up_for))


#: What supervisorctl says instead of a state (supervisor/supervisorctl.py), in small letters, and what it means.
_REFUSALS: Final = (
    (
        ("no such process", "no such group"),
        FailureClass.MISSING,
        "supervisord knows no program {name}",
        "Is the name right (`supervisorctl status`), and has supervisord read its file (`supervisorctl update`)?",
    ),
    (
        ("permission", "eacces"),
        FailureClass.NOT_PERMITTED,
        "Sentinel may not talk to supervisord",
        "Give its socket to a group of Sentinel's: `chmod=0770` and `chown=root:sentinel` in [unix_http_server].",
    ),
    (
        ("requires authentication", "unauthorized"),
        FailureClass.CREDENTIAL_REFUSED,
        "supervisord wants a user and password",
        "Set `config` to a file with the right `username` and `password` in [supervisorctl], readable by Sentinel alone.",
    ),
    (
        ("could not find config file", "does not include supervisorctl section"),
        FailureClass.MISCONFIGURED,
        "supervisorctl found no configuration that it can use",
        "Set `config` to Supervisor's configuration, often /etc/supervisor/supervisord.conf.",
    ),
    (
        ("refused connection", "no such file", "connection refused"),
        FailureClass.NOT_RUNNING,
        "supervisord does not answer, and with it {name}",
        "Start supervisord (`systemctl status supervisor`). If it runs: does `config` name the socket that it listens on?",
    ),
)
