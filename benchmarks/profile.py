"""Where the daemon's time goes under load: not for figures, a profiler makes everything slower and small calls most."""

import io
import pstats
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import sleep

from benchmarks.cost import SCRATCH, SETTLE, Setting, prepare

TOP = 25


def show(checks: int, seconds: float, python: str) -> None:
    """Print the functions that take most, and the CPU of each thread (of a run without profiler)."""
    with ExitStack() as stack:
        _show_threads(stack, checks, seconds, python)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        stats = folder / "profile"
        daemon, _, _ = prepare(
            stack, folder, Setting(checks=checks), python, before=("-m", "cProfile", "-o", str(stats))
        )
        sleep(seconds)
        daemon.stop()
        for order in ("tottime", "cumulative"):
            text = io.StringIO()
            pstats.Stats(str(stats), stream=text).strip_dirs().sort_stats(order).print_stats(TOP)
            print(text.getvalue())


def _show_threads(stack: ExitStack, checks: int, seconds: float, python: str) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
    daemon, target, _ = prepare(stack, folder, Setting(checks=checks), python)
    sleep(SETTLE)
    target.take_log()
    before = daemon.cpu_by_thread()
    sleep(seconds)
    after, seen = daemon.cpu_by_thread(), len(target.take_log())
    print(f"CPU per check by thread, over {seen} checks:")
    for thread, cpu in after.items():
        name = "main" if thread == daemon.pid else str(thread)
        if spent := cpu - before.get(thread, 0.0):
            print(f"  {name:>8}  {spent / seen * 1000:.3f} ms")
