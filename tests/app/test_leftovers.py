"""What scenarios left behind, taken away by whoever can."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sentinel.app import leftovers
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core.ledger import LedgerEntry
from sentinel.core.plan import StorePlan
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ENTRIES = [
    LedgerEntry(id=f"sentinel-{n}", check=check, values={"id": n}, at=AT) for n, check in enumerate(["a", "a", "b"])
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/s.db")), SystemClock())
    for entry in ENTRIES:
        await store.write(lambda tx, entry=entry: tx.ledger.keep(entry))  # type: ignore[misc]  # bound per round
    yield store
    await store.close()


class Cleaning:
    """Takes everything of its check away, or says why it cannot."""

    def __init__(self, store: Store, problem: str = "") -> None:
        self._store = store
        self._problem = problem

    async def clean_up(self, deadline: float) -> None:
        assert deadline > 0
        if self._problem:
            raise Finding(FailureClass.NOT_CLEANED_UP, self._problem)
        await leftovers.drop(self._store, ["sentinel-0", "sentinel-1"])


async def test_every_check_cleans_up_after_itself(store: Store) -> None:
    left = await leftovers.take_away(store, {"a": Cleaning(store), "b": Cleaning(store, "delete: status 500")}.get)
    assert [(line.id, line.values, line.problem) for line in left] == [("sentinel-2", {"id": 2}, "delete: status 500")]


async def test_what_a_check_left_that_is_gone_is_for_a_person(store: Store) -> None:
    left = await leftovers.take_away(store, {"a": Cleaning(store), "b": object()}.get)
    assert [line.problem for line in left] == [
        "no such scenario is in the configuration any more; see to it by hand, then `sentinel cleanup --drop`"
    ]


async def test_what_a_person_has_seen_to_is_forgotten(store: Store) -> None:
    assert await leftovers.drop(store, ["sentinel-0", "nonsense"]) == 1
    assert [line.id for line in await leftovers.left_behind(store)] == ["sentinel-1", "sentinel-2"]
