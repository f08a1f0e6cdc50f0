"""Each fault of the healthcare service shows, and mending ends it."""

from __future__ import annotations

import time

import pytest

from examples.healthcare.faults import CATALOGUE, Fault
from examples.healthcare.roles import Role
from tests.guides.healthcare.service import ORPHANED, Service, fresh, output, printed, tampered

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_all_faults_are_listed_and_off(service: Service) -> None:
    lines = (await service.client.get("/_faults")).json()["faults"]
    assert [line["name"] for line in lines] == list(CATALOGUE) == list(Fault)
    assert not any(line["on"] for line in lines)


async def test_an_unknown_fault_is_refused_with_the_known_ones(service: Service) -> None:
    answer = await service.switch("nonsense", on=True)
    assert answer.status_code == 404
    assert "audit_silent" in answer.json()["detail"]


@pytest.mark.parametrize(("fault", "value"), [("slow", 61.0), ("slow", 0.0), ("down", 1.0), ("errors", 1.5)])
async def test_a_value_out_of_bounds_is_refused(service: Service, fault: str, value: float) -> None:
    assert (await service.switch(fault, on=True, value=value)).status_code == 422


async def test_down_answers_503_everywhere(service: Service) -> None:
    await service.switch("down", on=True)
    assert await service.status("/health") == await service.status("/api/v1/auth/status") == 503
    await service.switch("down", on=False)
    assert await service.status("/health") == 200


async def test_slow_delays_each_answer(service: Service) -> None:
    await service.switch("slow", on=True, value=0.3)
    assert await seconds(service, "/health") >= 0.3
    await service.switch("slow", on=False)
    assert await seconds(service, "/health") < 0.3


async def test_errors_strike_the_share_asked_for(service: Service) -> None:
    await service.switch("errors", on=True, value=0.25)
    statuses = [await service.status("/health") for _ in range(20)]
    assert statuses.count(500) == 5


async def test_a_lost_database_shows_in_health_and_api(service: Service) -> None:
    nurse = await service.bearer(Role.NURSE)
    await service.switch("database_down", on=True)
    answer = await service.client.get("/health")
    assert (answer.status_code, answer.json()["components"]["database"]) == (503, "disconnected")
    assert await service.status("/api/v1/patients", nurse) == 503
    await service.switch("database_down", on=False)
    assert await service.status("/api/v1/patients", nurse) == 200


async def test_a_slow_database_shows_in_health(service: Service) -> None:
    await service.switch("database_slow", on=True, value=0.2)
    assert (await service.client.get("/health")).json()["database_query_ms"] >= 200
    await service.switch("database_slow", on=False)
    assert (await service.client.get("/health")).json()["database_query_ms"] < 200


async def test_orphans_appear_and_are_removed(service: Service) -> None:
    await service.switch("orphans", on=True)
    assert service.count(ORPHANED) == 3
    await service.switch("orphans", on=False)
    assert service.count(ORPHANED) == 0


@pytest.mark.parametrize(
    ("role", "path"),
    [(Role.EMPLOYEE, "/api/v1/patients/3"), (Role.EMPLOYEE, "/api/v1/patients"), (Role.NURSE, "/api/v1/audit")],
)
async def test_gained_access_opens_what_must_be_refused(service: Service, role: Role, path: str) -> None:
    bearer = await service.bearer(role)
    await service.switch("access_gained", on=True)
    assert await service.status(path, bearer) == 200
    await service.switch("access_gained", on=False)
    assert await service.status(path, bearer) == 403


async def test_lost_access_refuses_a_doctor(service: Service) -> None:
    doctor = await service.bearer(Role.DOCTOR)
    await service.switch("access_lost", on=True)
    assert await service.status("/api/v1/patients", doctor) == 403
    await service.switch("access_lost", on=False)
    assert await service.status("/api/v1/patients", doctor) == 200


async def test_forged_tokens_pass_while_signatures_are_not_verified(service: Service) -> None:
    forged = [tampered(await service.bearer(Role.DOCTOR)), await printed("--foreign")]
    await service.switch("tampered_tokens_accepted", on=True)
    assert [await service.status("/api/v1/auth/me", token) for token in forged] == [200, 200]
    assert await service.status("/api/v1/auth/me", await printed("--expired")) == 401


async def test_an_expired_token_passes_while_expiry_is_not_verified(service: Service) -> None:
    await service.switch("expired_tokens_accepted", on=True)
    assert await service.status("/api/v1/auth/me", await printed("--expired")) == 200
    assert await service.status("/api/v1/auth/me", await printed("--foreign")) == 401


async def test_a_broken_login_answers_500(service: Service) -> None:
    await service.switch("login_broken", on=True)
    assert (await service.login(Role.ADMIN)).status_code == 500
    await service.switch("login_broken", on=False)
    assert (await service.login(Role.ADMIN)).status_code == 200


async def test_a_slow_role_check_delays_what_needs_a_role_and_nothing_else(service: Service) -> None:
    nurse = await service.bearer(Role.NURSE)
    await service.switch("role_check_slow", on=True, value=0.3)
    assert await seconds(service, "/api/v1/patients", nurse) >= 0.3
    assert await seconds(service, "/health") < 0.3


async def test_a_silent_audit_log_records_nothing(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.DOCTOR))
    await service.switch("audit_silent", on=True)
    assert await service.status("/api/v1/patients/3", headers) == 200
    assert await service.records(correlation_id) == []


async def test_an_incomplete_record_lacks_actor_and_source(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.DOCTOR))
    await service.switch("audit_incomplete", on=True)
    await service.status("/api/v1/patients/3", headers)
    [record] = await service.records(correlation_id)
    assert (record["actor"], record["source_ip"], record["resource_id"]) == (None, None, "3")


async def test_a_late_record_comes_after_its_delay(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.DOCTOR))
    await service.switch("audit_late", on=True, value=1.0)
    await service.status("/api/v1/patients/3", headers)
    assert await service.records(correlation_id) == []
    assert len(await service.records_within(correlation_id, 10.0)) == 1


async def test_late_records_are_written_once_the_fault_is_mended(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.DOCTOR))
    await service.switch("audit_late", on=True, value=60.0)
    await service.status("/api/v1/patients/3", headers)
    await service.switch("audit_late", on=False)
    assert len(await service.records_within(correlation_id, 10.0)) == 1


async def test_the_command_breaks_lists_and_mends(service: Service) -> None:
    url = str(service.client.base_url)
    assert "BROKEN  orphans" in await output("examples.demo.break", "orphans", "--url", url)
    assert "BROKEN  orphans" in await output("examples.demo.break", "--url", url)
    assert "BROKEN" not in await output("examples.demo.break", "--off", "--url", url)


async def seconds(service: Service, path: str, headers: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    await service.status(path, headers)
    return time.perf_counter() - began
