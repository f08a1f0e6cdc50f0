"""Fixtures that every test may ask for. Each yields a real server or starts real programs, and cleans up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from tests.kit.http_receiver import HttpReceiver
from tests.kit.postgres import PostgresServer
from tests.kit.process import Children
from tests.kit.smtp import SmtpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run. After a test that stops or pauses it, `fresh_database` repairs it."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The dsn of an empty database, removed after the test."""
    dsn = postgres.fresh_database()
    yield dsn
    postgres.drop(dsn)


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    """Starts programs; whatever still runs after the test is killed and reaped."""
    async with Children() as started:
        yield started


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that only the tests trust."""
    return trustme.CA()
