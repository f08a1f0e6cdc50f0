from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from sentinel.core.deployment.deployment import Ending
from sentinel.reports.deployment import line
from sentinel.reports.documents import HealthDocument, OwnHealth
from sentinel.web.exposition import Exposition
from tests.kit.released import PASSED, UNDONE
from tests.kit.scene import blind, broken, check, history, well

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentinel.core.deployment.deployment import Deployment
    from sentinel.core.history import History
    from tests.web.conftest import Site

HEALTHY = HealthDocument(healthy=True, version="1.2", probing=True, progress={})


def metrics(
    *histories: History, own: OwnHealth | None = None, deployments: Sequence[Deployment] = ()
) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    body, _ = Exposition().write("", histories, own or OwnHealth(), HEALTHY, [line(one) for one in deployments])
    families = text_string_to_metric_families(body.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_a_healthy_check_is_up_with_its_reading() -> None:
    found = metrics(history(check("health"), [well(0.25)]))
    assert found["sentinel_check_up", "health", "http"] == 1
    assert found["sentinel_check_severity", "health", "http"] == 0
    assert found["sentinel_check_reading_seconds", "health", "response_time"] == 0.25
    assert found["sentinel_check_last_run_timestamp_seconds", "health", "http"] == 1795348740


def test_a_broken_check_is_down_with_an_open_incident() -> None:
    found = metrics(history(check("login"), [broken()] * 3))
    assert found["sentinel_check_up", "login", "http"] == 0
    assert found["sentinel_check_severity", "login", "http"] == 2
    assert found["sentinel_check_incident_open", "login", "http"] == 1


def test_a_check_that_could_not_be_judged_is_neither_up_nor_down() -> None:
    found = metrics(history(check("audit"), [blind()]))
    assert ("sentinel_check_up", "audit", "http") not in found
    assert found["sentinel_check_severity", "audit", "http"] == 3


def test_a_check_without_a_result_has_no_verdict_yet() -> None:
    assert ("sentinel_check_severity", "new", "http") not in metrics(history(check("new"), []))


def test_the_latest_deployment_of_each_system_is_there() -> None:
    found = metrics(deployments=[UNDONE, replace(PASSED, id=11, version="2.3"), replace(PASSED, id=3, system="lab")])
    assert found["sentinel_deployment_info", "rolled_back", "ended", "portal", "fail", "2.4.1"] == 1
    assert found["sentinel_deployment_rolled_back", "portal"] == 1
    assert found["sentinel_deployment_failed", "portal"] == 0  # it was put right
    assert found["sentinel_deployment_started_timestamp_seconds", "lab"] == PASSED.started_at.timestamp()
    assert len([name for name in found if name[0] == "sentinel_deployment_info"]) == 2


def test_one_that_failed_and_stands_so_is_said_to() -> None:
    found = metrics(deployments=[replace(PASSED, ending=Ending.FAILED)])
    assert found["sentinel_deployment_failed", "portal"] == 1


def test_without_deployments_nothing_is_said_of_them() -> None:
    assert not [name for name in metrics() if name[0].startswith("sentinel_deployment")]


def test_sentinels_own_figures_are_there() -> None:
    own = OwnHealth(
        loop_lag=0.01, queues={"results": 4}, runs={"pass": 9}, skipped={"still_running": 2},
        deliveries={"mail": {"sent": 3}}, lateness_p99=0.02, commits=5, store_size=1024,
    )  # fmt: skip
    found = metrics(own=own)
    assert found["sentinel_results_total", "pass"] == 9
    assert found["sentinel_runs_skipped_total", "still_running"] == 2
    assert found["sentinel_queue_length", "results"] == 4
    assert found["sentinel_delivery_attempts_total", "mail", "sent"] == 3
    assert found["sentinel_lateness_seconds", "0.99"] == 0.02
    assert ("sentinel_lateness_seconds", "0.5") not in found
    assert found["sentinel_store_bytes",] == 1024
    assert math.isclose(found["sentinel_loop_lag_seconds",], 0.01)


def test_no_label_carries_what_a_target_said() -> None:
    body, _ = Exposition().write("", [history(check("login"), [broken("canary-text")] * 3)], OwnHealth(), HEALTHY)
    assert b"canary-text" not in body


def test_openmetrics_is_written_when_asked_for() -> None:
    asked = "application/openmetrics-text; version=1.0.0"
    body, content_type = Exposition().write(asked, [history(check("health"), [well()])], OwnHealth(), HEALTHY)
    assert content_type.startswith("application/openmetrics-text")
    assert list(openmetrics.text_string_to_metric_families(body.decode()))  # type: ignore[no-untyped-call]  # theirs


async def test_both_listeners_serve_metrics(site: Site) -> None:
    for client in (site.local, site.remote):
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert 'sentinel_check_up{check="health",kind="http"} 1.0' in answer.text
