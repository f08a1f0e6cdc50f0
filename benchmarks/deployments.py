"""How often a watch errs: deployments simulated over recorded noise, judged as the daemon judges them.

The noise are response times of the example systems and of Sentinel itself, measured by Sentinel every 2 s on a machine that had
other things to do as well (`noise/README.md`). A run puts blocks of it together by chance, for all checks the same moments, so
that bursts stay bursts (moving blocks: Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of
Statistics 17, 1989). What is before the deployment is left as it is; what is since is made slower, or fails, by so much.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.figures import Figure
from sentinel.core.deployment.baseline import ENOUGH_FAILURES, FURTHEST, times_needed
from sentinel.core.deployment.deployment import Judged
from sentinel.core.deployment.judging import judge
from sentinel.core.deployment.plan import WatchPlan
from sentinel.core.deployment.samples import LEAST_SHARE, LEAST_TIME, Look, Samples

NOISE = Path(__file__).with_name("noise") / "times.csv"  # of a machine that has something else to do, too
OVERLOADED = NOISE.with_name("overloaded.csv")  # of one that has far more to do than it can
TICK = 2.0  # seconds between two rows of it
BLOCK = 60  # rows that stay together: two minutes

RUNS = 1_000
SEED = 6
PLAN = WatchPlan()
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_JOB_SLOWS = 3.0  # times as slow
INTERVAL = 60.0  # seconds between two looks at a check before the deployment


class Noise(NamedTuple):
    """Recorded times, in seconds."""

    checks: Sequence[str]
    rows: Sequence[Sequence[float]]  # one per tick, in the order of the checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a deployment brings."""

    name: str
    slower: float = 0.0  # every time is longer by so much
    tail: float = 1.0  # only of so large a share of the times, the longest
    failing: float = 0.0  # a share of all looks fails
    always: float = 0.0  # as large a share as failed before, too
    job: float = 0.0  # for so many seconds of each minute everything is three times as slow, before, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the watch said of one run, point by point."""

    judged: tuple[Judged, ...]

    @property
    def verdict(self) -> Judged:
        """Of the whole watch: a point that fails ends it."""
        return Judged.FAIL if Judged.FAIL in self.judged else self.judged[-1]

    @property
    def first(self) -> Judged:
        """At the first point that is judged at all."""
        return next((one for one in self.judged if one is not Judged.INCONCLUSIVE), Judged.INCONCLUSIVE)


def read_noise(*files: Path) -> Noise:
    """The recorded times, one file after the other."""
    header: list[str] = []
    rows: list[list[float]] = []
    for file in files:
        with file.open(newline="") as lines:
            header, *cells = csv.reader(lines)
            rows += ([float(cell) / 1000 for cell in row] for row in cells)
    return Noise(header, rows)


def simulate(noise: Noise, setting: "Setting", random: Random) -> Outcome:
    """One watch."""
    plan = setting.plan
    began = min(_baseline(plan, plan.lasts / plan.interval * ENOUGH_FAILURES), setting.past)
    timed = began - _baseline(plan, times_needed(plan))
    drawn = _Drawn(
        noise,
        _moments(noise, int((began + plan.lasts.total_seconds()) / TICK) + 1, setting.block, random),
        random,
        max(LEAST_TIME, setting.target * LEAST_SHARE),
    )
    before: dict[str, Samples] = {}
    since: dict[str, list[Look]] = {}
    for name, column in enumerate(random.sample(range(len(noise.checks)), setting.checks)):
        before[str(name)] = Samples(check=str(name), looks=tuple(drawn.before(column, began, timed, setting.release)))
        since[str(name)] = list(drawn.since(column, began, plan, setting.release))
    points = [*plan.points, plan.lasts]
    return Outcome(judged=tuple(_judged(plan, before, since, point, began, len(points)) for point in points))


def _judged(
    plan: WatchPlan,
    before: Mapping[str, Samples],
    since: Mapping[str, Sequence[Look]],
    point: timedelta,
    began: float,
    points: int,
) -> Judged:
    until = began + point.total_seconds()
    after = {
        name: Samples(check=name, looks=tuple(one for one in looks if one.at < until)) for name, looks in since.items()
    }
    final = point == plan.lasts
    return judge(plan, before, after, after_for=point, now=_NOW + point, final=final, points=points).judged


def _baseline(plan: WatchPlan, results: float) -> float:
    """How many seconds it is long, as `core.deployment.baseline` has it for so many results at the usual interval."""
    span = plan.lasts
    while span.total_seconds() / INTERVAL < results and span < FURTHEST:
        span *= 2
    return min(span, FURTHEST).total_seconds()


def _moments(noise: Noise, length: int, block: int, random: Random) -> list[int]:
    """Rows in the order in which they come."""
    found: list[int] = []
    while len(found) < length:
        start = random.randrange(len(noise.rows) - block + 1)
        found += range(start, start + block)
    return found


class _Drawn:
    """Looks at checks whose times are those of some moments."""

    def __init__(self, noise: Noise, moments: Sequence[int], random: Random, least: float) -> None:
        self._least = least
        self._noise = noise
        self._moments = moments
        self._random = random
        self._moment: dict[int, float] = {}  # of each minute, by column

    def before(self, column: int, length: float, timed: float, release: Release) -> Iterator[Look]:
        for at in self._slots(column, 0.0, length):
            failed = self._random.random() < release.always
            yield Look(at, failed, None if failed or at < timed else self._time(column, at, release))

    def since(self, column: int, began: float, plan: WatchPlan, release: Release) -> Iterator[Look]:
        level = self._level(column, release.tail)
        for at in self._looks(column, began, plan):
            time = self._time(column, at, release)
            failed = self._random.random() < release.failing + release.always
            yield Look(at, failed, None if failed else time * (1 + release.slower * (time >= level)))

    def _level(self, column: int, tail: float) -> float:
        usual = sorted(row[column] for row in self._noise.rows)
        return usual[int(len(usual) * (1 - tail))] if tail < 1 else 0.0

    def _looks(self, column: int, began: float, plan: WatchPlan) -> Iterator[float]:
        """The slots of the schedule, and the faster looks of the watch."""
        pace, lasts = plan.interval.total_seconds(), plan.lasts.total_seconds()
        offset = self._random.uniform(0, pace)
        faster = (began + offset + n * pace for n in range(math.ceil((lasts - offset) / pace)))
        return iter(sorted((*self._slots(column, began, lasts), *faster)))

    def _slots(self, column: int, start: float, length: float) -> Iterator[float]:
        """A check is due at the same moment of each minute."""
        moment = self._moment.setdefault(column, self._random.uniform(0, INTERVAL))
        first = start + (moment - start) % INTERVAL
        return (first + n * INTERVAL for n in range(math.ceil((start + length - first) / INTERVAL)))

    def _time(self, column: int, at: float, release: Release) -> float:
        time = self._noise.rows[self._moments[int(at / TICK)]][column]
        return max(time * (_JOB_SLOWS if at % INTERVAL < release.job else 1.0), self._least)


# --- Rates ------------------------------------------------------------------------------------------------------------


class Rate(NamedTuple):
    """How many of some runs, with the interval that covers the true rate in 95 of 100 cases."""

    hits: int
    runs: int

    @property
    def share(self) -> float:
        return self.hits / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), pages 209 to 212."""
        z, n, p = 1.96, self.runs, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A system, what it is watched for, and how often the watch may be wrong about it."""

    release: Release
    checks: int
    plan: WatchPlan = PLAN
    right: Judged | None = Judged.FAIL  # the verdict; None: there is no right one
    most: float | None = None  # per cent of the runs may have another verdict
    first: float | None = None  # per cent of the runs may have another one at the first point that is judged
    block: int = BLOCK  # rows of noise that stay together
    past: float = math.inf  # seconds that the system was watched before
    target: float = 0.0  # seconds that the rules of each check allow
    overloaded: bool = False  # whether its machine had, for a third of the time, far more to do than it can

    @property
    def name(self) -> str:
        pace = "" if self.plan.interval == PLAN.interval else f", every {self.plan.interval.total_seconds():g} s"
        lasts = "" if self.plan.lasts == PLAN.lasts else f", watched for {self.plan.lasts.total_seconds() / 60:g} min"
        bursts = "" if self.block == BLOCK else f", blocks of {self.block * TICK / 60:g} min"
        past = "" if self.past == math.inf else f", {self.past / 60:g} min of past"
        target = f", target of {self.target:g} s" if self.target else ""
        load = ", overloaded" if self.overloaded else ""
        checks = f"{self.checks} check{'s' if self.checks > 1 else ''}"
        return f"{self.release.name}, {checks}{pace}{lasts}{bursts}{past}{target}{load}"


_NOISE = Release(name="noise alone")
_SHAKY = Release(name="1 % failing before and since", always=0.01)
_JOB = Release(name="a job of 10 s each minute", job=10.0)
_SLOWER = [Release(name=f"{n} % slower", slower=n / 100) for n in (30, 60, 100)]
_TAIL = Release(name="slowest tenth 60 % slower", slower=0.6, tail=0.1)
_FAILING = [Release(name=f"{n} % failing", failing=n / 100) for n in (1, 2, 3, 5)]
_FASTER = replace(PLAN, interval=timedelta(seconds=2))
_SHORT = replace(_FASTER, lasts=timedelta(minutes=2), points=())
_YOUNG = 22 * 60.0  # seconds of past: 22 results of each check

SETTINGS: Sequence[Setting] = (
    *(Setting(release=_NOISE, checks=n, right=Judged.PASS, most=1.0) for n in (1, 8, 20)),
    Setting(release=_NOISE, checks=8, right=Judged.PASS, most=1.0, block=2 * BLOCK),
    *(Setting(release=_NOISE, checks=n, right=Judged.PASS, overloaded=True) for n in (1, 8)),
    *(Setting(release=_SHAKY, checks=n, right=Judged.PASS, most=1.0) for n in (1, 8)),
    *(Setting(release=_SLOWER[1], checks=n, most=1.0, first=1.0) for n in (8, 20)),
    *(Setting(release=_FAILING[2], checks=n, most=1.0) for n in (8, 20)),
    Setting(release=_FAILING[2], checks=1, plan=_FASTER),
    *(Setting(release=one, checks=1) for one in (*_SLOWER, _TAIL, *_FAILING)),
    *(Setting(release=one, checks=8) for one in (_SLOWER[0], _SLOWER[2], _TAIL, *_FAILING[:2], _FAILING[3])),
    *(Setting(release=_JOB, checks=n, right=Judged.PASS) for n in (1, 8)),
    Setting(release=_NOISE, checks=8, right=Judged.INCONCLUSIVE, most=0.0, past=120.0),
    *(Setting(release=_NOISE, checks=n, right=Judged.PASS, past=_YOUNG) for n in (1, 8)),
    *(Setting(release=_NOISE, checks=n, right=Judged.PASS, plan=_SHORT) for n in (1, 8)),
    Setting(release=_NOISE, checks=8, right=Judged.PASS, plan=_SHORT, past=_YOUNG, target=2.0, overloaded=True),
)


def measure(runs: int = RUNS, settings: Iterable[Setting] = SETTINGS) -> Iterator[Figure]:
    """How often the watch gives a wrong verdict, setting by setting."""
    usual, overloaded = read_noise(NOISE), read_noise(NOISE, OVERLOADED)
    for setting in settings:
        noise = overloaded if setting.overloaded else usual
        outcomes = [simulate(noise, setting, Random(f"{SEED} {setting.name} {run}")) for run in range(runs)]
        yield from _figures(setting, outcomes)


def _figures(setting: Setting, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    if setting.right is not Judged.FAIL:
        wrong = Rate(sum(one.verdict is not setting.right for one in outcomes), len(outcomes))
        yield _figure(f"{setting.name}: no {setting.right}", wrong, setting.most)
        return
    first = Rate(sum(one.first is not Judged.FAIL for one in outcomes), len(outcomes))
    whole = Rate(sum(one.verdict is not Judged.FAIL for one in outcomes), len(outcomes))
    yield _figure(f"{setting.name}: missed at its first judged point", first, setting.first)
    yield _figure(f"{setting.name}: missed", whole, setting.most)


def _figure(name: str, rate: Rate, bound: float | None) -> Figure:
    low, high = rate.interval
    note = f"{low * 100:.1f} to {high * 100:.1f} %"
    return Figure(name=name, value=rate.share * 100, unit="%", digits=1, bound=bound, note=note)
