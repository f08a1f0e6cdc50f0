"""The `roles` probe and the database side of roles: assignments that contradict themselves, and grants."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, problem, readings, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.postgres import PostgresServer

    Execute = Callable[[str], None]

SCHEMA = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, active BOOLEAN NOT NULL DEFAULT TRUE);
    CREATE TABLE roles (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'active');
    CREATE TABLE user_roles (user_id INTEGER, role_id INTEGER, ended_at TEXT);
    INSERT INTO users (id, name) VALUES (1, 'Mary Canary'), (2, 'x');
    INSERT INTO roles (id) VALUES (1), (2);
    INSERT INTO user_roles VALUES (1, 1, NULL), (1, 2, NULL), (2, 2, NULL);
"""

TABLE: dict[str, Any] = {
    "table": "user_roles",
    "users": {"table": "users", "removed": {"column": "active", "equals": False}},
    "roles": {"table": "roles", "removed": {"column": "status", "one_of": ["removed", "it's over"]}},
    "ended": {"column": "ended_at"},
}


@pytest.fixture(params=["postgres", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Execute]]:
    """The URL of a database with users and roles, and how to change it."""
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as connection:
            connection.executescript(SCHEMA)
            yield f"sqlite:///{tmp_path / 'app.db'}", lambda text: connection.executescript(text).close()
        return
    dsn = request.getfixturevalue("postgres_database")
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(SCHEMA)
        yield dsn, lambda text: server.execute(text.encode()).close()


async def test_assignments_in_order_pass(bench: Bench, database: tuple[str, Execute]) -> None:
    found = await bench.measure("roles", database=database[0], assignment_table=TABLE)
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert readings(found) == {"orphans": 0, "duplicates": 0, "removed": 0}


@pytest.mark.parametrize(
    ("change", "said", "counts"),
    [
        (
            "DELETE FROM users WHERE id = 1",
            "user_roles: 2 assignments whose user or role does not exist",
            {"orphans": 2, "duplicates": 0, "removed": 0},
        ),
        (
            "INSERT INTO user_roles VALUES (1, 7, NULL), (NULL, 1, NULL)",
            "user_roles: 2 assignments whose user or role does not exist",
            {"orphans": 2, "duplicates": 0, "removed": 0},
        ),
        (
            "INSERT INTO user_roles VALUES (1, 1, NULL), (1, 1, NULL), (2, 2, NULL)",
            "user_roles: 3 assignments too many, of what is there already",
            {"orphans": 0, "duplicates": 3, "removed": 0},
        ),
        (
            "UPDATE users SET active = FALSE WHERE id = 2",
            "user_roles: 1 assignment of a removed user or role",
            {"orphans": 0, "duplicates": 0, "removed": 1},
        ),
        (
            "UPDATE roles SET status = 'it''s over' WHERE id = 2",
            "user_roles: 2 assignments of removed users or roles",
            {"orphans": 0, "duplicates": 0, "removed": 2},
        ),
    ],
)
async def test_assignments_that_contradict_themselves_are_counted(
    bench: Bench, database: tuple[str, Execute], change: str, said: str, counts: dict[str, float]
) -> None:
    url, execute = database
    execute(change)
    found = await bench.measure("roles", database=url, assignment_table=TABLE)
    assert (found.failure, found.explanation, readings(found)) == (FailureClass.INTEGRITY, said, counts)
    assert found.hint
    assert "Mary" not in words(found)


async def test_assignments_that_have_ended_are_not_looked_at(bench: Bench, database: tuple[str, Execute]) -> None:
    url, execute = database
    execute("INSERT INTO user_roles VALUES (9, 9, '2026-01-01'), (1, 1, '2026-01-01')")
    found = await bench.measure("roles", database=url, assignment_table=TABLE)
    assert found.outcome is Outcome.PASS


async def test_counts_of_ones_own_must_be_zero_too(bench: Bench, database: tuple[str, Execute]) -> None:
    integrity = [{"name": "nobody", "query": "SELECT count(*) FROM users WHERE name = 'x'"}]
    found = await bench.measure("roles", database=database[0], assignment_table=TABLE, integrity=integrity)
    assert (found.failure, found.explanation) == (FailureClass.INTEGRITY, "integrity.nobody 1, expected 0")
    assert readings(found)["integrity.nobody"] == 1


async def test_a_table_that_is_not_there_is_unknown(bench: Bench, database: tuple[str, Execute]) -> None:
    found = await bench.measure("roles", database=database[0], assignment_table={**TABLE, "table": "user_rolls"})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert found.explanation.startswith("user_rolls, orphans: ")
    assert "assignment_table" in found.hint


async def test_a_table_that_sentinel_may_not_read_is_unknown(
    bench: Bench, postgres: PostgresServer, postgres_database: str
) -> None:
    with psycopg.connect(postgres_database, autocommit=True) as server:
        server.execute(SCHEMA)
    with postgres.guarded(postgres_database) as url:
        found = await bench.measure("roles", database=url, assignment_table=TABLE)
        wrong = await bench.measure("roles", database=url.replace("correct", "wrong"), assignment_table=TABLE)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT SELECT ON user_roles" in found.hint
    assert (wrong.outcome, wrong.failure) == (Outcome.UNKNOWN, FailureClass.CREDENTIAL_REFUSED)


# Grants

APP = {"users": {"app": {"tables": {"users": ["select", "insert"], "user_roles": ["SELECT"]}}}}


@pytest.fixture
def granting(postgres_database: str) -> Iterator[Execute]:
    """How to change grants in a database with users and roles, where the role `app` may do what `APP` says."""
    with psycopg.connect(postgres_database, autocommit=True) as server:
        server.execute(SCHEMA)
        server.execute("CREATE ROLE app; CREATE ROLE chief; CREATE ROLE monitor LOGIN")
        server.execute("GRANT SELECT, INSERT ON users TO app; GRANT SELECT ON user_roles TO app")
        yield lambda text: server.execute(text.encode()).close()
        server.execute("DROP OWNED BY app, chief, monitor; DROP ROLE app, chief, monitor")


def asked(dsn: str, grants: object = APP) -> dict[str, Any]:
    """As a role that nothing was granted to."""
    return {"database": dsn.replace("//sentinel@", "//monitor@"), "grants": grants}


async def test_grants_as_agreed_pass_for_a_plain_role(bench: Bench, postgres_database: str, granting: Execute) -> None:
    found = await bench.measure("roles", **asked(postgres_database))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert readings(found)["granted"] == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("GRANT DELETE, TRUNCATE ON users TO app", "grants, app: may DELETE, TRUNCATE on public.users"),
        ("GRANT UPDATE (name) ON users TO app", "grants, app: may UPDATE on public.users"),
        ("GRANT SELECT ON roles TO PUBLIC", "grants, app: may SELECT on public.roles (and 1 more)"),
        ("ALTER TABLE roles OWNER TO app", "grants, app: may SELECT, INSERT, UPDATE, DELETE, TRUNCATE"),
        ("GRANT UPDATE ON users TO chief; GRANT chief TO app", "grants, app: may UPDATE on public.users"),
        ("ALTER ROLE app SUPERUSER", "grants, app: has superuser"),
        ("ALTER ROLE app CREATEROLE BYPASSRLS", "grants, app: has bypassrls, createrole"),
        ("ALTER ROLE chief SUPERUSER; GRANT chief TO app", "grants, app: is a member of chief"),
        ("GRANT pg_write_server_files TO app", "grants, app: is a member of pg_write_server_files"),
        ("GRANT CREATE ON SCHEMA public TO app", "grants, app: may make tables in public"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "grants, app: may make tables in public (and 1 more)"),
        (
            "CREATE VIEW everybody AS SELECT * FROM users; GRANT SELECT ON everybody TO app",
            "SELECT on public.everybody",
        ),
    ],
)
async def test_more_than_agreed_is_access_gained(
    bench: Bench, postgres_database: str, granting: Execute, change: str, said: str
) -> None:
    granting(change)
    found = await bench.measure("roles", **asked(postgres_database))
    granting("ALTER ROLE app NOSUPERUSER")
    assert found.failure is FailureClass.ACCESS_GAINED
    assert said in found.explanation
    assert "widened" in found.hint


@pytest.mark.parametrize(
    ("change", "failure", "said"),
    [
        ("REVOKE INSERT ON users FROM app", FailureClass.ACCESS_LOST, "grants, app: may not INSERT on public.users"),
        ("DROP TABLE user_roles", FailureClass.NOT_INSTALLED, "grants: there is no table public.user_roles"),
        ("ALTER ROLE app RENAME TO app2", FailureClass.ACCESS_LOST, "grants, app: there is no such database user"),
    ],
)
async def test_less_than_agreed_is_told(
    bench: Bench, postgres_database: str, granting: Execute, change: str, failure: FailureClass, said: str
) -> None:
    granting(change)
    found = await bench.measure("roles", **asked(postgres_database))
    if "RENAME" in change:
        granting("ALTER ROLE app2 RENAME TO app")
    assert (found.failure, found.explanation) == (failure, said)
    assert found.hint


async def test_what_an_extension_lets_everybody_read_is_no_gain(
    bench: Bench, postgres_database: str, granting: Execute
) -> None:
    """pg_stat_statements lets everybody read its views: a database with it was told of as open."""
    granting("CREATE TABLE helper (); GRANT SELECT ON helper TO PUBLIC; ALTER EXTENSION plpgsql ADD TABLE helper")
    as_it_came = await bench.measure("roles", **asked(postgres_database))
    granting("GRANT DELETE ON helper TO app")
    widened = await bench.measure("roles", **asked(postgres_database))
    granting("ALTER EXTENSION plpgsql DROP TABLE helper")
    assert as_it_came.outcome is Outcome.PASS
    assert "grants, app: may SELECT, DELETE on public.helper" in widened.explanation


async def test_too_many_tables_to_look_at_are_unknown(bench: Bench, postgres_database: str, granting: Execute) -> None:
    granting("DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE format('CREATE VIEW v%s AS SELECT 1', n); END LOOP; END $$")
    found = await bench.measure("roles", **asked(postgres_database))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)


async def test_a_superuser_that_is_declared_may_do_everything(
    bench: Bench, postgres_database: str, granting: Execute
) -> None:
    granting("ALTER ROLE app SUPERUSER")
    grants = {"users": {"app": {"tables": {"users": ["select"]}, "powers": ["superuser"]}}}
    found = await bench.measure("roles", **asked(postgres_database, grants))
    granting("ALTER ROLE app NOSUPERUSER")
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


async def test_what_is_declared_may_be_so(bench: Bench, postgres_database: str, granting: Execute) -> None:
    granting("GRANT SELECT ON ALL TABLES IN SCHEMA public TO app; ALTER ROLE app CREATEDB")
    granting("GRANT pg_write_server_files TO app; GRANT CREATE ON SCHEMA public TO app")
    user = {"tables": {"users": ["select", "insert"], "*": ["select"]}, "create": True, "powers": ["createdb"]}
    grants = {"users": {"app": {**user, "member_of": ["pg_write_server_files"]}}}
    found = await bench.measure("roles", **asked(postgres_database, grants))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


PARTY = {"table": "users"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"grants": APP}, "database, which assignment_table"),
        ({"database": "sqlite:////x.db", "grants": APP}, "a PostgreSQL server under database"),
        ({"database": "postgresql://x/y", "grants": {"users": {}}}, "at least 1"),
        (
            {"database": "postgresql://x/y", "grants": {"users": {"app": {"tables": {"a.b": ["SELECT"]}}}}},
            "the schema of a.b under schemas",
        ),
        (
            {"database": "postgresql://x/y", "grants": {"users": {"app": {"tables": {"a": ["READ"]}}}}},
            "'SELECT', 'INSERT'",
        ),
        (
            {
                "database": "postgresql://x/y",
                "assignment_table": {"table": "a; DROP TABLE b", "users": PARTY, "roles": PARTY},
            },
            "pattern",
        ),
        (
            {
                "database": "postgresql://x/y",
                "assignment_table": {
                    "table": "a",
                    "users": {**PARTY, "removed": {"column": "c", "equals": "\\"}},
                    "roles": PARTY,
                },
            },
            "pattern",
        ),
        (
            {
                "database": "sqlite:////x.db",
                "integrity": [{"name": "a", "query": "SELECT 1"}, {"name": "a", "query": "SELECT 2"}],
            },
            "different names",
        ),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    assert said in problem("roles", **options)
