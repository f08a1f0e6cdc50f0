"""`python -m benchmarks`: what Sentinel costs on this machine. See docs/performance.md."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from benchmarks import alert, commands, cost, deployments, history, judging, kinds, machine, pages, profile, storm, wire
from benchmarks.figures import Figure, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured."""

    sizes: Sequence[int]  # numbers of checks
    seconds: float  # of each measurement, after the warm-up
    outages: int
    python: str = sys.executable  # the interpreter that runs Sentinel
    year: history.Size = history.Size()
    runs: int = deployments.RUNS  # of each deployment that is simulated


FULL = Effort(sizes=(100, 1_000, 10_000), seconds=60.0, outages=40)
#: Checks every 10 s beside the outages of `telling`: 1,000 a second.
TELLING_BESIDE = 10_000

QUICK = Effort(sizes=(1_000, 10_000), seconds=20.0, outages=20, runs=100)


def _cost(effort: Effort) -> Iterable[Figure]:
    for setting in cost.PLAIN:
        if setting.checks in effort.sizes:
            yield from cost.measure(setting, effort.seconds, effort.python)


def _tls(effort: Effort) -> Iterable[Figure]:
    return cost.measure(cost.TLS, effort.seconds, effort.python)


def _alert(effort: Effort) -> Iterable[Figure]:
    return alert.measure(effort.outages, effort.python)


def _telling(effort: Effort) -> Iterable[Figure]:
    return alert.measure(effort.outages, effort.python, TELLING_BESIDE)


def _storm(effort: Effort) -> Iterable[Figure]:
    return storm.measure(effort.python)


def _commands(effort: Effort) -> Iterable[Figure]:
    return commands.measure(effort.python)


def _kinds(_effort: Effort) -> Iterable[Figure]:
    return kinds.measure()


def _judging(_effort: Effort) -> Iterable[Figure]:
    return judging.measure()


def _deployments(effort: Effort) -> Iterable[Figure]:
    return deployments.measure(effort.runs)


def _history(effort: Effort) -> Iterable[Figure]:
    return history.measure(effort.year)


def _pages(effort: Effort) -> Iterable[Figure]:
    return pages.measure(effort.python)


def _wire(_effort: Effort) -> Iterable[Figure]:
    return wire.measure()


def _profile(effort: Effort) -> Iterable[Figure]:
    profile.show(max(effort.sizes), effort.seconds, effort.python)
    return []


PARTS: Mapping[str, Callable[[Effort], Iterable[Figure]]] = {
    "cost": _cost,
    "tls": _tls,
    "alert": _alert,
    "telling": _telling,
    "storm": _storm,
    "commands": _commands,
    "kinds": _kinds,
    "judging": _judging,
    "deployments": _deployments,
    "pages": _pages,
    "wire": _wire,
    "history": _history,
    "profile": _profile,
}
USUAL = ("cost", "tls", "alert", "telling", "storm", "commands", "kinds", "judging")


def _arguments() -> tuple[Sequence[str], Effort]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Runs the daemon for real against a local target and prints what it costs. Loopback only.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: {', '.join(USUAL)}")
    parser.add_argument("--quick", action="store_true", help="shorter and coarser: 3 minutes instead of 8")
    parser.add_argument(
        "--checks",
        type=int,
        nargs="+",
        metavar="N",
        choices=[setting.checks for setting in cost.PLAIN],
        help="numbers of checks",
    )
    parser.add_argument(
        "--seconds", type=_rounds, help="length of each measurement; made a multiple of 10, the interval"
    )
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter (of an installation) that runs Sentinel"
    )
    parser.add_argument(
        "--fine",
        type=int,
        default=history.Size().fine,
        metavar="DAYS",
        help="days of the year of `history` that have rows of 5 minutes, each about 60 MB; default: %(default)s",
    )
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    usual = QUICK if given.quick else FULL
    effort = Effort(
        sizes=given.checks or usual.sizes,
        seconds=given.seconds or usual.seconds,
        outages=usual.outages,
        python=given.python,
        year=history.Size(fine=given.fine),
        runs=usual.runs,
    )
    return given.parts or USUAL, effort


def _rounds(text: str) -> float:
    """Whole rounds of checks: in half of one the checks of its busier half may lie."""
    return max(10.0, round(float(text) / 10) * 10.0)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Measure part after part, and print one table."""
    parts, effort = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell starts background jobs with it ignored
        signal.signal(number, _interrupt)
    calm = machine.calibrate()
    print(machine.describe(calm), flush=True)
    figures: list[Figure] = []
    for name in parts:
        began = monotonic()
        print(f"{name} ...", end=" ", flush=True)
        try:
            for figure in PARTS[name](effort):  # one by one: those before a failure stay
                figures.append(figure)  # noqa: PERF402
        except RuntimeError as error:
            print(f"FAILED: {error}")
            figures.append(Figure(name=name, value=None))
            continue
        print(f"{monotonic() - began:.0f} s", flush=True)
    print(f"\n{table(figures)}" if figures else "")
    return 1 if any(figure.value is None for figure in figures) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
