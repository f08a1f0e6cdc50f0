"""Wall time of the commands that people type, beside a Python that does nothing."""

import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.cost import SCRATCH, Setting, prepare
from benchmarks.figures import Figure

#: Of each command; they take turns, so that what disturbs one disturbs the others.
ROUNDS = 10

WATCHED = Setting(checks=100)
MOST_TIMES = 10  # of a bare Python's time, for --status


def measure(python: str) -> list[Figure]:
    """Ask a running daemon for its status, and the program for its help."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        daemon, _, _ = prepare(stack, folder, WATCHED, python)
        sentinel = str(Path(python).with_name("sentinel"))
        commands = {
            "bare": [python, "-c", "pass"],
            "status": [sentinel, "--config", str(daemon.config), "--status"],
            "help": [sentinel, "--help"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(_seconds(command))
    return _figures({name: median(taken) for name, taken in times.items()})


def _seconds(command: list[str]) -> float:
    began = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    taken = perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} answered {done.returncode}:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    return taken


def _figures(taken: dict[str, float]) -> list[Figure]:
    bare = taken["bare"]
    return [
        Figure(name="python3 -c pass", value=bare * 1000, unit="ms", digits=1),
        Figure(name=f"sentinel --status, {WATCHED.checks} checks", value=taken["status"] * 1000, unit="ms", digits=1),
        Figure(
            name="the same, against python3 -c pass",
            value=taken["status"] / bare,
            unit="times",
            digits=1,
            bound=MOST_TIMES,
        ),
        Figure(name="sentinel --help", value=taken["help"] * 1000, unit="ms", digits=1),
        Figure(name="the same, against python3 -c pass", value=taken["help"] / bare, unit="times", digits=1),
    ]
