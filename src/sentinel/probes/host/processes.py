"""Processes: found by name, command line, file or port; counted, weighed, and their restarts noticed. Reads /proc, and blocks."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.host.options import ProcessOptions
from sentinel.probes.local.listeners import Listener, listeners
from sentinel.probes.local.restarts import mark_of

Listening = Mapping[int, Sequence[Listener]]  # by port


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One process, as it was found."""

    pid: int
    mark: str  # tells it from others that have its id later
    began: float  # seconds since 1970
    memory: int  # resident; bytes
    cpu: float  # seconds of processor time so far
    threads: int
    files: float | None  # the share of the files that it may open; None where Sentinel may not see that
    unset: tuple[str, ...] | None = ()  # variables that are not set; None where Sentinel may not see that


def find(wanted: Sequence[ProcessOptions]) -> Mapping[str, list[Seen] | Finding]:
    """What was found of each, by name: the processes, or why none could be looked for."""
    running = list(psutil.process_iter()) if any(one.program or one.command for one in wanted) else []
    listening = listeners() if any(one.port for one in wanted) else {}
    found: dict[str, list[Seen] | Finding] = {}
    for one in wanted:
        try:
            seen = [look for process in _candidates(one, running, listening) if (look := _look(process, one))]
            found[one.name] = seen or unseen(one, _sees_all(), _knows_users()) or []
        except Finding as finding:
            found[one.name] = finding
    return found


def unseen(one: ProcessOptions, sees_all: bool, knows_users: bool) -> Finding | None:
    """Why a process that was not found may be there all the same; None when it would have been found.

    Args:
        one: what was looked for.
        sees_all: whether the processes of all users show in /proc here.
        knows_users: whether their users are told from each other here.
    """
    if sees_all and (knows_users or one.user is None):
        return None
    setting = "PrivateUsers=no" if sees_all else "ProtectProc=default"
    hint = f"Set {setting} for Sentinel (`systemctl edit sentinel`, in [Service]) and start it again."
    return Finding(FailureClass.NOT_PERMITTED, f"{one.name}: Sentinel may not see the processes of other users", hint)


def _sees_all() -> bool:
    # `hidepid` (systemd's ProtectProc=) hides the processes of others, the first of all among them (proc(5)).
    return os.path.exists("/proc/1/stat")


def _knows_users() -> bool:
    # In a user namespace (systemd's PrivateUsers=) all others are `nobody` (user_namespaces(7)).
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ["0", "0", str(2**32 - 1)]


def _candidates(
    one: ProcessOptions, running: Iterable[psutil.Process], listening: Listening
) -> Iterable[psutil.Process]:
    if one.pid_file is not None:
        return _existing([_pid_in(one)])
    if one.port is not None:
        return _existing(_pids_at(one, listening))
    return [process for process in running if process.pid != os.getpid() and _is_it(process, one)]


def _is_it(process: psutil.Process, one: ProcessOptions) -> bool:
    try:
        if one.program is not None and process.name() == one.program:
            return True
        words = process.cmdline()
    except psutil.Error:
        return False  # it has just ended
    if one.command is not None:
        return one.command.found_in(" ".join(words))
    return bool(words) and os.path.basename(words[0]) == one.program


def _pid_in(one: ProcessOptions) -> int:
    assert one.pid_file is not None
    try:
        with one.pid_file.open(encoding="ascii") as file:
            return int(file.read(20))
    except FileNotFoundError:
        raise Finding(FailureClass.NOT_RUNNING, f"{one.name}: there is no {one.pid_file}", _START) from None
    except PermissionError:
        hint = f"Let Sentinel's user read it: `chmod o+r {one.pid_file}`."
        raise Finding(FailureClass.NOT_PERMITTED, f"{one.name}: Sentinel may not read {one.pid_file}", hint) from None
    except (OSError, ValueError):
        explanation = f"{one.name}: {one.pid_file} holds no process id"
        raise Finding(FailureClass.NOT_RUNNING, explanation, _START) from None


def _pids_at(one: ProcessOptions, listening: Listening) -> list[int]:
    assert one.port is not None
    found = listening.get(one.port)
    if not found:
        raise Finding(FailureClass.NOT_RUNNING, f"{one.name}: nothing listens on port {one.port}", _START)
    known = list(dict.fromkeys(listener.pid for listener in found if listener.pid is not None))
    if not known:
        hint = (
            "Whose port it is only its user and root can see. Find the process by `program`, `command` or `pid_file`."
        )
        explanation = f"{one.name}: something listens on port {one.port}, and Sentinel may not see what"
        raise Finding(FailureClass.NOT_PERMITTED, explanation, hint)
    return known


def _existing(pids: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        try:
            found.append(psutil.Process(pid))
        except (psutil.Error, ValueError, OverflowError):
            continue  # what the file names, or what listened, has ended
    return found


def _look(process: psutil.Process, one: ProcessOptions) -> Seen | None:
    """The process; None when it has ended, is of another user, or waits for its parent as a zombie."""
    try:
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE or (one.user and process.username() != one.user):
                return None
            times = process.cpu_times()
            return Seen(
                pid=process.pid,
                mark=mark_of(process.pid),
                began=process.create_time(),
                memory=process.memory_info().rss,
                cpu=times.user + times.system,
                threads=process.num_threads(),
                files=_files(process.pid),
                unset=_unset(process.pid, one.environment),
            )
    except psutil.Error:
        return None


def _files(pid: int) -> float | None:
    try:
        count = len(os.listdir(f"/proc/{pid}/fd"))
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    except OSError:
        return None
    line = next((line for line in limits.splitlines() if line.startswith("Max open files")), "")
    words = line.removeprefix("Max open files").split()
    return count / int(words[0]) if words and words[0].isdigit() and int(words[0]) else 0.0


def _unset(pid: int, names: Sequence[str]) -> tuple[str, ...] | None:
    """The variables that are not set. What the others hold is not kept."""
    if not names:
        return ()
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read(_ENVIRONMENT).split(b"\0")
    except OSError:
        return None
    present = {name for name, _, value in (entry.partition(b"=") for entry in entries) if value}
    return tuple(name for name in names if name.encode() not in present)


_ENVIRONMENT: Final = 2 << 20  # bytes of it that are read; the kernel lets arguments and environment have some 2 MiB
_START: Final = "Start it, and see its log and `dmesg` (out of memory?) for why it ended."
