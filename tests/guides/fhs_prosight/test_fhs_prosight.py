"""The employee service watched by its own configuration: well, with each fault, and mended."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from examples.fhs_prosight import settings, tokens
from sentinel.app.plans import load_plan
from sentinel.core.result import FailureClass
from sentinel.core.rule import Severity
from tests.guides.fhs_prosight.stories import STORIES
from tests.guides.kit.watch import Watch, red

if TYPE_CHECKING:
    from tests.guides.kit.story import Story
    from tests.guides.kit.world import World
    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Counted only where the installation of PostgreSQL has the extension.
STATEMENTS = "statements"

#: Of people and of the service: names, addresses and numbers in tables and answers, passwords, tokens and keys.
PRIVATE = ("canary", "mary", "1234567", "1990-04-01", "eyj", "demo-", "technician")


async def test_a_healthy_system_is_ok(world: World) -> None:
    seen = await world.look_twice()
    assert set(seen) == {check.name for check in world.plan.checks}
    assert {name: text for name, text in red(seen).items() if name != STATEMENTS} == {}


@pytest.mark.parametrize("story", [story for story in STORIES if story.check != STATEMENTS], ids=str)
async def test_a_fault_shows_and_mending_ends_it(world: World, story: Story) -> None:
    await world.live(story)


async def test_a_slow_statement_shows_where_statements_are_counted(world: World) -> None:
    if counts_statements(world):
        await world.switch("statement_slow", on=False)  # what other faults were slow in is forgotten
        await world.live(next(story for story in STORIES if story.check == STATEMENTS))
    else:
        async with Watch(world.plan) as watch:
            seen = (await watch.look([STATEMENTS]))[STATEMENTS]
        assert seen.failure is FailureClass.NOT_INSTALLED
        assert "pg_stat_statements" in seen.text


async def test_every_fault_has_a_story(world: World) -> None:
    """But for `slow`, which shows after twenty looks: see below."""
    assert await world.faults() - {"slow"} == {story.fault for story in STORIES}


async def test_many_slow_answers_are_a_missed_target(world: World) -> None:
    """FP-5: one slow answer is chance, and 20 within the window are not."""
    async with Watch(world.plan) as watch, world.broken("slow", value=0.22):
        for _ in range(20):
            seen = (await watch.look(["employee"]))["employee"]
    assert seen.severity is Severity.WARNING
    assert "above 200 ms" in seen.text


async def test_targets_are_those_of_the_guide(world: World) -> None:
    """FP-5, FP-6, FP-7: bounds, by check and reading."""
    rules = configured(world)
    assert {name: p95(rules[name]) for name in ("sync", "search", "employee", "database")} == {
        "sync": {"response_time": "2s"},
        "search": {"response_time": "500ms"},
        "employee": {"response_time": "200ms"},
        "database": {"query_time": "100ms"},
    }
    assert p95(rules["smoke"])["steps.update"] == p95(rules["smoke"])["steps.delete"] == "200ms"
    rates = [rule for rule in rules["health"] if rule.get("type") == "error_rate"]
    assert [(rule["warning"], rule.get("critical")) for rule in rates] == [("1%", "5%"), ("0.1%", None)]
    assert all(any(rule.get("warning") == "1%" for rule in rules[name]) for name in ("hrs-api", "covid-api"))


async def test_a_token_that_was_never_changed_is_told_of(world: World) -> None:
    """FP-14: the age of the token that programs use."""
    environment = {**world.environment, "FHS_PROGRAM_TOKEN": tokens.lasting(settings.ADMIN, old=True)}
    async with Watch(load_plan(world.system.config, environment)) as watch:
        seen = (await watch.look(["login"]))["login"]
    assert seen.severity is Severity.CRITICAL
    assert "token_age is 180 d, above 90 d" in seen.text


async def test_what_is_made_is_taken_away_again(world: World) -> None:
    before = employees(world)
    async with Watch(world.plan) as watch:
        await watch.look(["smoke", "audit"])
    assert employees(world) == before


async def test_a_restored_backup_has_its_employees(world: World) -> None:
    """FP-12: as `pg_restore` into a database of its own, which is gone afterwards."""
    async with Watch(world.plan) as watch:
        seen = (await watch.look(["restore"]))["restore"]
    assert next(r.value for r in seen.result.measurement.readings if r.name == "rows.employees") >= 200
    assert databases(world) == {"postgres", settings.DATABASE, "template0", "template1"}


async def test_a_deployment_is_verified_by_one_command(world: World, children: Children) -> None:
    """FP-13, FP-17: the exit status says it, for a pipeline that then goes on or rolls back."""
    assert await (await world.check(children, "--tag", "post")).exit(within=60) == 0
    async with world.broken("migration_behind"):
        verified = await world.check(children, "--tag", "post")
        assert await verified.exit(within=60) == 2
    assert "the database is at bef7f4fa17b3, expected beb7f4fa17b3" in "\n".join(verified.lines)


async def test_nothing_private_is_told_of(world: World) -> None:
    """FP-15."""
    assert (
        await world.telling(
            PRIVATE, "sync_fails", "search_empty", "update_lost", "log_errors", "journal_errors", "open_to_all"
        )
        == []
    )


async def test_rare_checks_are_rare_and_the_others_are_not(world: World) -> None:
    """So that a demo is quick to tell, and a restore or 60 requests in a row are no habit."""
    often = {check.name for check in world.plan.checks if check.interval <= timedelta(seconds=60)}
    assert often >= world.usual() - {"certificate"}
    assert not often & {"restore", "rate-limit"}


def configured(world: World) -> dict[str, list[dict[str, Any]]]:
    """The rules of each check, as the file has them."""
    checks = json.loads(world.system.config.read_text(encoding="utf-8"))["checks"]
    return {check["name"]: check.get("rules", []) for check in checks}


def p95(rules: list[dict[str, Any]]) -> dict[str, str]:
    return {rule["reading"]: rule["warning"] for rule in rules if rule.get("quantile") == 0.95}


def counts_statements(world: World) -> bool:
    return bool(ask(world, "SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'"))


def employees(world: World) -> set[str]:
    return {row[0] for row in ask(world, "SELECT id FROM employees")}


def databases(world: World) -> set[str]:
    return {row[0] for row in ask(world, "SELECT datname FROM pg_database")}


def ask(world: World, query: str) -> list[Any]:
    with psycopg.connect(world.environment["FHS_DATABASE_URL"]) as connection:
        return connection.execute(query.encode()).fetchall()
