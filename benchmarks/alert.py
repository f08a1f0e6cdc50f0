"""From the end of the check that opens an incident to the arrival of the webhook call, with 1,000 other checks running."""

import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import sleep

from benchmarks.arrivals import NANO, quantile
from benchmarks.children import Server
from benchmarks.cost import SCRATCH, SETTLE
from benchmarks.daemon import Daemon
from benchmarks.figures import Figure
from benchmarks.server import Entry
from benchmarks.workload import outages, plain, write

OTHERS = 1_000
OPEN_AFTER = 3  # bad results: the default
BOUND_MS = 50  # of the median beside so many
WORST_MS = 1000  # of 99 %, beside however many

#: Seconds between the beginnings of two outages; in between, anything may happen to be going on.
APART = (0.3, 1.0)

#: Seconds for the last outage to be seen (three checks, a second apart) and told of.
LAST_WORD = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One endpoint that broke; moments in nanoseconds of the monotonic clock."""

    check: str
    first_bad: int  # its first bad answer
    opening: int  # the bad answer that opened the incident
    told: int | None  # when the webhook's body had arrived; None: never


def measure(count: int, python: str, others: int = OTHERS) -> list[Figure]:
    """Break endpoints one after the other and see how soon each is told of, beside so many other checks every 10 s."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        target, sink = (stack.enter_context(Server(folder)) for _ in range(2))
        breaking = outages(target, count)
        watches = [*plain(target, others), *breaking]
        daemon = stack.enter_context(Daemon(write(folder, watches, sink), python))
        daemon.wait_until_all_checked(target, len(watches))
        sleep(SETTLE)
        _break_all(target, [f"/check/{watch.name}" for watch in breaking])
        found = _outages(target.take_log(), _openings(sink.take_log()), [watch.name for watch in breaking])
    return _figures(found, others)


def _break_all(target: Server, paths: Sequence[str]) -> None:
    chance = Random(7)
    for path in paths:
        target.fail(path)
        sleep(chance.uniform(*APART))
    sleep(LAST_WORD)


def _openings(calls: Sequence[Entry]) -> dict[str, int]:
    """When each check's opening was told first."""
    told: dict[str, int] = {}
    for at, _, body in calls:
        message = json.loads(body) if isinstance(body, str) else {}
        if message.get("kind") == "opened":
            told.setdefault(message["check"]["name"], at)
    return told


def _outages(log: Sequence[Entry], told: dict[str, int], checks: Sequence[str]) -> list[Outage]:
    bad: dict[str, list[int]] = {name: [] for name in checks}
    for at, path, status in log:
        if status == 500:
            bad[path.rpartition("/")[2]].append(at)
    return [
        Outage(check=name, first_bad=moments[0], opening=moments[OPEN_AFTER - 1], told=told.get(name))
        for name, moments in bad.items()
        if len(moments) >= OPEN_AFTER
    ]


def _figures(found: Sequence[Outage], others: int) -> list[Figure]:
    after_opening = [(one.told - one.opening) * NANO * 1000 for one in found if one.told is not None]
    after_first = [(one.told - one.first_bad) * NANO for one in found if one.told is not None]
    name = f"outage to webhook, {len(found)} incidents beside {others:,} checks"
    silent = len(found) - len(after_opening)
    note = f"{silent} NOT TOLD" if silent else ""
    if not after_opening:
        return [Figure(name=name, value=None, bound=WORST_MS, unit="ms", note=note)]
    usual = BOUND_MS if others <= OTHERS else None
    return [
        Figure(name=f"{name}: median", value=median(after_opening), unit="ms", digits=1, bound=usual, note=note),
        Figure(name=f"{name}: 99 %", value=quantile(sorted(after_opening), 0.99), unit="ms", digits=1, bound=WORST_MS),
        Figure(name=f"{name}: most", value=max(after_opening), unit="ms", digits=1),
        Figure(
            name="from the first bad answer (interval 1 s, opened by the third): median",
            value=median(after_first),
            unit="s",
            digits=2,
        ),
    ]
