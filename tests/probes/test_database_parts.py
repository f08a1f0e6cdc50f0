"""The parts of `roles` and `audit` that ask a database keep to the deadline when it hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench

if TYPE_CHECKING:
    from tests.kit.postgres import PostgresServer

PARTY = {"table": "users"}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("roles", {"grants": {"users": {"app": {}}}}),
        ("roles", {"assignment_table": {"table": "user_roles", "users": PARTY, "roles": PARTY}}),
        ("audit", {"trail": {"table": "log"}}),
        ("audit", {"protection": {"table": "log", "users": ["app"]}}),
    ],
)
async def test_a_database_that_hangs_does_not_hold_the_deadline(
    bench: Bench, postgres: PostgresServer, postgres_database: str, kind: str, part: dict[str, Any]
) -> None:
    options = {"database": postgres_database, **part}
    if kind == "audit":
        options = {name: {"database": postgres_database, **inner} for name, inner in part.items()}
    postgres.pause()
    found = await bench.measure(kind, **options, within=0.5)
    postgres.resume()
    assert (found.outcome, found.failure) == (Outcome.FAIL, FailureClass.CONNECT_TIMEOUT)
    assert found.hint
