"""Metrics for Prometheus: Sentinel's own, and a few of every check.

Nothing is counted here: each scrape reads what the engine holds in memory anyway, so that the hot path does nothing for it.
Labels carry names from the configuration and words of closed lists, never an address or a text of a target.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import Ending, Phase
from sentinel.core.history import History
from sentinel.core.result import Outcome
from sentinel.reports.documents import DeploymentLine, HealthDocument, OwnHealth

#: A metric has one unit, so readings of different units are metrics of different names.
_READINGS = {
    Unit.SECONDS: "sentinel_check_reading_seconds",
    Unit.RATIO: "sentinel_check_reading_ratio",
    Unit.BYTES: "sentinel_check_reading_bytes",
    Unit.DAYS: "sentinel_check_reading_days",
    Unit.COUNT: "sentinel_check_reading",
    Unit.NONE: "sentinel_check_reading",
}


#: What is said of the current or last deployment of a system.
_DEPLOYED = {
    "started_timestamp_seconds": "When it began",
    "failed": "Whether it failed or is overdue, and nobody has put that right",
    "rolled_back": "Whether it is or was rolled back, well or not",
}
_UNDONE = frozenset({Phase.ROLLING_BACK, Phase.VERIFYING})
_ENDED_UNDONE = frozenset({Ending.ROLLED_BACK, Ending.ROLLBACK_FAILED})


class Exposition:
    """Writes metrics in the format that the scraper asks for."""

    def __init__(self) -> None:
        self._process = ProcessCollector(registry=CollectorRegistry(auto_describe=False))

    def write(
        self,
        accept: str,
        histories: Sequence[History],
        own: OwnHealth,
        health: HealthDocument,
        deployments: Sequence[DeploymentLine] = (),
    ) -> tuple[bytes, str]:
        """The metrics and their content type. May be called on another thread than the engine's."""
        encode, content_type = choose_encoder(accept)
        own_side = (*self._process.collect(), *_of_sentinel(own, health))
        return encode(_Families((*own_side, *_of_checks(histories), *_of_deployments(deployments)))), content_type


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _of_checks(histories: Sequence[History]) -> Iterator[Metric]:
    labels = ("check", "kind")
    severity = GaugeMetricFamily(
        "sentinel_check_severity", "Last verdict: 0 OK, 1 warning, 2 critical, 3 unknown", labels=labels
    )
    up = GaugeMetricFamily(
        "sentinel_check_up", "Whether the last run passed; none when it could not tell", labels=labels
    )
    last = GaugeMetricFamily("sentinel_check_last_run_timestamp_seconds", "When the last run ended", labels=labels)
    interval = GaugeMetricFamily("sentinel_check_interval_seconds", "Configured interval", labels=labels)
    incident = GaugeMetricFamily("sentinel_check_incident_open", "Whether an incident is open", labels=labels)
    for history in histories:
        key = (history.check.name, history.check.kind)
        interval.add_metric(key, history.check.interval.total_seconds())
        incident.add_metric(key, float(history.incident is not None and history.incident.is_open))
        if (result := history.last) is not None:
            severity.add_metric(key, float(history.verdict.severity))
            last.add_metric(key, result.finished_at.timestamp())
            if result.outcome is not Outcome.UNKNOWN:
                up.add_metric(key, float(result.outcome is Outcome.PASS))
    yield from (severity, up, last, interval, incident)
    yield from _of_readings(histories)


def _of_readings(histories: Sequence[History]) -> Iterator[Metric]:
    families = {
        name: GaugeMetricFamily(name, "A reading of the last run", labels=("check", "reading"))
        for name in sorted(set(_READINGS.values()))
    }
    for history in histories:
        for reading in history.last.readings if history.last else ():
            families[_READINGS[reading.unit]].add_metric((history.check.name, reading.name), reading.value)
    yield from families.values()


def _of_deployments(lines: Iterable[DeploymentLine]) -> Iterator[Metric]:
    """Of the current or last deployment of each system. A version is one value at a time, so there is one series of each."""
    info = InfoMetricFamily("sentinel_deployment", "The current or last deployment of a system", labels=("system",))
    began, failed, undone = (
        GaugeMetricFamily(f"sentinel_deployment_{name}", text, labels=("system",)) for name, text in _DEPLOYED.items()
    )
    latest: dict[str, DeploymentLine] = {}
    for line in lines:
        if line.system not in latest or line.id > latest[line.system].id:
            latest[line.system] = line
    for system, line in latest.items():
        verdict = line.verdict.value if line.verdict else ""
        stands = {"version": line.version, "phase": line.phase.value, "verdict": verdict}
        info.add_metric((system,), stands | {"ending": line.ending.value if line.ending else ""})
        began.add_metric((system,), line.started_at.timestamp())
        failed.add_metric((system,), float(line.is_in_trouble))
        undone.add_metric((system,), float(line.phase in _UNDONE or line.ending in _ENDED_UNDONE))
    if latest:
        yield from (info, began, failed, undone)


def _of_sentinel(own: OwnHealth, health: HealthDocument) -> Iterator[Metric]:
    yield InfoMetricFamily("sentinel_build", "Version of Sentinel", value={"version": health.version})
    yield GaugeMetricFamily(
        "sentinel_healthy", "Whether probing, judging and sending make progress", float(health.healthy)
    )
    yield GaugeMetricFamily(
        "sentinel_loop_lag_seconds", "Worst delay of the event loop in the last minute", own.loop_lag
    )
    yield GaugeMetricFamily("sentinel_probes_running", "Probes under way", own.running)
    yield CounterMetricFamily("sentinel_commits", "Transactions that stored results", own.commits)
    yield _by("sentinel_results", "Results by outcome", "outcome", own.runs, counter=True)
    yield _by("sentinel_runs_skipped", "Runs that were left out", "reason", own.skipped, counter=True)
    yield _by("sentinel_queue_length", "Items that wait in a queue", "queue", own.queues)
    yield _by("sentinel_notifications", "Rows of the outbox that were not sent", "state", own.notifications)
    yield _deliveries(own)
    yield _by("sentinel_channel_failing_seconds", "How long every attempt has failed", "channel", own.failing)
    yield _by("sentinel_channel_budget_left", "Messages that may be sent at once", "channel", own.budgets)
    yield from _where_known(own)


def _deliveries(own: OwnHealth) -> Metric:
    family = CounterMetricFamily(
        "sentinel_delivery_attempts", "Attempts to send a notification", labels=("channel", "outcome")
    )
    for channel, outcomes in own.deliveries.items():
        for outcome, attempts in outcomes.items():
            family.add_metric((channel, outcome), attempts)
    return family


def _where_known(own: OwnHealth) -> Iterator[Metric]:
    lateness = {"0.5": own.lateness_p50, "0.99": own.lateness_p99}
    known = {quantile: value for quantile, value in lateness.items() if value is not None}
    yield _by("sentinel_lateness_seconds", "From the slot of a run to its start", "quantile", known)
    if own.commit_p99 is not None:
        yield GaugeMetricFamily("sentinel_commit_p99_seconds", "99th percentile of a commit's duration", own.commit_p99)
    if own.audited_at is not None:
        audited = own.audited_at.timestamp()
        yield GaugeMetricFamily("sentinel_audited_timestamp_seconds", "When the store was last audited", audited)
        yield GaugeMetricFamily("sentinel_audit_flaws", "Things that the last audit found overdue", own.flaws)
    if own.heartbeat_sent_at is not None:
        sent = own.heartbeat_sent_at.timestamp()
        yield GaugeMetricFamily("sentinel_heartbeat_timestamp_seconds", "The last sign of life to the outside", sent)
    if own.store_size is not None:
        yield GaugeMetricFamily("sentinel_store_bytes", "Size of the store", own.store_size)
    if own.store_free is not None:
        yield GaugeMetricFamily("sentinel_store_free_bytes", "Room left on the store's disk", own.store_free)


def _by(name: str, text: str, label: str, values: Mapping[str, float], *, counter: bool = False) -> Metric:
    family = (CounterMetricFamily if counter else GaugeMetricFamily)(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
