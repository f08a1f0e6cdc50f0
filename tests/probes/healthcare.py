"""The options that watch the healthcare service, as its configuration would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.healthcare import settings
from examples.healthcare.people import PATIENTS
from examples.healthcare.roles import ALLOWED, Permission, Role

if TYPE_CHECKING:
    from tests.guides.healthcare.service import Service

TARGET = f"/api/v1/users/{len(Role) + 1}/roles"  # of the user that roles are given to

REQUESTS = {
    Permission.LIST_PATIENTS: "/api/v1/patients",
    Permission.READ_PATIENT: f"/api/v1/patients/{PATIENTS}",
    Permission.LIST_ROLES: "/api/v1/roles",
    Permission.READ_AUDIT: "/api/v1/audit?limit=1",
}


class Healthcare:
    """Options for the service at hand."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.url = str(service.client.base_url).rstrip("/")
        self.database = f"sqlite:///{service.file}"

    def login(self, role: Role, **more: Any) -> dict[str, Any]:
        return {**self.way(), **self.who(role), **more}

    def way(self) -> dict[str, Any]:
        return {"url": f"{self.url}/api/v1/auth/login"}

    def who(self, role: Role) -> dict[str, Any]:
        return {"username": settings.username(role), "password": settings.password(role, {})}

    def auth(self) -> dict[str, Any]:
        return {"login": self.login(Role.DOCTOR), "protected": {"url": f"{self.url}/api/v1/auth/me"}}

    def roles(self) -> dict[str, Any]:
        return {
            "login": self.way(),
            "roles": {role.value: {**self.who(role), "allow": _allowed(role)} for role in Role},
            "requests": {request.value: {"url": f"{self.url}{path}"} for request, path in REQUESTS.items()},
        }

    def assignment(self) -> dict[str, Any]:
        return {
            "by": "admin",
            "assign": {"method": "POST", "url": f"{self.url}{TARGET}", "json": {"role": "auditor"}},
            "revoke": {"method": "DELETE", "url": f"{self.url}{TARGET}/auditor"},
        }

    def audit(self, **record: Any) -> dict[str, Any]:
        return {
            "action": {"url": f"{self.url}/api/v1/patients/1", "login": self.login(Role.DOCTOR)},
            "record": {
                "request": {"url": f"{self.url}/api/v1/audit?correlation_id={{correlation_id}}"},
                "entries": "records",
                "login": self.login(Role.AUDITOR),
                "expect": [
                    {"path": "actor", "equals": "monitor-doctor"},
                    {"path": "action", "equals": "patients.read"},
                    {"path": "outcome", "equals": "allowed"},
                ],
                **record,
            },
        }


def _allowed(role: Role) -> list[str]:
    return [permission.value for permission in REQUESTS if role in ALLOWED[permission]]
