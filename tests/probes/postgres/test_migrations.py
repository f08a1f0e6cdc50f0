"""The revision that a database stands at, against an expected one and against a folder of migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.postgres.migrations import MigrationsOptions
from tests.kit.bench import Bench, problem, readings, run
from tests.probes.postgres.sessions import execute

VERSION = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"


def at(dsn: str, *revisions: str) -> None:
    execute(dsn, VERSION, *(f"INSERT INTO alembic_version VALUES ('{name}')" for name in revisions))


def migration(folder: Path, name: str, after: str = "None") -> Path:
    """A file as Alembic makes it; running it would fail."""
    file = folder / f"{name}_something.py"
    file.write_text(
        f'"""{name}"""\nimport nowhere\n\nrevision: str = "{name}"\ndown_revision = {after}\nraise SystemExit\n'
    )
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three migrations, one after the other."""
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    migration(versions, "first")
    migration(versions, "second", "'first'")
    migration(versions, "third", '"second"')
    (versions / "__init__.py").touch()
    return versions


async def test_the_expected_revision_passes(bench: Bench, postgres_database: str) -> None:
    """FP-8, HC-16."""
    at(postgres_database, "beb7f4fa17b3")
    found = await bench.measure("postgres", url=postgres_database, migrations={"expected": "beb7f4fa17b3"})
    assert found.outcome is Outcome.PASS


async def test_another_revision_has_drifted(bench: Bench, postgres_database: str) -> None:
    at(postgres_database, "bef7f4fa17b3")
    found = await bench.measure("postgres", url=postgres_database, migrations={"expected": "beb7f4fa17b3"})
    told = "migrations: the database is at bef7f4fa17b3, expected beb7f4fa17b3"
    assert (found.failure, found.explanation) == (FailureClass.DRIFTED, told)


async def test_a_revision_that_is_none_is_not_shown(bench: Bench, postgres_database: str) -> None:
    at(postgres_database, "Mary Canary")
    found = await bench.measure("postgres", url=postgres_database, migrations={"expected": "abc"})
    assert "is at something that is no revision" in found.explanation


async def test_no_version_table_is_missing(bench: Bench, postgres_database: str) -> None:
    found = await bench.measure("postgres", url=postgres_database, migrations={"expected": "abc"})
    assert (found.failure, found.explanation) == (
        FailureClass.MISSING,
        "migrations: table alembic_version does not exist",
    )


async def test_an_empty_version_table_is_at_none(bench: Bench, postgres_database: str) -> None:
    at(postgres_database)
    found = await bench.measure("postgres", url=postgres_database, migrations={"expected": "abc"})
    assert found.explanation == "migrations: the database is at none, expected abc"


async def test_the_version_table_needs_a_right_that_the_hint_names(
    bench: Bench, postgres_database: str, plain: str
) -> None:
    at(postgres_database, "abc")
    found = await bench.measure("postgres", url=plain, migrations={"expected": "abc"})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.hint == "GRANT SELECT ON alembic_version TO the role in `url`."


@pytest.mark.parametrize("above", [False, True])
async def test_the_head_of_a_folder_is_expected(
    bench: Bench, postgres_database: str, folder: Path, above: bool
) -> None:
    at(postgres_database, "third")
    where = str(folder.parent if above else folder)
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": where})
    assert (found.outcome, readings(found)["migrations_behind"]) == (Outcome.PASS, 0)


async def test_migrations_that_did_not_run_are_counted(bench: Bench, postgres_database: str, folder: Path) -> None:
    at(postgres_database, "first")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(folder)})
    told = "migrations: the database is at first, expected third: 2 to run"
    assert (found.failure, found.explanation) == (FailureClass.DRIFTED, told)
    assert "alembic upgrade head" in found.hint
    assert readings(found)["migrations_behind"] == 2


async def test_a_database_ahead_of_its_code_has_drifted(bench: Bench, postgres_database: str, folder: Path) -> None:
    at(postgres_database, "fourth")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(folder)})
    assert (found.failure, "rolled back" in found.hint) == (FailureClass.DRIFTED, True)


async def test_several_heads_have_drifted(bench: Bench, postgres_database: str, folder: Path) -> None:
    migration(folder, "other", "'second'")
    at(postgres_database, "third")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(folder)})
    assert found.explanation == "migrations: several heads: other, third"
    assert "alembic merge heads" in found.hint


async def test_a_merge_makes_one_head_of_two(bench: Bench, postgres_database: str, folder: Path) -> None:
    migration(folder, "other", "'second'")
    migration(folder, "merge", "('third', 'other')")
    at(postgres_database, "merge")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(folder)})
    assert found.outcome is Outcome.PASS


async def test_a_migration_that_is_deployed_later_is_seen(bench: Bench, postgres_database: str, folder: Path) -> None:
    at(postgres_database, "third")
    probe = bench.build("postgres", url=postgres_database, migrations={"folder": str(folder)})
    assert (await run(probe)).outcome is Outcome.PASS
    migration(folder, "fourth", "'third'")
    assert readings(await run(probe))["migrations_behind"] == 1


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: (folder / "broken.py").write_text("revision = ("), "broken.py is not Python"),
        (lambda folder: (folder / "nul.py").write_bytes(b"\0"), "nul.py is not Python"),
        (lambda folder: (folder / "dangling.py").symlink_to("nowhere"), "no such file"),
    ],
)
async def test_a_folder_that_cannot_be_read_is_unknown(
    bench: Bench, postgres_database: str, folder: Path, make: object, told: str
) -> None:
    assert callable(make)
    make(folder)
    at(postgres_database, "third")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(folder)})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert told in found.explanation


@pytest.mark.parametrize(("name", "told"), [("nowhere", "there is no folder"), ("", "no file with a revision is in")])
async def test_a_folder_without_migrations_is_the_checks_mistake(
    bench: Bench, postgres_database: str, tmp_path: Path, name: str, told: str
) -> None:
    at(postgres_database, "third")
    found = await bench.measure("postgres", url=postgres_database, migrations={"folder": str(tmp_path / name)})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert told in found.explanation
    assert "migrations.folder" in found.hint


def test_either_a_revision_or_a_folder_is_expected() -> None:
    url = "postgresql://x/y"
    assert "either expected or folder" in problem("postgres", url=url, migrations={})
    assert "either expected or folder" in problem("postgres", url=url, migrations={"expected": "a", "folder": "b"})


def test_a_relative_folder_starts_from_the_configuration() -> None:
    options = MigrationsOptions.model_validate({"folder": "alembic"}, context={"folder": Path("/etc/app")})
    assert options.folder == Path("/etc/app/alembic")
