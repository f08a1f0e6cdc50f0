"""Tables, columns, indexes, foreign keys and sequences on a real server."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.postgres.schema import plain_type
from tests.kit.bench import Bench, problem, readings
from tests.probes.postgres.sessions import execute, hint, said

#: FP-8
EMPLOYEES = (
    (
        "CREATE TABLE employees (id varchar(20) PRIMARY KEY, name_tw text, identity_number varchar(20), department_code int,"
        ' born date, "Salary" numeric(10, 2), changed_at timestamptz, tags text[])'
    ),
    "CREATE INDEX idx_employees_department_code ON employees (department_code)",
    "CREATE UNIQUE INDEX idx_employees_identity_number ON employees (identity_number)",
)
SCHEMA: dict[str, Any] = {
    "tables": ["employees"],
    "columns": {
        "employees": {
            "id": "varchar(20)",
            "identity_number": "character varying",
            "department_code": "int",
            "born": "date",
            "Salary": "decimal(10,2)",
            "changed_at": "timestamp with time zone",
            "tags": "text[]",
        }
    },
    "indexes": [
        "employees_pkey",
        {"name": "idx_employees_department_code", "table": "employees", "columns": ["department_code"]},
        {"name": "idx_employees_identity_number", "table": "employees", "unique": True},
    ],
}


async def test_what_must_be_there_is_there_for_a_role_without_rights(
    bench: Bench, postgres_database: str, plain: str
) -> None:
    execute(postgres_database, *EMPLOYEES)
    found = await bench.measure("postgres", url=plain, schema=SCHEMA)
    assert (found.outcome, readings(found)["missing"]) == (Outcome.PASS, 0)


async def test_everything_that_is_not_there_is_named(bench: Bench, postgres_database: str) -> None:
    """AC-7: required tables and indexes."""
    execute(postgres_database, *EMPLOYEES)
    schema = {
        "tables": ["employees", "hr.people"],
        "columns": {"employees": ["id", "badge"]},
        "indexes": ["idx_gone", {"name": "employees_pkey", "table": "other"}],
    }
    found = await bench.measure("postgres", url=postgres_database, schema=schema)
    expected = "not there: table hr.people, column employees.badge, index idx_gone, index employees_pkey on other"
    assert (found.failure, found.explanation) == (FailureClass.MISSING, expected)
    assert "migration" in found.hint
    assert readings(found)["missing"] == 4


@pytest.mark.parametrize(
    ("change", "explanation"),
    [
        (
            "ALTER TABLE employees ALTER department_code TYPE bigint",
            "column employees.department_code is bigint, expected integer",
        ),
        (
            "ALTER TABLE employees ALTER id TYPE varchar(30)",
            "column employees.id is character varying(30), expected character varying(20)",
        ),
    ],
)
async def test_a_column_of_another_type_has_drifted(
    bench: Bench, postgres_database: str, change: str, explanation: str
) -> None:
    execute(postgres_database, *EMPLOYEES, change)
    found = await bench.measure("postgres", url=postgres_database, schema=SCHEMA)
    assert (found.failure, found.explanation) == (FailureClass.DRIFTED, explanation)


@pytest.mark.parametrize(
    ("index", "wrong"),
    [
        ("CREATE INDEX i ON employees (identity_number)", "not unique"),
        ("CREATE UNIQUE INDEX i ON employees (born)", "not on identity_number"),
        ("CREATE UNIQUE INDEX i ON employees (identity_number, born)", "not on identity_number"),
    ],
)
async def test_an_index_of_that_name_may_be_the_wrong_one(
    bench: Bench, postgres_database: str, index: str, wrong: str
) -> None:
    execute(postgres_database, *EMPLOYEES, index)
    indexes = [{"name": "i", "unique": True, "columns": ["identity_number"]}]
    found = await bench.measure("postgres", url=postgres_database, schema={"indexes": indexes})
    assert found.explanation == f"not there: index i, which is {wrong}"


async def test_an_index_that_was_not_built_to_its_end_is_not_valid(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        execute(postgres_database, "CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)")
    found = await bench.measure("postgres", url=postgres_database, schema={"indexes": ["t_n"]})
    assert found.explanation == "not there: index t_n, which is not valid"
    assert readings(found)["invalid_indexes"] == 1
    assert "t_n" in hint(found, "invalid_indexes")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("VARCHAR(20)", "character varying(20)"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp(3)", "timestamp(3) without time zone"),
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ("int8[]", "bigint[]"),
        ("numeric(10, 2)", "numeric(10,2)"),
        ("double  precision", "double precision"),
        ("app.mood", "app.mood"),
    ],
)
def test_types_are_compared_however_they_are_written(written: str, plain: str) -> None:
    assert plain_type(written) == plain


@pytest.mark.parametrize("name", ["a b", 'a"b', "a;b", "a.b.c", "", "x" * 64])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert problem("postgres", url="postgresql://x/y", schema={"tables": [name]})


def test_a_schema_asks_for_something() -> None:
    assert "tables, columns or indexes" in problem("postgres", url="postgresql://x/y", schema={})


ASSIGNMENTS = (
    "CREATE TABLE users (id int PRIMARY KEY, site int, UNIQUE (id, site))",
    "CREATE TABLE user_roles (user_id int REFERENCES users, role text)",
    "INSERT INTO users VALUES (1, 1)",
    "INSERT INTO user_roles VALUES (1, 'nurse'), (NULL, 'none')",
)
ORPHAN = "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO user_roles VALUES (7, 'Mary Canary'); COMMIT"


async def test_foreign_keys_that_hold_pass(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *ASSIGNMENTS)
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={"rows": True})
    assert found.outcome is Outcome.PASS
    assert (readings(found)["foreign_keys"], readings(found)["orphans"]) == (1, 0)


async def test_rows_that_lost_their_counterpart_are_counted(bench: Bench, postgres_database: str) -> None:
    """EM-3: foreign keys intact, no orphaned records."""
    execute(postgres_database, *ASSIGNMENTS, ORPHAN)
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={"rows": True})
    assert found.failure is FailureClass.INTEGRITY
    assert found.explanation == "rows without their counterpart: user_roles_user_id_fkey of user_roles (1)"
    assert "Canary" not in said(found)


async def test_orphans_are_counted_to_a_bound(bench: Bench, postgres_database: str) -> None:
    many = ORPHAN.replace("VALUES (7, 'Mary Canary')", "SELECT n, 'x' FROM generate_series(10, 3000) AS n")
    execute(postgres_database, *ASSIGNMENTS, many)
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={"rows": True})
    assert "(1000 or more)" in found.explanation


async def test_a_key_of_several_columns_is_followed_by_all_of_them(bench: Bench, postgres_database: str) -> None:
    execute(
        postgres_database,
        *ASSIGNMENTS,
        "CREATE TABLE visits (u int, s int, FOREIGN KEY (u, s) REFERENCES users (id, site))",
        "INSERT INTO visits VALUES (1, 1), (9, NULL)",
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO visits VALUES (1, 2); COMMIT",
    )
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={"rows": True, "tables": ["visits"]})
    assert found.explanation == "rows without their counterpart: visits_u_s_fkey of visits (1)"


async def test_a_key_that_was_switched_off_is_told(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *ASSIGNMENTS, "ALTER TABLE user_roles DISABLE TRIGGER ALL")
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={})
    assert found.failure is FailureClass.INTEGRITY
    assert found.explanation == "foreign keys are not enforced: user_roles_user_id_fkey of user_roles"


async def test_a_key_that_was_never_validated_is_counted(bench: Bench, postgres_database: str) -> None:
    late = "ALTER TABLE user_roles ADD CONSTRAINT late FOREIGN KEY (user_id) REFERENCES users NOT VALID"
    execute(postgres_database, *ASSIGNMENTS, late)
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={})
    assert readings(found)["unvalidated_foreign_keys"] == 1
    assert "late of user_roles" in hint(found, "unvalidated_foreign_keys")


async def test_who_is_told_of_a_lost_key_reads_which_are_there(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *ASSIGNMENTS)
    found = await bench.measure("postgres", url=postgres_database, foreign_keys={})
    assert hint(found, "foreign_keys").startswith("There are: user_roles_user_id_fkey of user_roles. ")


async def test_looking_at_rows_needs_a_right_that_the_hint_names(
    bench: Bench, postgres_database: str, plain: str
) -> None:
    execute(postgres_database, *ASSIGNMENTS)
    found = await bench.measure("postgres", url=plain, foreign_keys={"rows": True})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.hint == "GRANT SELECT ON user_roles, users TO the role in `url`."


async def test_a_sequence_ends_where_its_column_does(bench: Bench, postgres_database: str) -> None:
    execute(
        postgres_database,
        "CREATE SEQUENCE wide",
        "CREATE TABLE t (id int DEFAULT nextval('wide'))",
        "ALTER SEQUENCE wide OWNED BY t.id",
        "SELECT setval('wide', 2000000000)",
        "CREATE SEQUENCE round MAXVALUE 10 CYCLE",
        "SELECT setval('round', 10)",
    )
    found = await bench.measure("postgres", url=postgres_database, sequences={})
    assert readings(found)["sequence_used"] == pytest.approx(2e9 / 2147483647)
    assert "Sequence wide, for t.id, is at 2000000000 of 2147483647" in hint(found, "sequence_used")


async def test_a_sequence_may_count_down(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, "CREATE SEQUENCE s INCREMENT -1 MINVALUE -100", "SELECT setval('s', -51)")
    found = await bench.measure("postgres", url=postgres_database, sequences={})
    assert readings(found)["sequence_used"] == pytest.approx(50 / 99)


async def test_a_sequence_that_the_role_may_not_read_is_unknown(
    bench: Bench, postgres_database: str, plain: str
) -> None:
    execute(postgres_database, "CREATE SEQUENCE s")
    found = await bench.measure("postgres", url=plain, sequences={})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.hint == "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO the role in `url`."


async def test_a_database_without_sequences_has_none_used(bench: Bench, postgres_database: str) -> None:
    found = await bench.measure("postgres", url=postgres_database, sequences={})
    assert readings(found)["sequence_used"] == 0
