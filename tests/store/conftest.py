"""A store on each database. Every test that asks for `plan` or `store` runs on both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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


@pytest.fixture
async def store(plan: StorePlan, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(plan, clock)
    yield opened
    await opened.close()
