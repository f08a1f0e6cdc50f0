"""Applications of PM2, as `pm2 jlist` tells of them.

That list has their environments in it, secrets and all: nothing is kept but what is picked below.
"""

import errno
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.process import Ended, ProgramFailed, run_program
from sentinel.probes.service.condition import Condition, finding_of, misunderstood

#: Bytes of the list that are read; each application takes some 5 to 10 KiB of it.
_LIST: Final = 2 << 20

#: Words that PM2 has for a state (its constants.js); others are not repeated.
_STATES: Final = frozenset(
    {"online", "stopping", "stopped", "launching", "errored", "one-launch-status", "waiting restart"}
)


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


class Pm2:
    """Asks pm2."""

    def __init__(self, options: Pm2Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._home = options.home or Path.home() / ".pm2"

    async def look(self, deadline: float) -> Condition:
        self._see_that_it_runs()
        environment = {"PM2_HOME": str(self._home)}
        try:
            ended = await run_program(
                [self._options.program, "jlist"], deadline, environment=environment, output_cap=_LIST
            )
        except ProgramFailed as problem:
            raise finding_of(problem, self._options.program, "PM2") from None
        mine = [one for one in self._listed(ended) if one.get("name") == self._options.name]
        if not mine:
            hint = "Is the name right (`pm2 list`), and was it started again after the last start of the host (`pm2 save`)?"
            raise Finding(FailureClass.MISSING, f"PM2 knows no application {self._options.name}", hint)
        return self._condition(mine)

    def _see_that_it_runs(self) -> None:
        """Without a daemon `pm2 jlist` starts one, which nobody wants of a look."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as knocking:
            number = knocking.connect_ex(str(self._home / "rpc.sock"))
        if number in {errno.EACCES, errno.EPERM}:
            hint = f"Run Sentinel as the user of {self._home}, and with ProtectHome=read-only where systemd runs it."
            raise Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not look into {self._home}", hint)
        if number not in {0, errno.EAGAIN}:
            hint = f"`pm2 resurrect` as its user, and `pm2 startup` for the next start of the host. Is {self._home} its folder?"
            raise Finding(FailureClass.NOT_RUNNING, "PM2's daemon does not run", hint)

    def _listed(self, ended: Ended) -> list[Mapping[str, Any]]:
        """The list. Lines before it are about updates and the like."""
        for line in reversed(ended.output.splitlines()):
            try:
                listed = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(listed, list):
                return [one for one in listed if isinstance(one, Mapping)]
        raise misunderstood(os.path.basename(self._options.program), ended)

    def _condition(self, mine: Sequence[Mapping[str, Any]]) -> Condition:
        environments = [_part(one, "pm2_env") for one in mine]
        online = [one for one, of in zip(mine, environments, strict=True) if of.get("status") == "online"]
        began = [_number(_part(one, "pm2_env"), "pm_uptime") for one in online]
        now = self._clock.now().timestamp()
        return Condition(
            findings=self._findings(environments, len(online)),
            up_for=min((max(now - at / 1000, 0.0) for at in began if at), default=None),
            mark=" ".join(str(one.get("pid")) for one in online),
            restarts=int(sum(_number(of, "restart_time") for of in environments)),
            memory=sum(_number(_part(one, "monit"), "memory") for one in online) if online else None,
            instances=len(online),
        )

    def _findings(self, environments: Sequence[Mapping[str, Any]], online: int) -> list[Finding]:
        name, least = self._options.name, self._options.least
        hint = f"`pm2 logs {name} --lines 50 --nostream` shows what it wrote last; `pm2 restart {name}` starts it."
        states = [_state(of) for of in environments if of.get("status") != "online"]
        if "errored" in states or not online:
            return [Finding(FailureClass.NOT_RUNNING, f"{name} is {states[0]}", hint)]
        if online < least:
            return [Finding(FailureClass.NOT_RUNNING, f"{online} of {name} online, {least} have to be", hint)]
        return []


def _state(of: Mapping[str, Any]) -> str:
    state = of.get("status")
    return state if isinstance(state, str) and state in _STATES else "in a state that is not known"


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = of.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(of: Mapping[str, Any], name: str) -> float:
    value = of.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
