"""Watches the demo's programs and, as systemd would, starts Sentinel again when a signal killed it."""

from collections.abc import Callable

from examples.demo.children import Child, ChildFailedError, Children

SENTINEL = "sentinel"
IN_A_ROW = 5  # times it is started again
SHORT_LIFE = 10.0  # seconds, systemd's own default for such a row; who lived longer begins a new one


async def watch(children: Children, started: Callable[[int], None]) -> None:
    """Until a program ends for good, which raises ChildFailedError. `started` gets the process id of each new Sentinel."""
    deaths = 0
    while True:
        child = await children.first_end()
        deaths = deaths + 1 if child.age < SHORT_LIFE else 1
        if not revivable(child.name, child.returncode, deaths):
            raise failure(child, deaths)
        again = await children.start_again(child)
        started(again.pid)
        print(f"sentinel ended with status {child.returncode}; started again", flush=True)


def revivable(name: str, status: int | None, deaths: int) -> bool:
    """Whether a program that ended is started again: Sentinel alone, by a signal (a status below 0), and not for ever."""
    return name == SENTINEL and status is not None and status < 0 and deaths <= IN_A_ROW


def failure(child: Child, deaths: int) -> ChildFailedError:
    times = f", {deaths} times in a row" if child.name == SENTINEL and deaths > 1 else ""
    return child.failure(f"ended with status {child.returncode}{times}")
