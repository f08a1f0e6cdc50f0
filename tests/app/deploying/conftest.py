"""A release of payroll, at 03:00 UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.deploying import Release, configured

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    yield opened
    await opened.close()


@pytest.fixture
async def release(tmp_path: Path, store: Store, clock: FakeClock) -> AsyncIterator[Release]:
    async with Release(configured(tmp_path), store, clock) as entered:
        yield entered
