"""Each fault of the HR platform, and the check that tells of it."""

from __future__ import annotations

from sentinel.core.result import FailureClass
from sentinel.core.rule import Severity
from tests.guides.kit.story import Story

SCENARIOS = frozenset({"workflow", "job-posting"})
METRICS = frozenset({"api-metrics", "high_response_time", "high_error_rate"})
PAGES = frozenset({"gateway", "modules", "architecture", "jobs", "rate-limit"})
OVER_HTTP = PAGES | SCENARIOS | METRICS | {"endpoints", "health-detailed"}

STORIES = [
    Story(
        ids=("BH-1", "BH-8"),
        fault="module_missing",
        check="modules",
        failure=FailureClass.WRONG_BODY,
        says="total_modules: expected 6, found 5",
    ),
    Story(
        ids=("BH-1", "BH-8"),
        fault="monolithic",
        check="architecture",
        failure=FailureClass.WRONG_BODY,
        severity=Severity.WARNING,
        says='architecture.type: expected "modular", found "monolithic"',
    ),
    Story(
        ids=("BH-1", "BH-8"),
        fault="jobs_broken",
        check="jobs",
        failure=FailureClass.WRONG_BODY,
        says="total: expected above -1, found nothing",
    ),
    Story(
        ids=("BH-1", "BH-8"),
        fault="rate_limit_gone",
        check="rate-limit",
        failure=FailureClass.WRONG_BODY,
        severity=Severity.WARNING,
        says="rate_limit: expected above 0, found nothing",
    ),
    Story(
        ids=("BH-1", "BH-8"),
        fault="endpoints_missing",
        check="endpoints",
        says="endpoints is 20, below 180",
    ),
    Story(
        ids=("BH-1",),
        fault="endpoint_drift",
        check="endpoints",
        severity=Severity.WARNING,
        says="Gone: GET /v1/jobs/resource-03; new: POST /v1/debug/shell",
    ),
    Story(
        ids=("BH-1", "BH-8"),
        fault="down",
        check="gateway",
        failure=FailureClass.WRONG_STATUS,
        says="status 503, expected 200",
        also=OVER_HTTP,
    ),
    Story(
        ids=("BH-1",),
        fault="errors",
        value=1.0,
        check="gateway",
        failure=FailureClass.WRONG_STATUS,
        says="status 500, expected 200",
        also=OVER_HTTP,
    ),
    # A growth of counters spans the time since the last look: the first look after a fault has healthy time in it.
    Story(
        ids=("BH-2",),
        fault="users_wait",
        check="api-metrics",
        says="values.response_p95",
        also=METRICS | {"health-detailed"},
        looks=2,
    ),
    Story(
        ids=("BH-2", "BH-4"),
        fault="users_see_errors",
        check="high_error_rate",
        says="above 5 %",
        looks=2,
    ),
    Story(
        ids=("BH-2",),
        fault="workflows_pile_up",
        check="api-metrics",
        says="values.active_workflows is 100, above 80",
    ),
    Story(
        ids=("BH-3",),
        fault="database_lost",
        check="health-detailed",
        failure=FailureClass.UNHEALTHY,
        says='database says "disconnected"',
    ),
    Story(
        ids=("BH-3",),
        fault="external_degraded",
        check="health-detailed",
        failure=FailureClass.DEGRADED,
        severity=Severity.WARNING,
        says='external_services says "degraded"',
    ),
    Story(
        ids=("BH-3",),
        fault="memory_grows",
        check="health-detailed",
        says="values.memory is 3 GiB, above 2 GiB",
    ),
    Story(
        ids=("BH-3",),
        fault="connections_grow",
        check="health-detailed",
        says="values.connections is 120, above 100",
    ),
    Story(
        ids=("BH-3",),
        fault="users_wait",
        check="health-detailed",
        says="values.average_response is 1.5 s, above 1 s",
        also=METRICS,
        looks=2,
    ),
    Story(
        ids=("BH-4",),
        fault="users_wait",
        check="high_response_time",
        says="above 1 s",
        also=METRICS | {"health-detailed"},
        looks=2,
    ),
    Story(
        ids=("BH-6",),
        fault="users_wait",
        value=0.2,
        check="api-metrics",
        severity=Severity.WARNING,
        says="above 100 ms",
        also=frozenset({"health-detailed"}),
        looks=2,
    ),
    Story(
        ids=("BH-6",),
        fault="slow",
        value=1.05,
        check="gateway",
        says="above 1 s",
        also=OVER_HTTP,
    ),
    Story(
        ids=("BH-7",),
        fault="workflow_hangs",
        check="workflow",
        failure=FailureClass.STEP_FAILED,
        says="current_step: ai_processing",
        also=SCENARIOS,
    ),
    Story(
        ids=("BH-7", "BH-10"),
        fault="workflow_fails",
        check="workflow",
        failure=FailureClass.STEP_FAILED,
        says="current_step: notifications",
        also=SCENARIOS,
    ),
    Story(
        ids=("BH-7",),
        fault="trigger_lost",
        check="job-posting",
        failure=FailureClass.WRONG_BODY,
        says="post: the new job started no workflow (workflow_triggered: expected true, found false)",
    ),
    Story(
        ids=("BH-10",),
        fault="task_failed",
        check="background-tasks",
        failure=FailureClass.JOB_FAILED,
        says="1 job failed in the last 1 h",
    ),
    Story(
        ids=("BH-10",),
        fault="task_stuck",
        check="background-tasks",
        failure=FailureClass.JOB_STUCK,
        says="1 job running for more than 10 min, the oldest for 1 h (id stuck)",
    ),
]
