"""Applications of PM2, as `pm2 jlist` tells of them.

That list has their environments in it, secrets and all: nothing is kept but what is picked below.
"""

import asyncio
import errno
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from sentinel.base.fields import Options
from sentinel.base.process import ProgramFailed, ProgramForbidden, ProgramMissing, run_program
from sentinel.core.result import FailureClass
from sentinel.probes.base import ProbeTools
from sentinel.probes.finding import Finding
from sentinel.probes.service.condition import Condition, finding_of, misunderstood

#: Bytes of the list that are read; each instance takes some 5 to 10 KiB of it.
_LIST: Final = 1 << 20

#: Words that PM2 has for a state (its constants.js); others are not repeated.
_STATES: Final = frozenset(
    {"online", "stopping", "stopped", "launching", "errored", "one-launch-status", "waiting restart"}
)


#: What PM2 leaves in its folder (its paths.js), whether its daemon runs or not.
_MARKS: Final = frozenset({"rpc.sock", "pm2.log", "pm2.pid", "dump.pm2", "module_conf.json"})

_HOME_HINT: Final = "Set `home` to PM2's folder, often `.pm2` in the home of the user whose applications it runs."


class Pm2Options(Options):
    """An application of PM2."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Its name, as `pm2 list` shows it."""
    home: Path | None = None
    """PM2's folder; `.pm2` in the home of Sentinel's user when not given."""
    least: Annotated[int, Field(ge=1)] = 1
    """How many instances have to be online at least."""
    program: str = "pm2"
    """The program to ask, by its name in PATH or by its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instance:
    """What is kept of one entry of the list."""

    name: str
    state: str
    pid: str
    restarts: float  # since PM2 knows it
    began: float  # seconds since 1970; 0 when it never did
    memory: float  # bytes


class Pm2:
    """Asks pm2. The list is the same for all applications, so checks that are due together share it."""

    def __init__(self, options: Pm2Options, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._home = options.home or Path.home() / ".pm2"

    async def look(self, deadline: float) -> Condition:
        key = ("pm2", self._home, self._options.program)
        max_age = self._tools.interval.total_seconds() / 10
        try:
            async with asyncio.timeout_at(deadline + _MOMENT):
                listed = await self._tools.shared.get(key, lambda: self._ask(deadline), max_age=max_age, taker=self)
        except TimeoutError:  # another check had asked before, and may wait for longer
            raise Finding(FailureClass.READ_TIMEOUT, "PM2 gave no list in time", "Try `pm2 list` by hand.") from None
        if isinstance(listed, Finding):
            raise Finding(listed.failure, listed.explanation, listed.hint)
        mine = [one for one in listed if one.name == self._options.name]
        if not mine:
            hint = "Is the name right (`pm2 list`), and was it started again after the last start of the host (`pm2 save`)?"
            raise Finding(FailureClass.MISSING, f"PM2 knows no application {self._options.name}", hint)
        return self._condition(mine)

    # --- The list ---------------------------------------------------------------------------------------------------

    async def _ask(self, deadline: float) -> list[_Instance] | Finding:
        """A finding is answered, not raised: several checks may get it."""
        try:
            self._see_that_it_is_there()
            self._see_that_it_runs()
            return await self._list(deadline)
        except Finding as finding:
            return Finding(finding.failure, finding.explanation, finding.hint)

    def _see_that_it_is_there(self) -> None:
        """Where the program or the folder is none of PM2's, a daemon that does not answer says nothing."""
        program = self._options.program
        if shutil.which(program) is None:
            there = "/" in program and Path(program).exists()
            problem = ProgramForbidden(f"Sentinel may not run {os.path.basename(program)}") if there else None
            raise finding_of(problem or ProgramMissing(f"there is no program {program}"), program, "PM2")
        try:
            names = set(os.listdir(self._home))
        except PermissionError:
            return  # knocking tells
        except OSError:  # no such folder, or a path that is too long for one
            raise Finding(FailureClass.MISCONFIGURED, f"there is no folder {self._home}", _HOME_HINT) from None
        if not names & _MARKS:
            raise Finding(FailureClass.MISCONFIGURED, f"{self._home} holds nothing of PM2's", _HOME_HINT)

    def _see_that_it_runs(self) -> None:
        """Without a daemon `pm2 jlist` starts one, which nobody wants of a look."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as knocking:
            try:
                number = knocking.connect_ex(str(self._home / "rpc.sock"))
            except OSError:  # a path that is too long for a socket (unix(7)), so PM2 has none there either
                explanation = f"PM2 has no socket in {self._home}"
                raise Finding(FailureClass.MISCONFIGURED, explanation, _HOME_HINT) from None
        if number in {errno.EACCES, errno.EPERM}:
            hint = f"Run Sentinel as the user of {self._home}, and with ProtectHome=read-only where systemd runs it."
            raise Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not look into {self._home}", hint)
        if number not in {0, errno.EAGAIN}:
            hint = f"`pm2 resurrect` as its user, and `pm2 startup` for the next start of the host. Is {self._home} its folder?"
            raise Finding(FailureClass.NOT_RUNNING, "PM2's daemon does not run", hint)

    async def _list(self, deadline: float) -> list[_Instance]:
        program = self._options.program
        environment = {"PM2_HOME": str(self._home)}
        try:
            ended = await run_program([program, "jlist"], deadline, environment=environment, output_cap=_LIST)
        except ProgramFailed as problem:
            raise finding_of(problem, program, "PM2") from None
        # Lines before the list are about updates and the like.
        last = ended.output.rstrip().rpartition(b"\n")[2]
        try:
            listed = orjson.loads(last)
        except ValueError:
            listed = None
        if not isinstance(listed, list):
            raise misunderstood(os.path.basename(program), ended)
        return [_instance(one) for one in listed if isinstance(one, Mapping)]

    # --- One application --------------------------------------------------------------------------------------------

    def _condition(self, mine: Sequence[_Instance]) -> Condition:
        online = [one for one in mine if one.state == "online"]
        now = self._tools.clock.now().timestamp()
        return Condition(
            findings=self._findings(mine, len(online)),
            up_for=min((max(now - one.began, 0.0) for one in online if one.began), default=None),
            mark=" ".join(one.pid for one in online),
            restarts=int(sum(one.restarts for one in mine)),
            memory=sum(one.memory for one in online) if online else None,
            instances=len(online),
        )

    def _findings(self, mine: Sequence[_Instance], online: int) -> list[Finding]:
        name, least = self._options.name, self._options.least
        hint = f"`pm2 logs {name} --lines 50 --nostream` shows what it wrote last; `pm2 restart {name}` starts it."
        states = sorted({one.state for one in mine if one.state != "online"})
        if "errored" in states or not online:
            state = "errored" if "errored" in states else states[0]
            return [Finding(FailureClass.NOT_RUNNING, f"{name} is {state}", hint)]
        if online < least:
            return [Finding(FailureClass.NOT_RUNNING, f"{online} of {name} online, {least} have to be", hint)]
        return []


def _instance(entry: Mapping[str, Any]) -> _Instance:
    environment, figures = _part(entry, "pm2_env"), _part(entry, "monit")
    state = environment.get("status")
    known = isinstance(state, str) and state in _STATES
    return _Instance(
        name=str(entry.get("name")),
        state=str(state) if known else "in a state that is not known",
        pid=str(entry.get("pid")),
        restarts=_number(environment, "restart_time"),
        began=_number(environment, "pm_uptime") / 1000,
        memory=_number(figures, "memory"),
    )


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = of.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(of: Mapping[str, Any], name: str) -> float:
    value = of.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def shared_phase(options: Pm2Options) -> str:
    """Checks of one PM2 are due together."""
    return f"pm2 {options.home or ''}"


_MOMENT: Final = 0.1  # seconds that who asked is given to find out itself that there is no answer
