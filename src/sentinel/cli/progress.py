"""A bar for what takes long."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Told how much is done: from 0 to 1, from any thread.
Advance = Callable[[float], None]


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A bar on the terminal's standard error while it lasts, gone afterwards; nothing at all where nobody looks at it.

    Standard output is left alone, so that what a command prints may go into a pipe meanwhile.
    """
    if not sys.stderr.isatty():
        yield lambda _share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def stages(label: str) -> Iterator[Callable[[str], None]]:
    """The same for what goes by stages: the name of the one that is under way stands beside the label."""
    if not sys.stderr.isatty():
        yield lambda _stage: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as shown:
        task = shown.add_task(label, total=None)
        yield lambda stage: shown.update(task, description=f"{label}: {stage}")
