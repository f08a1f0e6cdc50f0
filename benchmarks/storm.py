"""Every check fails at the same moment: how much is sent, whether all of it is told, and whether the checks stay on time.

People get mails, so many and no more; a program gets a call for each incident. Twice: once each check is by itself, so that there
are as many incidents to tell of as checks, and once all belong together, as the checks of one target do.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Any

from benchmarks.arrivals import NANO, Arrivals, quantile
from benchmarks.children import Server
from benchmarks.cost import SCRATCH, SETTLE
from benchmarks.daemon import Daemon
from benchmarks.figures import Figure
from benchmarks.machine import Load
from benchmarks.server import Entry
from benchmarks.workload import Watch, plain, write

CHECKS = 5_000
BUDGET = {"messages": 20, "per": "10m"}
REFILL = 30.0  # seconds until the budget allows one more message

#: Seconds that are looked at from the moment when everything breaks: at an interval of 10 s the last check opens by its third
#: failure after 30 s; what joins a group is told within another 30 s, and what the budget held back with its next message.
LASTS = 90.0

MEMORY_BOUND = 300  # megabytes more than before

_NAME = re.compile(r"\bc\d{5}\b")  # of a check, as `workload.plain` has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one receiver got."""

    messages: int
    named: frozenset[str]  # checks
    last: float  # seconds from the break to the message that named the last of them
    largest: float  # kilobytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What was seen of one storm."""

    title: str
    people: Told
    program: Told
    late: Sequence[float]  # seconds from the slot of each check to its arrival, the shortest first
    memory: float  # megabytes on top, at most
    cpu: float  # seconds
    others: float  # cores kept busy by anything but the daemon


def measure(python: str) -> list[Figure]:
    """Break everything and see."""
    storms = (_observe(python, "each by itself", ""), _observe(python, "all in one group", "rack"))
    return [figure for storm in storms for figure in _figures(storm)]


def _observe(python: str, title: str, group: str) -> Storm:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        target, people, program = (stack.enter_context(Server(folder)) for _ in range(3))
        watches = plain(target, CHECKS)
        daemon = stack.enter_context(Daemon(_write(folder, watches, people, program, group), python))
        daemon.wait_until_all_checked(target, len(watches))
        sleep(SETTLE)
        before, used, load = daemon.memory(), daemon.usage(), Load()
        target.take_log()
        began = monotonic_ns()
        target.fail_all()
        sleep(LASTS)
        cpu = daemon.usage().cpu - used.cpu
        return Storm(
            title=title,
            people=_told(people.take_log(), began),
            program=_told(program.take_log(), began),
            late=Arrivals(entries=target.take_log()).lateness(watches),
            memory=daemon.memory("VmHWM") - before,
            cpu=cpu,
            others=load.cores() - cpu / LASTS,
        )


def _write(folder: Path, watches: Sequence[Watch], people: Server, program: Server, group: str) -> Path:
    file = write(folder, watches, program)
    configuration: dict[str, Any] = json.loads(file.read_text())
    configuration["channels"]["people"] = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": people.smtp_port,
        "security": "none",
        "sender": "sentinel@example.org",
        "recipients": ["people@example.org"],
        "budget": BUDGET,
    }
    if group:
        configuration["checks"] = [{**check, "group": group} for check in configuration["checks"]]
    file.write_text(json.dumps(configuration))
    return file


def _told(messages: Sequence[Entry], began: int) -> Told:
    named: dict[str, float] = {}
    for at, path, body in messages:
        for name in _named_in_mail(str(body)) if path == "mail" else _named_in_call(str(body)):
            named.setdefault(name, (at - began) * NANO)
    return Told(
        messages=len(messages),
        named=frozenset(named),
        last=max(named.values(), default=0.0),
        largest=max((len(str(body)) for _, _, body in messages), default=0) / 1000,
    )


def _named_in_mail(mail: str) -> Iterator[str]:
    """The checks that a mail names, in its text or in a file that it brings along."""
    parts = message_from_string(mail, _class=EmailMessage, policy=default).walk()
    for part in parts:
        if part.get_content_maintype() == "text":
            yield from _NAME.findall(part.get_content())


def _named_in_call(body: str) -> Iterator[str]:
    message = json.loads(body)
    yield from [message["check"]["name"]] if message.get("check") else []
    yield from (one["check"] for one in (*message.get("news", ()), *message.get("others", ())))


def _figures(storm: Storm) -> list[Figure]:
    people, program = storm.people, storm.program
    figures = [
        Figure(name="messages to people", value=people.messages, bound=BUDGET["messages"] + LASTS / REFILL),  # type: ignore[operator]  # a number
        Figure(name="checks that no message to people names", value=CHECKS - len(people.named), bound=0),
        Figure(name="all told to people after", value=people.last, unit="s", digits=1),
        Figure(name="largest message to people", value=people.largest, unit="KB"),
        Figure(name="messages to a program", value=program.messages),
        Figure(name="checks that no message to a program names", value=CHECKS - len(program.named)),
        Figure(name="the last message to a program after", value=program.last, unit="s", digits=1),
        Figure(name="largest message to a program", value=program.largest, unit="KB"),
        Figure(name="lateness of checks, median", value=_ms(storm.late, 0.5), unit="ms"),
        Figure(name="lateness of checks, 99 %", value=_ms(storm.late, 0.99), unit="ms", bound=1000),
        Figure(name="memory on top, at most", value=storm.memory, unit="MB", bound=MEMORY_BOUND),
        Figure(name="CPU", value=storm.cpu, unit="s", digits=1, note=f"others {storm.others:.2f} cores"),
    ]
    return [replace(figure, name=f"storm, {storm.title}: {figure.name}") for figure in figures]


def _ms(late: Sequence[float], share: float) -> float | None:
    seconds = quantile(late, share)
    return None if seconds is None else seconds * 1000
