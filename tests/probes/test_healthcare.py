"""The probes auth, roles and audit against the healthcare service: each of its faults is found, each mending seen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from examples.healthcare import settings, tokens
from examples.healthcare.roles import Role
from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from tests.guides.healthcare.service import start
from tests.kit.bench import Bench, readings, run, words
from tests.kit.process import Children
from tests.probes.healthcare import REQUESTS, Healthcare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.core.result import Measurement

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Healthcare]:
    async with Children() as children:
        service = await start(children, tmp_path_factory.mktemp("service"))
        async with service.client:
            yield Healthcare(service)


@pytest_asyncio.fixture(loop_scope="module")
async def healthcare(running: Healthcare) -> AsyncIterator[Healthcare]:
    yield running
    await running.service.mend()


@pytest_asyncio.fixture(loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as ready:
        yield ready


def leaks(found: Measurement) -> list[str]:
    """Secrets and people that a measurement speaks of; there must be none."""
    forbidden = ["demo-", "Synthetic Patient", "SYN-", "eyJ"]
    return [word for word in forbidden if word in words(found)]


# auth


async def test_login_and_tokens_are_in_order(bench: Bench, healthcare: Healthcare) -> None:
    expired = tokens.expired("monitor-doctor", settings.DEMO_SIGNING_KEY, SystemClock().now())
    found = await bench.measure("auth", **healthcare.auth(), refuse={"expired": expired})
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert set(readings(found)) == {"login_time", "token_check_time", "response_time"}


@pytest.mark.parametrize(
    ("fault", "failure", "said"),
    [
        (
            "tampered_tokens_accepted",
            FailureClass.TOKEN_ACCEPTED,
            "tampered token: accepted with status 200 (and 1 more)",
        ),
        ("expired_tokens_accepted", FailureClass.TOKEN_ACCEPTED, "expired token: accepted with status 200"),
        ("login_broken", FailureClass.LOGIN_FAILED, "login: status 500, expected 2xx"),
        ("down", FailureClass.LOGIN_FAILED, "login: status 503, expected 2xx"),
    ],
)
async def test_a_broken_authentication_is_found(
    bench: Bench, healthcare: Healthcare, fault: str, failure: FailureClass, said: str
) -> None:
    expired = tokens.expired("monitor-doctor", settings.DEMO_SIGNING_KEY, SystemClock().now())
    await healthcare.service.switch(fault, on=True)
    found = await bench.measure("auth", **healthcare.auth(), refuse={"expired": expired})
    assert (found.failure, found.explanation) == (failure, said)
    assert found.hint
    assert leaks(found) == []


# roles


async def test_the_whole_matrix_holds(bench: Bench, healthcare: Healthcare) -> None:
    found = await bench.measure("roles", **healthcare.roles(), assignment=healthcare.assignment())
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    numbers = readings(found)
    assert numbers["cells"] == len(Role) * len(REQUESTS)
    assert 0 < numbers["role_check_time"] <= numbers["slowest_check_time"] < 2
    assert 0 < numbers["assignment_time"] < 2


async def test_access_gained_is_found(bench: Bench, healthcare: Healthcare) -> None:
    await healthcare.service.switch("access_gained", on=True)
    found = await bench.measure("roles", **healthcare.roles())
    assert found.failure is FailureClass.ACCESS_GAINED
    assert "allowed with status 200, and must be refused (and 2 more)" in found.explanation
    assert leaks(found) == []


async def test_access_lost_is_found(bench: Bench, healthcare: Healthcare) -> None:
    await healthcare.service.switch("access_lost", on=True)
    found = await bench.measure("roles", **healthcare.roles())
    assert found.failure is FailureClass.ACCESS_LOST
    assert found.explanation.startswith("doctor, patients.")
    assert "refused with status 403, and must be allowed" in found.explanation


async def test_a_slow_role_check_shows_in_its_reading(bench: Bench, healthcare: Healthcare) -> None:
    await healthcare.service.switch("role_check_slow", on=True, value=0.3)
    found = await bench.measure("roles", **healthcare.roles(), concurrency=8)
    assert found.outcome is Outcome.PASS
    assert readings(found)["role_check_time"] > 0.3


async def test_the_roles_users_log_in_once_for_many_runs(bench: Bench, healthcare: Healthcare) -> None:
    before = healthcare.service.count("SELECT count(*) FROM audit_log WHERE action = 'auth.login'")
    probe = bench.build("roles", **healthcare.roles())
    for _ in range(3):
        assert (await run(probe)).outcome is Outcome.PASS
    after = healthcare.service.count("SELECT count(*) FROM audit_log WHERE action = 'auth.login'")
    assert after - before == len(Role)


async def test_an_assigned_role_is_always_taken_back(bench: Bench, healthcare: Healthcare) -> None:
    await bench.measure("roles", **healthcare.roles(), assignment=healthcare.assignment())
    assert healthcare.service.count("SELECT count(*) FROM user_roles WHERE user_id = 6") == 0


async def test_counts_are_read_by_query_and_by_request(bench: Bench, healthcare: Healthcare) -> None:
    counts = [
        {"name": "assignments", "query": "SELECT count(*) FROM user_roles"},
        {
            "name": "roles",
            "by": "admin",
            "request": {"url": f"{healthcare.url}/api/v1/roles"},
            "path": "length(roles)",
        },
    ]
    found = await bench.measure("roles", **healthcare.roles(), database=healthcare.database, counts=counts)
    assert (readings(found)["counts.assignments"], readings(found)["counts.roles"]) == (5, 5)


async def test_orphaned_assignments_are_found(bench: Bench, healthcare: Healthcare) -> None:
    query = (
        "SELECT count(*) FROM user_roles LEFT JOIN users ON users.id = user_id"
        " LEFT JOIN roles ON roles.id = role_id WHERE users.id IS NULL OR roles.id IS NULL"
    )
    options: dict[str, Any] = {
        "url": healthcare.database,
        "integrity": [{"name": "orphaned_assignments", "query": query}],
    }
    assert (await bench.measure("sql", **options)).outcome is Outcome.PASS
    await healthcare.service.switch("orphans", on=True)
    found = await bench.measure("sql", **options)
    assert found.failure is FailureClass.WRONG_ANSWER
    assert "orphaned_assignments" in found.explanation


# audit


async def test_an_action_is_recorded_in_time_and_complete(bench: Bench, healthcare: Healthcare) -> None:
    found = await bench.measure("audit", **healthcare.audit())
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert set(readings(found)) == {"response_time", "record_time"}


async def test_a_record_is_found_by_a_query_too(bench: Bench, healthcare: Healthcare) -> None:
    options = healthcare.audit()
    query = "SELECT * FROM audit_log WHERE correlation_id = {correlation_id}"
    options["record"] = {"database": healthcare.database, "query": query}
    found = await bench.measure("audit", **options)
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("fault", "value", "failure", "said"),
    [
        ("audit_silent", None, FailureClass.RECORD_MISSING, "no record of the action after"),
        (
            "audit_incomplete",
            None,
            FailureClass.RECORD_INCOMPLETE,
            "the record does not say who (actor), from where (source_ip)",
        ),
        ("audit_late", 0.7, FailureClass.RECORD_LATE, "at most 500 ms is allowed"),
    ],
)
async def test_a_broken_audit_log_is_found(
    bench: Bench, healthcare: Healthcare, fault: str, value: float | None, failure: FailureClass, said: str
) -> None:
    await healthcare.service.switch(fault, on=True, value=value)
    found = await bench.measure("audit", **healthcare.audit(within="500ms"), within=1.6)
    assert found.failure is failure
    assert said in found.explanation
    assert leaks(found) == []


async def test_a_wrong_record_is_told_without_its_content(bench: Bench, healthcare: Healthcare) -> None:
    wrong = healthcare.audit(expect=[{"path": "actor", "equals": "somebody"}])
    found = await bench.measure("audit", **wrong)
    assert found.explanation == 'the record\'s actor: expected "somebody", found another text'


async def test_a_log_that_sentinel_may_not_read_is_unknown(bench: Bench, healthcare: Healthcare) -> None:
    found = await bench.measure("audit", **healthcare.audit(login=healthcare.login(Role.EMPLOYEE)))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)


async def test_a_fresh_log_passes_and_a_stale_one_fails(bench: Bench, healthcare: Healthcare) -> None:
    await bench.measure("audit", **healthcare.audit())
    newest = {"database": healthcare.database, "query": "SELECT at FROM audit_log ORDER BY seq DESC LIMIT 1"}
    fresh = await bench.measure("audit", freshness={**newest, "max_age": "10m"})
    stale = await bench.measure("audit", freshness={**newest, "max_age": "1ms"})
    assert fresh.outcome is Outcome.PASS
    assert readings(fresh)["freshness"] < 60
    assert stale.failure is FailureClass.STALE


async def test_nothing_is_left_open(bench: Bench, healthcare: Healthcare) -> None:
    probe = bench.build("audit", **healthcare.audit())
    await run(probe)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await run(probe)
    assert len(os.listdir("/proc/self/fd")) == before
