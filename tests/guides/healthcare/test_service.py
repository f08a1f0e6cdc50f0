"""The healthcare service does what its README says, each fault shows, and mending ends it."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import pytest_asyncio
from examples.healthcare.faults import CATALOGUE, Fault
from examples.healthcare.people import PATIENTS
from examples.healthcare.roles import ALLOWED, Permission, Role

from tests.guides.healthcare.service import Service, start
from tests.kit.process import Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "examples/healthcare/guide_config.json"
TARGET = f"/api/v1/users/{len(Role) + 1}/roles"  # of the user the monitor assigns roles to
ORPHANED = (
    "SELECT count(*) FROM user_roles LEFT JOIN users ON users.id = user_id"
    " LEFT JOIN roles ON roles.id = role_id WHERE users.id IS NULL OR roles.id IS NULL"
)

REQUESTS = {
    Permission.LIST_PATIENTS: ("GET", "/api/v1/patients"),
    Permission.READ_PATIENT: ("GET", "/api/v1/patients/3"),
    Permission.LIST_ROLES: ("GET", "/api/v1/roles"),
    Permission.READ_AUDIT: ("GET", "/api/v1/audit"),
    Permission.REMOVE_ROLE: ("DELETE", f"{TARGET}/auditor"),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Children() as children:
        service = await start(children, tmp_path_factory.mktemp("service"), ROOT)
        async with service.client:
            yield service


@pytest_asyncio.fixture(loop_scope="module")
async def service(running: Service) -> AsyncIterator[Service]:
    yield running
    await running.mend()


def fresh(headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A correlation id of its own, and the headers with it."""
    correlation_id = uuid4().hex
    return correlation_id, {**headers, "X-Correlation-ID": correlation_id}


async def test_health_names_the_database_as_a_component(service: Service) -> None:
    answer = (await service.client.get("/health")).json()
    assert answer["status"] == "healthy"
    assert answer["components"] == {"database": "connected"}


async def test_auth_status_is_open_to_everybody(service: Service) -> None:
    assert await service.status("/api/v1/auth/status") == 200


async def test_a_login_yields_a_bearer_token_and_its_lifetime(service: Service) -> None:
    answer = (await service.login(Role.DOCTOR)).json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 1800)
    assert answer["access_token"].count(".") == 2


async def test_a_wrong_password_is_refused_and_recorded(service: Service) -> None:
    before = service.count("SELECT count(*) FROM audit_log WHERE action = 'auth.login' AND outcome = 'refused'")
    assert (await service.login(Role.DOCTOR, "wrong")).status_code == 401
    assert before + 1 == service.count(
        "SELECT count(*) FROM audit_log WHERE action = 'auth.login' AND outcome = 'refused'"
    )


async def test_me_tells_who_the_token_belongs_to(service: Service) -> None:
    answer = await service.client.get("/api/v1/auth/me", headers=await service.bearer(Role.NURSE))
    assert answer.json() == {"id": 3, "username": "monitor-nurse", "roles": ["nurse"]}


async def test_a_token_is_refused_after_logout(service: Service) -> None:
    bearer = await service.bearer(Role.NURSE)
    assert await service.status("/api/v1/auth/logout", bearer, "POST") == 200
    assert await service.status("/api/v1/auth/me", bearer) == 401


async def test_a_missing_token_is_refused(service: Service) -> None:
    answer = await service.client.get("/api/v1/patients")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", ["--expired", "--foreign"])
async def test_tokens_printed_to_be_refused_are_refused(service: Service, kind: str) -> None:
    assert await service.status("/api/v1/auth/me", await printed(kind)) == 401


async def test_a_tampered_token_is_refused(service: Service) -> None:
    assert await service.status("/api/v1/auth/me", tampered(await service.bearer(Role.DOCTOR))) == 401


@pytest.mark.parametrize("permission", list(REQUESTS))
@pytest.mark.parametrize("role", list(Role))
async def test_the_access_matrix_is_in_force(service: Service, role: Role, permission: Permission) -> None:
    method, path = REQUESTS[permission]
    status = await service.status(path, await service.bearer(role), method)
    assert (status != 403) == (role in ALLOWED[permission])


async def test_an_assigned_role_counts_until_it_is_removed(service: Service) -> None:
    admin = await service.bearer(Role.ADMIN)
    answer = await service.client.post(TARGET, json={"role": "nurse"}, headers=admin)
    assert (answer.status_code, answer.json()["new"]) == (201, True)
    again = await service.client.post(TARGET, json={"role": "nurse"}, headers=admin)
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert await service.status(f"{TARGET}/nurse", admin, "DELETE") == 204
    assert await service.status(f"{TARGET}/nurse", admin, "DELETE") == 404


async def test_roles_are_counted(service: Service) -> None:
    answer = await service.client.get("/api/v1/roles", headers=await service.bearer(Role.AUDITOR))
    assert [line["users"] for line in answer.json()["roles"]] == [1] * len(Role)


async def test_reading_a_patient_is_recorded_completely(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.DOCTOR))
    answer = await service.client.get("/api/v1/patients/3", headers=headers)
    assert answer.headers["X-Correlation-ID"] == correlation_id
    [record] = await service.records(correlation_id)
    assert record.pop("seq") > 0
    assert record.pop("at").endswith("+00:00")
    assert record == {
        "actor": "monitor-doctor",
        "action": "patients.read",
        "resource_type": "patient",
        "resource_id": "3",
        "source_ip": "127.0.0.1",
        "outcome": "allowed",
        "correlation_id": correlation_id,
    }


async def test_a_refusal_is_recorded(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.EMPLOYEE))
    assert await service.status("/api/v1/patients/3", headers) == 403
    assert [record["outcome"] for record in await service.records(correlation_id)] == ["refused"]


async def test_a_role_change_is_recorded(service: Service) -> None:
    correlation_id, headers = fresh(await service.bearer(Role.ADMIN))
    await service.client.post(TARGET, json={"role": "employee"}, headers=headers)
    await service.client.delete(f"{TARGET}/employee", headers=headers)
    actions = [record["action"] for record in await service.records(correlation_id)]
    assert actions == ["roles.remove", "roles.assign"]


async def test_the_audit_log_can_be_asked_since_an_instant(service: Service) -> None:
    auditor = await service.bearer(Role.AUDITOR)
    future = {"since": "2999-01-01T00:00:00+00:00"}
    assert (await service.client.get("/api/v1/audit", params=future, headers=auditor)).json() == {"records": []}
    past = {"since": "2020-01-01T00:00:00Z", "limit": "2"}
    answer = await service.client.get("/api/v1/audit", params=past, headers=auditor)
    assert len(answer.json()["records"]) == 2


async def test_the_database_can_be_read_beside_the_service(service: Service) -> None:
    assert service.count("SELECT count(*) FROM patients") == PATIENTS
    assert service.count(ORPHANED) == 0


@pytest.mark.parametrize(
    ("body", "expected"), [(b"[]", 400), (b"{", 400), (b'{"username": 1}', 422), (b"x" * 300_000, 413)]
)
async def test_a_login_that_makes_no_sense_is_refused(service: Service, body: bytes, expected: int) -> None:
    assert (await service.client.post("/api/v1/auth/login", content=body)).status_code == expected


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
    assert "BROKEN  orphans" in await output("examples.healthcare.break", "orphans", "--url", url)
    assert "BROKEN  orphans" in await output("examples.healthcare.break", "--url", url)
    assert "BROKEN" not in await output("examples.healthcare.break", "--off", "--url", url)


async def test_a_restart_keeps_the_records_and_repairs_the_rest(tmp_path: Path) -> None:
    async with Children() as children:
        first = await start(children, tmp_path, ROOT)
        async with first.client:
            await first.switch("orphans", on=True)
            await first.login(Role.DOCTOR)
            assert await first.child.terminate() == 0
        second = await start(children, tmp_path, ROOT)
        async with second.client:
            assert second.count(ORPHANED) == 0
            assert second.count("SELECT count(*) FROM audit_log") == 1


async def test_a_short_signing_key_is_refused_at_the_start(tmp_path: Path) -> None:
    async with Children() as children:
        module = ("-m", "examples.healthcare.service", "--port", "0", "--data", str(tmp_path))
        child = await children.start(sys.executable, *module, env={"HEALTHCARE_JWT_KEY": "short"}, cwd=ROOT)
        assert await child.exit() == 2
        assert child.tail() == "HEALTHCARE_JWT_KEY: at least 32 bytes are needed"


async def test_the_guide_configuration_is_the_guides_byte_for_byte() -> None:
    digest = "374c01d4c0275d4f15b6ef68f7187502a40372475d69d8f0b156bf1c3f177a5e"
    assert hashlib.sha256(GUIDE.read_bytes()).hexdigest() == digest


def tampered(headers: dict[str, str]) -> dict[str, str]:
    """The same token with another signature."""
    unsigned, _, signature = headers["Authorization"].rpartition(".")
    return {"Authorization": f"{unsigned}.{signature[::-1]}"}


async def printed(kind: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await output('examples.healthcare.tokens', kind)}"}


async def output(module: str, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    async with Children() as children:
        child = await children.start(sys.executable, "-m", module, *arguments, cwd=ROOT)
        assert await child.exit() == 0, child.tail()
        return "\n".join(child.lines)


async def seconds(service: Service, path: str, headers: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    await service.status(path, headers)
    return time.perf_counter() - began
