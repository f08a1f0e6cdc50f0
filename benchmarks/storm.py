"""Every check fails at the same moment: how much is sent, whether all of it is told, and whether the checks stay on time.

One receiver has a budget and one has none, so that both ways are measured: what people get, and what a program gets.
"""

import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Any

from benchmarks.arrivals import NANO, Arrivals, quantile
from benchmarks.children import Server
from benchmarks.cost import SCRATCH, SETTLE
from benchmarks.daemon import Daemon
from benchmarks.figures import Figure
from benchmarks.server import Entry
from benchmarks.workload import Watch, plain, write

CHECKS = 5_000
BUDGET = {"messages": 20, "per": "10m"}

#: Seconds that are looked at from the moment when everything breaks: at an interval of 10 s the last check opens by its third
#: failure after 30 s, or sooner where checks are made again before.
LASTS = 75.0

MEMORY_BOUND = 300  # megabytes more than before


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one receiver got."""

    messages: int
    named: frozenset[str]  # checks
    last: float  # seconds from the break to the message that named the last of them


def measure(python: str) -> list[Figure]:
    """Break everything and see."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        target, people, program = (stack.enter_context(Server(folder)) for _ in range(3))
        watches = plain(target, CHECKS)
        daemon = stack.enter_context(Daemon(_write(folder, watches, people, program), python))
        daemon.wait_until_all_checked(target, len(watches))
        sleep(SETTLE)
        before = daemon.memory()
        target.take_log()
        began = monotonic_ns()
        target.fail_all()
        sleep(LASTS)
        most = daemon.memory("VmHWM")
        arrivals = Arrivals(entries=target.take_log())
        told = [_told(server.take_log(), began) for server in (people, program)]
    return [*_figures(*told), *_costs(arrivals.lateness(watches), most - before)]


def _write(folder: Path, watches: Sequence[Watch], people: Server, program: Server) -> Path:
    file = write(folder, watches, program)
    configuration: dict[str, Any] = json.loads(file.read_text())
    slow = {"kind": "webhook", "url": f"http://127.0.0.1:{people.http_ports[0]}/people", "budget": BUDGET}
    configuration["channels"]["people"] = slow
    # Each by itself: a group would tell of all of them in one message.
    configuration["checks"] = [{**check, "group": check["name"]} for check in configuration["checks"]]
    file.write_text(json.dumps(configuration))
    return file


def _told(calls: Sequence[Entry], began: int) -> Told:
    named: dict[str, float] = {}
    for at, _, body in calls:
        message = json.loads(body) if isinstance(body, str) else {}
        for name in _names(message):
            named.setdefault(name, (at - began) * NANO)
    return Told(messages=len(calls), named=frozenset(named), last=max(named.values(), default=0.0))


def _names(message: dict[str, Any]) -> list[str]:
    own = [message["check"]["name"]] if message.get("check") else []
    return [*own, *(one["check"] for one in (*message.get("news", ()), *message.get("others", ())))]


def _figures(people: Told, program: Told) -> list[Figure]:
    title = f"storm, {CHECKS:,} checks at once"
    allowed = BUDGET["messages"] + 1 + LASTS / 30  # type: ignore[operator]  # a number; one digest, and what flows in meanwhile
    return [
        Figure(name=f"{title}: messages to people", value=people.messages, bound=allowed),
        Figure(name=f"{title}: checks that no message to people names", value=CHECKS - len(people.named), bound=0),
        Figure(name=f"{title}: all told to people after", value=people.last, unit="s", digits=1),
        Figure(name=f"{title}: checks that no message to a program names", value=CHECKS - len(program.named), bound=0),
        Figure(name=f"{title}: all told to a program after", value=program.last, unit="s", digits=1),
    ]


def _costs(late: Sequence[float], memory: float) -> list[Figure]:
    return [
        Figure(name="storm: lateness of checks, 99 %", value=(quantile(late, 0.99) or 0) * 1000, unit="ms", bound=1000),
        Figure(name="storm: memory on top, at most", value=memory, unit="MB", bound=MEMORY_BOUND),
    ]
