"""A network of its own for one run of the `ping` probe: a child process in a fresh network namespace, with only a loopback.

There the test decides whether the kernel lets anybody send echoes, and whether it answers them, and the machine's own network
stays as it is. Where the kernel gives no namespace (some containers), the run takes place in the machine's network instead, and
`Seen.own_network` is false.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop

from sentinel.core.result import FailureClass
from sentinel.probes.ping import permitted
from tests.kit.bench import Bench, readings, run
from tests.kit.ports import LOOPBACK

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # clone(2)
_SET_FLAGS, _UP, _RUNNING = 0x8914, 0x1, 0x40  # netdevice(7)
_SETTINGS = Path("/proc/sys/net/ipv4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of a run, and where it took place."""

    own_network: bool
    permitted: bool  # whether the kernel let it send echoes
    failure: FailureClass | None
    explanation: str
    hint: str
    readings: dict[str, float]
    seconds: float
    left_open: int  # descriptors and tasks that the run left behind


def measure_ping(*, allowed: bool = True, answering: bool = True, **how: Any) -> Seen:
    """One run in a network of its own. `how`: the probe's options, `within` seconds, `cancel` after that many."""
    asked = json.dumps({"allowed": allowed, "answering": answering, **how})
    program = [sys.executable, "-m", "tests.kit.echo_lab", asked]
    root = Path(__file__).parents[2]
    done = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return Seen(**{**seen, "failure": FailureClass(seen["failure"]) if seen["failure"] else None})


def _enter(*, allowed: bool, answering: bool) -> bool:
    """Leave the machine's network; whether that worked."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_USER | _NEW_NET):
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP | _RUNNING).ljust(40, b"\0"))
        (_SETTINGS / "ping_group_range").write_text("0 0" if allowed else "1 0")
        (_SETTINGS / "icmp_echo_ignore_all").write_text("0" if answering else "1")
    except OSError:
        return False
    return True


async def _measure(own_network: bool, *, within: float = 5.0, cancel: float = 0.0, **options: Any) -> Seen:
    loop = asyncio.get_running_loop()
    async with Bench() as bench:
        probe = bench.build("ping", **options)
        before = _held()
        began = loop.time()
        running = asyncio.create_task(run(probe, within=within))
        if cancel:
            await asyncio.wait({running}, timeout=cancel)
            running.cancel()
        [found] = await asyncio.gather(running, return_exceptions=True)
        seconds = loop.time() - began
        left_open = _held() - before
    assert cancel or not isinstance(found, BaseException), found
    ended = found if not isinstance(found, BaseException) else None
    return Seen(
        own_network=own_network,
        permitted=permitted(),
        failure=ended.failure if ended else None,
        explanation=ended.explanation if ended else "",
        hint=ended.hint if ended else "",
        readings=dict(readings(ended)) if ended else {},
        seconds=seconds,
        left_open=left_open,
    )


def _held() -> int:
    return len(os.listdir("/proc/self/fd")) + len(asyncio.all_tasks())


def main() -> None:
    asked = json.loads(sys.argv[1])
    own_network = _enter(allowed=asked.pop("allowed"), answering=asked.pop("answering"))
    if not own_network:
        asked["host"] = LOOPBACK  # nothing leaves the machine
    print(json.dumps(asdict(uvloop.run(_measure(own_network, **asked)))))


if __name__ == "__main__":
    main()
