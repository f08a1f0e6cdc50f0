"""A store on each database. Every test that asks for `plan` or `store` runs on both; it asks for one of them only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store, Transaction
from sentinel.store.tables import meta, metadata
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.kit.postgres import PostgresServer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sqlite_plan(tmp_path: Path) -> StorePlan:
    return StorePlan(url=Secret(f"sqlite:///{tmp_path}/state/sentinel.db"))


@pytest.fixture
def postgres_plan(postgres_database: str) -> StorePlan:
    return StorePlan(url=Secret(postgres_database))


@pytest.fixture(params=["sqlite", "postgres"])
def plan(request: pytest.FixtureRequest) -> StorePlan:
    """Where an empty store may be made."""
    found: StorePlan = request.getfixturevalue(f"{request.param}_plan")
    return found


@pytest.fixture(scope="session")
def kept_database(postgres: PostgresServer) -> Iterator[str]:
    """One database for all tests that only fill tables: making one for each would cost more than the tests."""
    dsn = postgres.fresh_database()
    yield dsn
    postgres.drop(dsn)


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, clock: FakeClock, sqlite_plan: StorePlan) -> AsyncIterator[Store]:
    """An open store with empty tables."""
    plan = sqlite_plan
    if request.param == "postgres":
        plan = StorePlan(url=Secret(request.getfixturevalue("kept_database")))
        request.getfixturevalue("postgres").start()
    opened = await Store.open(plan, clock)
    await opened.write(_empty)
    yield opened
    await opened.close()


def _empty(tx: Transaction) -> None:
    for table in metadata.sorted_tables:
        # It keeps its name, by which keys are made.
        tx.states._connection.execute(
            delete(table) if table is not meta else delete(meta).where(meta.c.name != "instance")
        )
