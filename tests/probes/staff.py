"""The options of a scenario that walks through the office, as the guides' smoke tests do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kit.office import Office


def login(office: Office, user: str = "monitor") -> dict[str, Any]:
    return {"url": f"{office.url}/login", "send": "form", "username": user, "password": "pass-canary"}


def walk(office: Office) -> list[dict[str, Any]]:
    """Health, login, list, create, search, update, and that the update is still there (EM-1, FP-2)."""
    employees = f"{office.url}/employees"
    there = {"json": [{"path": "items[0].id", "exists": True}]}
    moved = {"json": [{"path": "department", "equals": "archive"}]}
    return [
        {
            "name": "health",
            "as": "nobody",
            "request": {"url": f"{office.url}/health"},
            "expect": {"json": [{"path": "database", "equals": "connected"}]},
        },
        {"name": "login", "log_in": True},
        {"name": "list", "request": {"url": employees}},
        {
            "name": "create",
            "request": {"method": "POST", "url": employees, "json": {"name": "{run}"}},
            "expect": {"status": 201},
            "capture": {"id": "id"},
        },
        {"name": "search", "request": {"url": f"{employees}?search={{run}}"}, "expect": there},
        {
            "name": "update",
            "request": {"method": "PUT", "url": f"{employees}/{{id}}", "json": {"department": "archive"}},
        },
        {"name": "again", "request": {"url": f"{employees}/{{id}}"}, "expect": moved},
    ]


def taking_away(office: Office) -> list[dict[str, Any]]:
    employees = f"{office.url}/employees"
    return [
        {"name": "find", "request": {"url": f"{employees}?search={{run}}"}, "capture": {"id": "items[0].id"}},
        {"name": "delete", "request": {"method": "DELETE", "url": f"{employees}/{{id}}"}, "expect": {"status": 204}},
    ]


def staff(office: Office, **more: object) -> dict[str, Any]:
    """The whole scenario."""
    return {"login": login(office), "steps": walk(office), "finally": taking_away(office), **more}


def workflow(office: Office, **until: object) -> dict[str, Any]:
    """Create, start, and poll until it is completed (BH-7)."""
    return {
        "steps": [
            {
                "name": "start",
                "request": {"method": "POST", "url": f"{office.url}/workflows", "json": {"name": "{run}"}},
                "expect": {"status": 202},
                "capture": {"workflow": "id"},
            },
            {
                "name": "poll",
                "request": {"url": f"{office.url}/workflows/{{workflow}}"},
                "expect": {"json": [{"path": "status", "equals": "completed"}]},
                "until": {
                    "within": "300ms",
                    "every": "20ms",
                    "stop_when": [{"path": "status", "equals": "failed"}],
                    "show": "stage",
                    **until,
                },
            },
        ],
        "finally": [],
    }
