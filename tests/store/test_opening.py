"""One Sentinel per store, a schema that only goes forward, and files that only their owner reads."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from sentinel.base.errors import AlreadyRunning, StoreCorrupt, StoreError, StoreTooNew, StoreUnavailable
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.backend import Access
from sentinel.store.choice import choose
from sentinel.store.database import Store
from sentinel.store.migrate import migrate, upgrade
from sentinel.store.sqlite import quarantine
from sentinel.store.tables import metadata
from tests.kit.clock import FakeClock
from tests.kit.postgres import PostgresServer
from tests.kit.process import Children
from tests.store.values import AT, incident

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(plan: StorePlan, clock: FakeClock) -> AsyncIterator[Store]:
    """An open store that was made just now at `plan`."""
    opened = await Store.open(plan, clock)
    yield opened
    await opened.close()


async def sql(store: Store, statement: str) -> None:
    await store.write(lambda tx: tx.states._connection.execute(text(statement)))


async def test_a_second_owner_is_refused_and_told_of_the_first(store: Store, plan: StorePlan, clock: FakeClock) -> None:
    with pytest.raises(AlreadyRunning, match=r"in use by another Sentinel \(.*\d"):
        await Store.open(plan, clock)
    assert await store.read(lambda tx: tx.incidents.last_id()) == 0


async def test_of_two_that_start_at_once_one_makes_the_store(plan: StorePlan, clock: FakeClock) -> None:
    opened = await asyncio.gather(Store.open(plan, clock), Store.open(plan, clock), return_exceptions=True)
    stores = [one for one in opened if isinstance(one, Store)]
    assert [type(one) for one in opened if not isinstance(one, Store)] == [AlreadyRunning]
    await stores[0].write(lambda tx: tx.incidents.save(incident()))
    await stores[0].close()


async def test_a_store_is_found_again_with_its_instance(plan: StorePlan, clock: FakeClock) -> None:
    first = await Store.open(plan, clock)
    await first.write(lambda tx: tx.incidents.save(incident()))
    await first.close()
    second = await Store.open(plan, clock)
    assert second.instance == first.instance
    assert await second.read(lambda tx: tx.incidents.get(7)) == incident()
    await second.close()


async def test_a_newer_schema_is_refused_and_left_as_it_is(plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(plan, clock)
    await sql(store, "UPDATE alembic_version SET version_num = '9999'")
    await store.close()
    with pytest.raises(StoreTooNew, match="newer Sentinel"):
        await Store.open(plan, clock)
    with pytest.raises(StoreTooNew, match="newer Sentinel"):
        await Store.open_readonly(plan)


async def test_an_older_schema_is_not_changed_by_a_reader(plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(plan, clock)
    await sql(store, "DELETE FROM alembic_version")
    await store.close()
    with pytest.raises(StoreUnavailable, match="no store yet"):
        await Store.open_readonly(plan)


async def test_reading_needs_a_store(plan: StorePlan) -> None:
    with pytest.raises(StoreUnavailable, match="there is no store"):
        await Store.open_readonly(plan)


async def test_a_reader_sees_the_store_of_a_running_sentinel_and_of_a_stopped_one(
    store: Store, plan: StorePlan
) -> None:
    await store.write(lambda tx: tx.incidents.save(incident()))
    for _ in range(2):
        reader = await Store.open_readonly(plan)
        assert reader.instance == store.instance
        assert await reader.read(lambda tx: tx.incidents.get(7)) == incident()
        with pytest.raises(StoreUnavailable, match="reading only"):
            await reader.write(lambda tx: tx.incidents.save(incident(8)))
        await reader.close()
        await store.close()


def is_no_part(name: str | None, kind: str, _: object) -> bool:
    """Whether it is a table that we speak of; partitions of one are PostgreSQL's business."""
    return kind != "table" or not (name or "").startswith("results_")


NO_PARTS = {"include_name": is_no_part}


def shape(connection: Connection) -> list[tuple[object, ...]]:
    """Everything that a database knows of its schema, in an order that does not depend on how it was made."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        return [
            (kind, name, of, "".join((sql or "").split())) for kind, name, of, sql in connection.execute(text(asked))
        ]
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity"
        " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
    return [tuple(row) for asked in (columns, indexes) for row in connection.execute(text(asked))]


async def test_all_migrations_together_make_what_a_new_store_begins_with(plan: StorePlan) -> None:
    backend = choose(plan)
    backend.take(AT)
    shapes = []
    for make in (migrate, lambda connection: upgrade(connection, backend.where)):
        with backend.connect(Access.WRITE) as connection:
            begun = connection.begin()
            make(connection)
            assert compare_metadata(MigrationContext.configure(connection, opts=NO_PARTS), metadata) == []
            shapes.append(shape(connection))
            begun.rollback()
    backend.release()
    migrated, made = shapes
    assert migrated == made
    assert len(made) > 10


async def test_a_migration_that_is_cut_off_leaves_nothing(plan: StorePlan) -> None:
    backend = choose(plan)
    backend.take(AT)
    with backend.connect(Access.WRITE) as connection:
        begun = connection.begin()
        upgrade(connection, backend.where)
        assert inspect(connection).has_table("results")
        begun.rollback()
    with backend.connect(Access.WRITE) as connection:
        assert inspect(connection).get_table_names() == []
    backend.release()


async def test_a_store_that_is_up_to_date_needs_no_alembic(store: Store, plan: StorePlan, children: Children) -> None:
    await store.close()
    code = (
        "import asyncio, sys; from sentinel.base.clock import SystemClock; from sentinel.base.redact import Secret\n"
        "from sentinel.core.plan import StorePlan; from sentinel.store.database import Store\n"
        "async def main(): await (await Store.open(StorePlan(url=Secret(sys.argv[1])), SystemClock())).close()\n"
        "asyncio.run(main()); print('loaded' if 'alembic' in sys.modules else 'spared')"
    )
    child = await children.start(sys.executable, "-c", code, plan.url.reveal())
    await child.line("spared")


async def test_only_their_owner_reads_the_files(sqlite_plan: StorePlan, clock: FakeClock, tmp_path: Path) -> None:
    store = await Store.open(sqlite_plan, clock)
    await store.write(lambda tx: tx.incidents.save(incident()))
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "state").iterdir()}
    await store.close()
    assert set(modes) >= {"sentinel.db", "sentinel.db-wal", "sentinel.db.lock", "sentinel.db.ballast"}
    assert set(modes.values()) == {"0o600"}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("where", [0, 2048], ids=["header", "pages"])
async def test_a_damaged_file_is_told_and_can_be_moved_aside(
    sqlite_plan: StorePlan, clock: FakeClock, tmp_path: Path, where: int
) -> None:
    await (await Store.open(sqlite_plan, clock)).close()
    path = tmp_path / "state" / "sentinel.db"
    content = bytearray(path.read_bytes())
    content[where:] = b"\xa5" * (len(content) - where)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt):
        await Store.open(sqlite_plan, clock)
    moved = quarantine(path, AT)
    assert moved.read_bytes() == content
    assert not path.exists()
    await (await Store.open(sqlite_plan, clock)).close()


async def test_a_file_in_use_is_not_moved_aside(sqlite_plan: StorePlan, clock: FakeClock, tmp_path: Path) -> None:
    store = await Store.open(sqlite_plan, clock)
    with pytest.raises(AlreadyRunning):
        quarantine(tmp_path / "state" / "sentinel.db", AT)
    await store.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "needs a file"),
        ("mysql://root:hunter22@127.0.0.1/x", "not mysql"),
        ("nonsense hunter22", "no URL"),
        ("postgresql://sentinel:hunter22@127.0.0.1:1/x", "127.0.0.1:1/x: connection refused"),
    ],
)
async def test_an_address_that_does_not_work_is_told_without_its_password(
    url: str, message: str, clock: FakeClock
) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        await Store.open(StorePlan(url=Secret(url)), clock)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        (lambda url: re.sub(r":\d+/", ":1/", url), "connection refused", "whether the server runs"),
        (lambda url: url.replace("correct-", "wrong-"), "the password was refused", "Renew the password"),
        (lambda url: url.replace(":correct-canary", ""), "the server wants a password", "Renew the password"),
        (lambda url: url.replace("guarded", "nobody_canary"), "the role does not exist", "Renew the password"),
        (lambda url: f"{url}_gone", "the database does not exist", "typing error in the database's URL"),
        (lambda url: f"{url}?sslmode=require", "the server offers no TLS", ""),
    ],
)
async def test_why_the_server_cannot_be_used_is_told_with_what_to_do(
    postgres: PostgresServer,
    postgres_database: str,
    clock: FakeClock,
    wrong: Callable[[str], str],
    message: str,
    hint: str,
) -> None:
    with postgres.guarded(postgres_database) as url, pytest.raises(StoreUnavailable, match=message) as caught:
        await Store.open(StorePlan(url=Secret(wrong(url))), clock)
    assert hint in caught.value.hint
    assert "canary" not in str(caught.value) + caught.value.hint
