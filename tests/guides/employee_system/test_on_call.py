"""EM-4, EM-5, EM-6, EM-13: what people hear while the employee system is down, by plan or not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from examples.employee_system import settings
from tests.guides.kit.evening import WITHIN, evening
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.kit.process import Children

ENGINEER, STAKEHOLDERS = "oncall", "stakeholders"
#: What takes long, or is of no concern here.
WITHOUT = ("backup", "restore", "rate-limit", "hardening", "frontend", "scheduler", "application-log", "migrations")
NEVER = {"SENTINEL_LEVEL_2": "1h", "SENTINEL_LEVEL_3": "2h"}


@contextmanager
def without_database(environment: Mapping[str, str]) -> Iterator[None]:
    """PostgreSQL lets nobody into the system's database, and throws out who is in."""
    allow = f"ALTER DATABASE {settings.DATABASE} ALLOW_CONNECTIONS"
    with psycopg.connect(f"{environment['EMS_POSTGRES']}/postgres", autocommit=True) as connection:
        connection.execute(f"{allow} false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (settings.DATABASE,)
        )
        try:
            yield
        finally:
            connection.execute(f"{allow} true")


async def test_a_database_that_is_down_is_told_with_what_depends_on_it(children: Children, tmp_path: Path) -> None:
    async with evening("employee-system", children, tmp_path, WITHOUT, **NEVER) as on_call:
        with without_database(on_call.world.environment):
            await on_call.until_told("PostgreSQL answers", ENGINEER)
            await eventually(lambda: "Database connection of the API" in on_call.bodies(ENGINEER), within=WITHIN)
        await on_call.calm()
        subjects = await on_call.until_told("[RESOLVED]", ENGINEER)
    assert "PostgreSQL answers" in subjects[0], subjects
    before = [subject.startswith("[RESOLVED]") for subject in subjects].index(True)
    assert before <= 3, f"the opening and two updates at most, for all that depends on it: {subjects}"


async def test_a_planned_stop_alarms_nobody_and_one_that_takes_too_long_does(
    children: Children, tmp_path: Path
) -> None:
    window = (
        "window",
        "start",
        "--tag",
        "stopped-for-release",
        "--for",
        "10m",
        "--expect-down",
        "--why",
        "release 1.1",
    )
    async with evening("employee-system", children, tmp_path, WITHOUT, **NEVER) as on_call:
        assert (await on_call.daemon.say(*window)).code == 0
        async with on_call.world.broken("stopped"):
            await on_call.daemon.shows(
                lambda status: sum(check["severity"] != "OK" for check in status["checks"]) >= 6, within=30.0
            )
            assert on_call.told("") == []
            assert not (await on_call.daemon.status())["incidents"]
            assert (await on_call.daemon.say("window", "end", "1")).code == 0
            overrun = await on_call.until_told("[CRITICAL]", ENGINEER)
        await on_call.calm()
        await on_call.until_told("[RESOLVED]", ENGINEER)
    assert "Backend in systemd" in overrun[0]


async def test_stakeholders_hear_how_it_stands_and_that_it_is_over(children: Children, tmp_path: Path) -> None:
    async with evening("employee-system", children, tmp_path, WITHOUT, **NEVER | {"SENTINEL_LEVEL_2": "3s"}) as on_call:
        async with on_call.world.broken("down"):
            await on_call.until_told("API health, after ", STAKEHOLDERS)
        await on_call.calm()
        subjects = await on_call.until_told("[RESOLVED] API health", STAKEHOLDERS)
    assert all("API health" in subject for subject in subjects), subjects
    assert [subject.startswith("[RESOLVED]") for subject in subjects].index(True) == len(subjects) - 1
