"""CPU, memory, disk, punctuality and start-up of the daemon at a given number of checks, each every 10 s."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import trustme

from benchmarks.arrivals import NANO, Arrivals, quantile
from benchmarks.children import Server
from benchmarks.daemon import Daemon, Usage
from benchmarks.figures import Figure
from benchmarks.machine import NOISY, Load
from benchmarks.workload import Watch, plain, secured, write

#: On a disk: `/tmp` may be memory, and then nothing would be written.
SCRATCH = "/var/tmp"

#: Seconds after the first round of checks that are not measured: the first round also opens files and fills caches.
SETTLE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One number of checks, and what is promised for it."""

    checks: int
    tls: bool = False
    cpu: tuple[float, float] | None = None  # milliseconds per check: bound and aim
    memory: float | None = None  # megabytes at most
    written: float | None = None  # kilobytes per 1,000 results at most

    @property
    def title(self) -> str:
        return f"{self.checks:,} {'HTTPS' if self.tls else 'HTTP'} checks each 10 s"


PLAIN = (
    Setting(checks=100),
    Setting(checks=1_000, cpu=(1.0, 0.5), memory=100, written=200),
    Setting(checks=10_000, cpu=(0.55, 0.35), memory=300, written=200),
)
TLS = Setting(checks=1_000, tls=True, cpu=(2.0, 1.3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen of one run."""

    setting: Setting
    started_ns: int
    watches: Sequence[Watch]
    log: Arrivals
    window: Arrivals
    before: Usage
    after: Usage
    rss: float  # megabytes after the window
    peak: float
    metrics: dict[tuple[str, str], float]
    others: float  # cores kept busy by anything but the daemon
    stored: int  # results in the store at the end
    warnings: Sequence[str]

    @property
    def seconds(self) -> float:
        return (self.after.at_ns - self.before.at_ns) * NANO


def measure(setting: Setting, seconds: float, python: str) -> list[Figure]:
    """Run the daemon for a while and tell what it took."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        run = _observe(stack, folder, setting, seconds, python)
    for line in run.warnings:
        print(f"  the daemon says: {line[:300]}")
    return _figures(run)


def prepare(
    stack: ExitStack, folder: Path, setting: Setting, python: str, *, before: tuple[str, ...] = ()
) -> tuple[Daemon, Server, list[Watch]]:
    """Start servers and the daemon, and wait until every check was made once."""
    target, watches = _watched(stack, folder, setting)
    sink = stack.enter_context(Server(folder))
    daemon = stack.enter_context(Daemon(write(folder, watches, sink), python, before=before))
    daemon.wait_until_all_checked(target, len(watches))
    return daemon, target, watches


def _watched(stack: ExitStack, folder: Path, setting: Setting) -> tuple[Server, list[Watch]]:
    if not setting.tls:
        target = stack.enter_context(Server(folder))
        return target, plain(target, setting.checks)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    target = stack.enter_context(Server(folder, folder / "server.pem"))
    return target, secured(target, setting.checks, folder / "ca.pem")


def _observe(stack: ExitStack, folder: Path, setting: Setting, seconds: float, python: str) -> Run:
    daemon, target, watches = prepare(stack, folder, setting, python)
    sleep(SETTLE)
    load, before = Load(), daemon.usage()
    sleep(seconds)
    after, busy = daemon.usage(), load.cores()
    rss, peak = daemon.memory(), daemon.memory("VmHWM")
    log = Arrivals(entries=target.take_log())
    metrics = daemon.metrics()
    daemon.stop()
    return Run(
        setting=setting,
        started_ns=daemon.started_ns,
        watches=watches,
        log=log,
        window=log.between(before.at_ns, after.at_ns),
        before=before,
        after=after,
        rss=rss,
        peak=peak,
        metrics=metrics,
        others=busy - (after.cpu - before.cpu) / seconds,
        stored=daemon.stored_results(),
        warnings=daemon.warnings(),
    )


def _figures(run: Run) -> list[Figure]:
    parts: Sequence[Callable[[Run], list[Figure]]] = (_cpu, _memory, _disk, _punctuality, _startup)
    return [figure for part in parts for figure in part(run)]


def _named(run: Run, name: str) -> str:
    return f"{run.setting.title}: {name}"


def _cpu(run: Run) -> list[Figure]:
    count = len(run.window.entries)
    cost = (run.after.cpu - run.before.cpu) / count * 1000 if count else None
    bound, aim = run.setting.cpu or (None, None)
    # The benchmark's own servers count among the others; at 1,000 checks a second they take a tenth of a core.
    noise = f"{'noisy: ' if run.others > NOISY + run.setting.checks / 50_000 else ''}others {run.others:.2f} cores"
    return [
        Figure(name=_named(run, "CPU per check"), value=cost, unit="ms", digits=3, bound=bound, aim=aim, note=noise)
    ]


def _memory(run: Run) -> list[Figure]:
    return [
        Figure(name=_named(run, "RSS"), value=run.rss, unit="MB", digits=1, bound=run.setting.memory),
        Figure(name=_named(run, "RSS, at most"), value=run.peak, unit="MB", digits=1),
    ]


def _disk(run: Run) -> list[Figure]:
    count = len(run.window.entries)
    written = (run.after.written - run.before.written) / count if count else None  # bytes each: KB per 1,000
    missing = 1 - run.stored / len(run.log.entries)
    return [
        Figure(
            name=_named(run, "written per 1,000 results"),
            value=written,
            unit="KB",
            digits=0,
            bound=run.setting.written,
            note=f"{missing:.1%} of the results are not in the store" if missing > 0.005 else "",
        )
    ]


def _punctuality(run: Run) -> list[Figure]:
    wanted = sum(1 / watch.interval for watch in run.watches)
    rate = len(run.window.entries) / run.seconds
    late = run.window.lateness(run.watches)
    p50, p99 = quantile(late, 0.5), quantile(late, 0.99)
    own = (run.metrics.get(("sentinel_lateness_seconds", share)) for share in ("0.5", "0.99"))
    said = " / ".join("?" if value is None else f"{value * 1000:.0f} ms" for value in own)
    return [
        Figure(name=_named(run, "rate"), value=rate, unit="/s", digits=1, note=f"wanted {wanted:g}/s{_skipped(run)}"),
        Figure(name=_named(run, "lateness p50"), value=_ms(p50), unit="ms", digits=1),
        Figure(name=_named(run, "lateness p99"), value=_ms(p99), unit="ms", digits=1, note=f"its metrics say {said}"),
    ]


def _skipped(run: Run) -> str:
    skipped = sum(value for (name, _), value in run.metrics.items() if name == "sentinel_runs_skipped_total")
    failed = run.metrics.get(("sentinel_results_total", "fail"), 0)
    unknown = run.metrics.get(("sentinel_results_total", "unknown"), 0)
    odd = {"skipped": skipped, "failed": failed, "unknown": unknown}
    return "".join(f", {count:.0f} {word}" for word, count in odd.items() if count)


def _startup(run: Run) -> list[Figure]:
    first = sorted(run.log.first_of_each().values())
    return [
        Figure(name=_named(run, "start to first check"), value=(first[0] - run.started_ns) * NANO, unit="s", digits=2),
        Figure(
            name=_named(run, "start to all checked once"), value=(first[-1] - run.started_ns) * NANO, unit="s", digits=2
        ),
    ]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
