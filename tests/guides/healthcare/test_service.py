"""The healthcare service, healthy, does what its README says."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from examples.healthcare.people import PATIENTS
from examples.healthcare.roles import ALLOWED, Permission, Role
from tests.guides.healthcare.service import ORPHANED, ROOT, Service, fresh, printed, start, tampered
from tests.kit.process import Children

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

TARGET = f"/api/v1/users/{len(Role) + 1}/roles"  # of the user the monitor assigns roles to

REQUESTS = {
    Permission.LIST_PATIENTS: ("GET", "/api/v1/patients"),
    Permission.READ_PATIENT: ("GET", "/api/v1/patients/3"),
    Permission.LIST_ROLES: ("GET", "/api/v1/roles"),
    Permission.READ_AUDIT: ("GET", "/api/v1/audit"),
    Permission.REMOVE_ROLE: ("DELETE", f"{TARGET}/auditor"),
}


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


async def test_a_restart_keeps_the_records_and_repairs_the_rest(tmp_path: Path) -> None:
    async with Children() as children:
        first = await start(children, tmp_path)
        async with first.client:
            await first.switch("orphans", on=True)
            await first.switch("audit_purged", on=True)
            await first.login(Role.DOCTOR)
            assert await first.child.terminate() == 0
        second = await start(children, tmp_path)
        async with second.client:
            assert second.count(ORPHANED) == 0
            assert second.count("SELECT count(*) FROM audit_log WHERE at < date('now', '-5 years')") > 0
            assert second.count("SELECT count(*) FROM audit_log WHERE action = 'auth.login'") == 1


async def test_a_short_signing_key_is_refused_at_the_start(tmp_path: Path) -> None:
    async with Children() as children:
        module = ("-m", "examples.healthcare.service", "--port", "0", "--data", str(tmp_path))
        child = await children.start(sys.executable, *module, env={"HEALTHCARE_JWT_KEY": "short"}, cwd=ROOT)
        assert await child.exit() == 2
        assert child.tail() == "HEALTHCARE_JWT_KEY: at least 32 bytes are needed"


async def test_a_user_may_read_what_is_stored_of_itself_and_of_nobody_else(service: Service) -> None:
    nurse = await service.bearer(Role.NURSE)
    assert [await service.status(f"/api/v1/users/{number}", nurse) for number in (3, 2)] == [200, 403]
    assert await service.status("/api/v1/users/2", await service.bearer(Role.ADMIN)) == 200


async def test_the_document_lists_what_the_api_offers(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    assert {"/health", "/api/v1/patients/{patient_id}", "/api/v1/users/{user_id}/roles/{role}"} <= set(paths)
    assert not any(path.startswith("/_faults") for path in paths)


async def test_the_chain_of_the_audit_log_holds(service: Service) -> None:
    await service.login(Role.DOCTOR)
    broken = "SELECT count(*) FROM audit_log a JOIN audit_log b ON b.seq = a.seq + 1 WHERE b.previous_hash <> a.hash"
    assert service.count(broken) == 0


async def test_a_database_of_an_older_version_is_begun_anew(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "healthcare.db")) as old:
        old.execute("CREATE TABLE audit_log (seq INTEGER PRIMARY KEY, at TEXT)")
    async with Children() as children:
        service = await start(children, tmp_path)
        async with service.client:
            assert (await service.login(Role.DOCTOR)).status_code == 200
        assert service.count("SELECT count(*) FROM audit_log WHERE action = 'auth.login' AND hash <> ''") == 1
