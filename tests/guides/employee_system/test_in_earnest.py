"""The configurations of the employee management system with what a team would give them, and else their defaults."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from examples.demo.__main__ import ADMIN_PASSWORD, WEBHOOK_SECRET
from examples.demo.system import find
from sentinel.config.advice import advice
from tests.kit.config import plan_of

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = find("employee-system").config
GIVEN = {
    "EMS_API_URL": "https://employees.example.org",
    "EMS_HOST": "employees.example.org",
    "EMS_ADMIN_PASSWORD": "one",
    "EMS_CLERK_PASSWORD": "two",
    "EMS_RATE_TOKEN": "three",
    "EMS_DATABASE_URL": "postgresql://sentinel_monitor:four@db.example.org/employee_system",
    "EMS_RESTORE_URL": "postgresql://sentinel_restore:five@127.0.0.1/postgres",
    "EMS_REVISION": "f0e91b6c22aa",
    "SLACK_BOT_TOKEN": "xoxb-six",
    "WEBHOOK_URL": "https://hooks.example.org/sentinel",
    "WEBHOOK_SECRET": WEBHOOK_SECRET,
    "SENTINEL_ADMIN_PASSWORD": ADMIN_PASSWORD,
    "HEARTBEAT_URL": "https://alive.example.org/sentinel",
}


@pytest.mark.parametrize("file", [CONFIG, CONFIG.with_name("stopped_config.json")], ids=lambda file: file.stem)
def test_nothing_is_advised_but_what_a_host_lacks(file: Path) -> None:
    plan = plan_of(file, GIVEN)
    assert [line for line in advice(plan) if " yet: " not in line] == []


def test_a_real_system_is_asked_less_often_than_a_demo() -> None:
    intervals = {check.name: check.interval for check in plan_of(CONFIG, GIVEN).checks}
    assert intervals["health"] == timedelta(minutes=1)
    assert min(intervals[name] for name in ("smoke", "backup", "restore", "rate-limit")) >= timedelta(minutes=2)
