"""Who may do what: the roles of the service and its whole access matrix."""

from collections.abc import Iterable
from enum import StrEnum

from examples.faults import Switchboard
from examples.healthcare.faults import Fault


class Role(StrEnum):
    ADMIN = "admin"
    DOCTOR = "doctor"
    NURSE = "nurse"
    AUDITOR = "auditor"
    EMPLOYEE = "employee"


class Permission(StrEnum):
    """An action that needs a role; its value is the action named in the audit log."""

    LIST_PATIENTS = "patients.list"
    READ_PATIENT = "patients.read"
    LIST_ROLES = "roles.list"
    ASSIGN_ROLE = "roles.assign"
    REMOVE_ROLE = "roles.remove"
    READ_AUDIT = "audit.read"
    READ_USER = "users.read"


# An administrator manages access and has no reason to read health records:
# the minimum necessary, 45 CFR 164.502(b).
ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.LIST_PATIENTS: frozenset({Role.DOCTOR, Role.NURSE}),
    Permission.READ_PATIENT: frozenset({Role.DOCTOR, Role.NURSE}),
    Permission.LIST_ROLES: frozenset({Role.ADMIN, Role.AUDITOR}),
    Permission.ASSIGN_ROLE: frozenset({Role.ADMIN}),
    Permission.REMOVE_ROLE: frozenset({Role.ADMIN}),
    Permission.READ_AUDIT: frozenset({Role.ADMIN, Role.AUDITOR}),
    Permission.READ_USER: frozenset({Role.ADMIN}),  # everybody else may read what is stored of themselves
}

# What is recorded even when it was allowed. Every refusal is recorded.
AUDITED = frozenset({Permission.LIST_PATIENTS, Permission.READ_PATIENT, Permission.ASSIGN_ROLE, Permission.REMOVE_ROLE})

# What the fault `access_gained` wrongly opens, and to whom.
GAINED: dict[Permission, frozenset[Role]] = {
    Permission.LIST_PATIENTS: frozenset({Role.EMPLOYEE}),
    Permission.READ_PATIENT: frozenset({Role.EMPLOYEE}),
    Permission.READ_AUDIT: frozenset({Role.NURSE}),
}


def allows(roles: Iterable[Role], permission: Permission, faults: Switchboard) -> bool:
    """Whether one of the roles carries the permission, as the matrix and the faults switched on have it."""
    able = ALLOWED[permission]
    if faults.is_on(Fault.ACCESS_GAINED):
        able = able | GAINED.get(permission, frozenset())
    if faults.is_on(Fault.ACCESS_LOST):
        able = able - {Role.DOCTOR}
    return not able.isdisjoint(roles)
