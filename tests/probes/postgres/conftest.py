"""Roles and servers for the tests of the `postgres` probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from examples.servers.postgres import OWNER
from tests.kit.postgres import PostgresServer
from tests.probes.postgres.sessions import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = "monitor_plain"


@pytest.fixture
def plain(postgres_database: str) -> Iterator[str]:
    """The same database, by a role that has been granted nothing."""
    execute(postgres_database, f"CREATE ROLE {PLAIN} LOGIN")
    yield postgres_database.replace(f"//{OWNER}@", f"//{PLAIN}@")
    execute(postgres_database, f"DROP OWNED BY {PLAIN}", f"DROP ROLE {PLAIN}")


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    """A server that a standby follows, and that takes prepared transactions."""
    with PostgresServer(settings={"max_prepared_transactions": "2"}) as server:
        yield server


@pytest.fixture(scope="module")
def standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    settings = {"max_prepared_transactions": "2", "wal_retrieve_retry_interval": "100ms"}
    with PostgresServer(primary=primary, settings=settings) as server:
        yield server
