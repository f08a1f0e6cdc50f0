"""A generated year of 1,000 checks on SQLite: what the dashboard's questions take, and how large it all is.

One day is taken in through the same code as in a running Sentinel: results into tallies, tallies into the store, hours and the
day condensed. SQL then copies that day's rows to every day of the year, in the order in which a year would have brought them.
"""

import asyncio
import gc
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, thread_time

from benchmarks.figures import Figure
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.plan import StorePlan
from sentinel.core.result import Reading
from sentinel.core.slo import SPAN, Rollup, Standing, Tally, combined
from sentinel.store.database import Patience, Store, Transaction

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

EVERY = timedelta(seconds=10)  # between two results of a check
PROFILES = 100  # checks whose results are drawn; the others have the same day as one of them
PER_PAGE = 50
PUBLIC = 100  # checks of a status page
TOGETHER = 5_000  # roll-ups of one transaction
ROUNDS = 9  # of each question, warm

#: The day whose rows stand for those of every day; its results are "measured" in 2001, and no question reaches it.
SOURCE = datetime(2001, 1, 1, tzinfo=UTC)

#: When it is asked: 11 minutes past the hour, with the hour before not condensed yet. It cannot be worse.
NOW = datetime(2026, 3, 2, 15, 11, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)

#: Bounds of the dashboard, in milliseconds.
OVERVIEW, CHECK = 100.0, 50.0

_PHASES = ("resolve", "connect", "tls", "first_byte", "transfer")
_COLUMNS = "up, degraded, down, unknown, samples, failures, unknowns, histogram, counted, total, readings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much history is made."""

    checks: int = 1_000
    days: int = 365  # with rows of days and hours
    fine: int = 30  # the last of them with rows of 5 minutes; of the 90 that are kept, as the questions reach one back


def measure(size: Size, folder: Path | None = None) -> Iterator[Figure]:
    """Make the year in a temporary folder, ask, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="sentinel-history-", dir=folder) as made:
        yield from asyncio.run(_measure(size, Path(made) / "sentinel.db"))


async def _measure(size: Size, file: Path) -> list[Figure]:
    plan = StorePlan(url=Secret(f"sqlite:///{file}"))
    began = perf_counter()
    store = await Store.open(plan, SystemClock(), Patience(write=120.0))
    condensing = await _a_day(store, size)
    await store.close()
    _copy(file, size)
    took = perf_counter() - began
    _rare_collections()
    note = (
        f"{size.checks:,} checks every {EVERY.total_seconds():g} s, {size.days} days, {size.fine} of them by 5 minutes"
    )
    figures = [Figure(name="history: making a year", value=took, unit="s", note=note), *condensing]
    figures += [figure for question in QUESTIONS for figure in await _ask(plan, file, question, size)]
    return [*figures, *_sizes(file)]


def _rare_collections() -> None:
    """As the daemon does (`sentinel.cli.run`): else the collector would search all rows of an answer again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


# --- The year --------------------------------------------------------------------------------------------------------


async def _a_day(store: Store, size: Size) -> list[Figure]:
    """The rows of the source day; answers what condensing took."""
    for part in _parts(list(_spans(size.checks)), TOGETHER):
        await store.write(lambda tx, part=part: tx.rollups.add(part))  # type: ignore[misc]  # bound per round
    hours = [await _condense(store, SOURCE + HOUR * n, HOUR) for n in range(24)]
    day = await _condense(store, SOURCE, DAY)
    each = f"of {size.checks:,} checks"
    return [
        Figure(name=f"history: condensing an hour {each}", value=median(hours) * 1000, unit="ms"),
        Figure(name=f"history: condensing a day {each}", value=day * 1000, unit="ms"),
    ]


async def _condense(store: Store, start: datetime, span: timedelta) -> float:
    began = perf_counter()
    while await store.write(lambda tx: tx.rollups.condense(start, span, 500)) == 500:
        pass
    return perf_counter() - began


def _spans(checks: int) -> Iterator[Rollup]:
    """A day's 5-minute roll-ups of every check, span after span."""
    profiles = [list(_profile(number)) for number in range(min(checks, PROFILES))]
    for spans in zip(*profiles, strict=True):
        for number in range(checks):
            yield replace(spans[number % len(spans)], check=_name(number))


def _profile(number: int) -> Iterator[Rollup]:
    """A day of one HTTP check with a response time of its own, which now and then fails or is slow."""
    rng, tally = Random(number), Tally("profile", EVERY)
    usual = rng.uniform(0.01, 0.4)
    for n in range(DAY // EVERY + 1):
        took = usual * rng.lognormvariate(0.0, 0.35) * (10.0 if rng.random() < 0.001 else 1.0)
        bad = rng.random() < 0.0005
        standing = Standing.DOWN if bad else Standing.UP
        readings = [] if bad else _readings(rng, took)
        yield from tally.add(SOURCE + n * EVERY, standing, None if bad else took, readings)


def _readings(rng: Random, took: float) -> list[Reading]:
    phases = [Reading(name, took * rng.uniform(0.1, 0.3), Unit.SECONDS) for name in _PHASES]
    rest = [Reading("status", 200.0, Unit.NONE), Reading("body_size", float(rng.randint(900, 1100)), Unit.BYTES)]
    return [Reading("response_time", took, Unit.SECONDS), *phases, *rest]


def _copy(file: Path, size: Size) -> None:
    """The source day's rows at every day, the oldest first, and marks of what is condensed."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    # The log would need as much room again; Sentinel switches it on when it opens.
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    connection.execute("CREATE TEMP TABLE at (start INTEGER PRIMARY KEY, source INTEGER)")
    for span, days, end in (
        (86_400, size.days, TODAY),
        (3_600, size.days, NOW.replace(hour=NOW.hour - 1, minute=0)),
        (300, size.fine, NOW - SPAN),
    ):
        connection.execute("BEGIN")
        connection.execute("DELETE FROM at")
        starts = list(range(int((TODAY - days * DAY).timestamp()), int(end.timestamp()) - span + 1, span))
        source = int(SOURCE.timestamp())
        connection.executemany("INSERT INTO at VALUES (?, ?)", [(start, source + start % 86_400) for start in starts])
        connection.execute(
            f"INSERT INTO rollups (span, start, check_id, {_COLUMNS}) SELECT span, at.start, check_id, {_COLUMNS}"
            " FROM at CROSS JOIN rollups ON rollups.span = ? AND rollups.start = at.source",
            [span],
        )
        if span > 300:
            connection.executemany("INSERT INTO condensed VALUES (?, ?)", [(span, start) for start in starts])
        connection.execute("DELETE FROM rollups WHERE span = ? AND start < ?", [span, source + 2 * 86_400])
        connection.execute("COMMIT")
    connection.close()


# --- The questions ---------------------------------------------------------------------------------------------------


def _overview(tx: Transaction, size: Size) -> None:
    """The checks of one page: 48 states and means each, and all that is told of their 24 hours."""
    shown = _names(size, PER_PAGE)
    strips = tx.rollups.pieces(shown, NOW.replace(minute=0) - DAY, NOW, timedelta(minutes=30))
    assert len({strip.start for strip in strips}) == 49
    summed = tx.rollups.summed(NOW - DAY, NOW, shown)
    assert len(summed) == min(PER_PAGE, size.checks)
    for whole in summed.values():
        whole.quantile(0.95)


def _everything(tx: Transaction, size: Size) -> None:
    """Uptime, error rate and a quantile of 24 hours of every check."""
    summed = tx.rollups.summed(NOW - DAY, NOW)
    assert len(summed) == size.checks
    for whole in summed.values():
        whole.quantile(0.95)


def _month(tx: Transaction, size: Size) -> None:
    """One check by the hour, with every reading, and quantiles over all of it."""
    found = tx.rollups.pieces(_names(size, 1), TODAY - 30 * DAY, NOW, HOUR, distribution=True, readings=True)
    assert len(found) > 720
    whole = combined(found)
    for q in (0.5, 0.9, 0.95, 0.99):
        whole.quantile(q)


def _year(tx: Transaction, size: Size) -> None:
    """One check by the day, with every reading, and quantiles over all of it."""
    since = TODAY - size.days * DAY
    found = tx.rollups.pieces(_names(size, 1), since, TODAY, DAY, distribution=True, readings=True)
    assert len(found) == size.days
    combined(found).quantile(0.95)


def _public(tx: Transaction, size: Size) -> None:
    """Uptime of 90 days by day, as the status page shows it."""
    found = tx.rollups.pieces(_names(size, PUBLIC), TODAY - 90 * DAY, TODAY, DAY)
    assert len(found) == 90 * min(PUBLIC, size.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    name: str
    ask: Callable[[Transaction, Size], None]
    bound: float | None = None  # milliseconds, warm


QUESTIONS: Sequence[Question] = (
    Question(name=f"overview, a page of {PER_PAGE} checks", ask=_overview, bound=OVERVIEW),
    Question(name="24 hours of every check", ask=_everything, bound=OVERVIEW),
    Question(name="30 days of one check by the hour", ask=_month, bound=CHECK),
    Question(name="a year of one check by the day", ask=_year, bound=CHECK),
    Question(name=f"90 days of {PUBLIC} checks by the day", ask=_public),
)


async def _ask(plan: StorePlan, file: Path, question: Question, size: Size) -> list[Figure]:
    """Cold: nothing of the file is in memory, and the connection is new. Warm: the median of several, of the time on the clock
    and of the processor time, which says more where others are at work."""
    _forget(file)
    store = await Store.open_readonly(plan, Patience(read=60.0))
    try:

        async def once() -> tuple[float, float]:
            began = perf_counter()
            cpu = await store.read(lambda tx: _cpu(lambda: question.ask(tx, size)))
            return (perf_counter() - began) * 1000, cpu * 1000

        cold, _ = await once()
        rounds = [await once() for _ in range(ROUNDS)]
    finally:
        await store.close()
    warm, cpu = (median(times) for times in zip(*rounds, strict=True))
    name = f"history: {question.name}"
    return [
        Figure(name=name, value=warm, unit="ms", bound=question.bound, note=f"processor time {cpu:.0f} ms"),
        Figure(name=f"{name}, cold", value=cold, unit="ms"),
    ]


def _cpu(work: Callable[[], None]) -> float:
    """Seconds of processor time on this thread."""
    began = thread_time()
    work()
    return thread_time() - began


def _forget(file: Path) -> None:
    """Have the kernel drop what it holds of a file."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


# --- Sizes -----------------------------------------------------------------------------------------------------------


def _sizes(file: Path) -> Iterator[Figure]:
    connection = sqlite3.connect(file)
    for span, name in ((300, "5 minutes"), (3_600, "an hour"), (86_400, "a day")):
        count, payload = connection.execute(
            "SELECT count(*), avg(length(histogram) + coalesce(length(readings), 0)) FROM"
            " (SELECT histogram, readings FROM rollups WHERE span = ? LIMIT 100000)",
            [span],
        ).fetchone()
        rows = connection.execute("SELECT count(*) FROM rollups WHERE span = ?", [span]).fetchone()[0]
        note = f"{payload:.0f} bytes of each are distribution and readings" if count else ""
        yield Figure(name=f"history: rows of {name}", value=rows, note=note)
    connection.close()
    yield Figure(name="history: size of the database", value=file.stat().st_size / 1e9, unit="GB", digits=2)


def _name(number: int) -> str:
    return f"check-{number:04}"


def _names(size: Size, count: int) -> list[str]:
    """Some checks, spread over all."""
    return [_name(number) for number in range(0, size.checks, max(1, size.checks // count))][:count]


def _parts(items: Sequence[Rollup], size: int) -> Iterator[Sequence[Rollup]]:
    return (items[start : start + size] for start in range(0, len(items), size))
