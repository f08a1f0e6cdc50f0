"""What the `host` check looks at."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from sentinel.base.fields import Duration, Options
from sentinel.probes.expect.patterns import Pattern

_NAME: Final = re.compile(r"[a-z0-9_-]{1,40}\Z")
_SERVER: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?\Z")


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError("small letters, digits, `_` and `-`, at most 40")
    return value


def _paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    if not all(path.startswith("/") and "\0" not in path for path in paths) or len(set(paths)) < len(paths):
        raise ValueError("absolute paths, each once")
    return paths


def _server(value: str) -> str:
    if not _SERVER.match(value):
        raise ValueError("a name or address, with a port if it is not 123: 'ntp.example.org', '[2001:db8::1]:123'")
    return value


class ProcessOptions(Options):
    """A process that must run, and how to find it: by one of `program`, `command`, `pid_file` and `port`."""

    name: Annotated[str, AfterValidator(_name)]
    """What it is called in readings: `process_memory.<name>`."""
    program: str | None = None
    """The file name of its program, such as `postgres`."""
    command: Pattern | None = None
    """A pattern that is found in its command line, for programs of an interpreter: `gunicorn .*api`."""
    pid_file: Path | None = None
    """A file with its process id."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The TCP port that it listens on."""
    user: str | None = None
    """Only processes of this user."""
    least: Annotated[int, Field(ge=1)] = 1
    """How many have to run at least."""
    most: Annotated[int, Field(ge=1)] | None = None
    """How many may run at most."""
    environment: tuple[str, ...] = ()
    """Variables that must be set, and not empty, in its environment. Only names are looked at."""

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        ways = [self.program, self.command, self.pid_file, self.port]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("one of program, command, pid_file and port")
        if self.most is not None and self.most < self.least:
            raise ValueError("most that is not below least")
        return self


class HostOptions(Options):
    """Looks at the host that Sentinel runs on."""

    disks: Annotated[tuple[str, ...], AfterValidator(_paths)] = ("/",)
    """File systems to look at, each by a path in it."""
    mounted: Annotated[tuple[str, ...], AfterValidator(_paths)] = ()
    """Paths where something has to be mounted; they are looked at as well."""
    processes: tuple[ProcessOptions, ...] = ()
    """Processes that must run."""
    ntp_server: Annotated[str, AfterValidator(_server)] | None = None
    """A time server to compare the clock with, by one packet in every run."""
    synchronised: bool = False
    """Whether the kernel has to say that something (chrony, timesyncd, ntpd) keeps the clock in time."""
    reboots_told_for: Duration = timedelta(minutes=15)
    """How long after a start of the host it is told of, as a warning. 0 for never."""

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [process.name for process in self.processes]
        if len(set(names)) < len(names):
            raise ValueError("processes with different names")
        return self

    @property
    def ntp(self) -> tuple[str, int] | None:
        match = _SERVER.match(self.ntp_server or "")
        return None if match is None else (match[1] or match[2], int(match[3] or 123))
