"""A clock that stands still and a real store in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    return tmp_path / "sentinel.db"


@pytest.fixture
def ledger(store_file: Path) -> Ledger:
    return Ledger(store_file)


@pytest.fixture
async def store(store_file: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{store_file}")), clock)
    yield opened
    await opened.close()
