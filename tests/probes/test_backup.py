"""The `backup` probe on real backups: dumps of a real PostgreSQL, SQLite files, archives; whole, cut off and changed."""

from __future__ import annotations

import asyncio
import bz2
import ctypes
import gzip
import lzma
import os
import shutil
import sqlite3
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

from examples.servers.postgres import installations
from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.script import script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentinel.core.result import Measurement, Note
    from sentinel.probes.base import Probe
    from tests.kit.postgres import PostgresServer

SQL = "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE people (id int);\n{}\n--\n-- PostgreSQL database dump complete\n--\n\n"
HOUR = 3600.0


class Backups:
    """Folders with backups, and a check that looks at them."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.main = folder / "main"
        self.away = folder / "away"
        self.main.mkdir()
        self.away.mkdir()
        self.bench = bench
        self.note: Note | None = None

    def file(self, name: str, content: bytes = b"what nobody knows", *, age: float = HOUR, mode: int = 0o600) -> Path:
        """A backup that was made so many seconds ago."""
        return self.aged(self._written(self.main / name, content), age, mode)

    @staticmethod
    def _written(path: Path, content: bytes) -> Path:
        path.write_bytes(content)
        return path

    @staticmethod
    def aged(path: Path, age: float = HOUR, mode: int = 0o600) -> Path:
        moment = SystemClock().now().timestamp() - age
        os.utime(path, (moment, moment))
        path.chmod(mode)
        return path

    def probe(self, name: str = "*", **options: Any) -> Probe:
        kind = CATALOGUE["backup"]
        given = {"places": [str(self.main / name)], **options}
        tools = replace(self.bench.tools, note=self.note, check="backups")
        return kind.build(kind.options.model_validate(given), tools)

    async def look(self, name: str = "*", *, within: float = 20.0, **options: Any) -> Measurement:
        """One run of a fresh check, which knows what the last one noted."""
        found = await run(self.probe(name, **options), within=within)
        self.note = found.note or self.note
        return found


@pytest.fixture
def backups(tmp_path: Path, bench: Bench) -> Backups:
    return Backups(tmp_path, bench)


def sqlite(path: Path, rows: int = 200) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE patients (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO patients (name) VALUES (?)", [("Mary Canary" * 40,)] * rows)
        connection.commit()
    return Backups.aged(path)


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-q"], input=content, check=True, capture_output=True).stdout


def cut(path: Path, share: float = 0.5) -> Path:
    os.truncate(path, int(path.stat().st_size * share))
    return Backups.aged(path)


# Age, number, size, places


async def test_a_fresh_backup_passes_with_its_age_and_size(backups: Backups) -> None:
    backups.file("a", age=2 * HOUR)
    backups.file("b", b"12345", age=HOUR)
    found = await backups.look()
    assert found.outcome is Outcome.PASS
    assert readings(found)["age"] == pytest.approx(HOUR, abs=60)
    assert [readings(found)[name] for name in ("size", "kept", "places")] == [5, 2, 1]


async def test_an_old_backup_is_stale(backups: Backups) -> None:
    backups.file("a", age=27 * HOUR)
    found = await backups.look()
    assert found.failure is FailureClass.STALE
    assert found.explanation.endswith("is 1 d 3 h old, allowed are 1 d 2 h")


async def test_no_backup_is_missing(backups: Backups) -> None:
    assert (await backups.look()).failure is FailureClass.MISSING


async def test_an_empty_backup_is_corrupt(backups: Backups) -> None:
    backups.file("a", b"")
    assert (await backups.look()).failure is FailureClass.CORRUPT


async def test_a_backup_that_is_being_written_is_left_alone(backups: Backups) -> None:
    backups.file("a.gz", gzip.compress(b"x"), age=HOUR)
    backups.file("b.gz", b"half", age=0)
    found = await backups.look()
    assert found.outcome is Outcome.PASS
    assert readings(found)["age"] == pytest.approx(HOUR, abs=60)


async def test_every_place_needs_a_fresh_copy(backups: Backups) -> None:
    main = backups.file("a")
    where = [str(backups.main / "*"), str(backups.away / "*")]
    assert (await backups.look(places=where)).failure is FailureClass.MISSING
    copy = Path(shutil.copy2(main, backups.away))
    fresh = await backups.look(places=where)
    backups.aged(copy, age=30 * HOUR)
    assert (fresh.outcome, readings(fresh)["places"]) == (Outcome.PASS, 2)
    assert (await backups.look(places=where)).failure is FailureClass.STALE


async def test_a_copy_that_differs_is_corrupt(backups: Backups) -> None:
    backups.aged(cut(Path(shutil.copy2(backups.file("a"), backups.away))))
    found = await backups.look(places=[str(backups.main / "*"), str(backups.away / "*")])
    assert found.failure is FailureClass.CORRUPT


async def test_a_backup_that_shrank_shows_by_its_ratio(backups: Backups) -> None:
    for number, size in enumerate([100, 100, 110, 30]):
        backups.file(f"{number}", b"x" * size, age=(10 - number) * HOUR)
        found = await backups.look()
    assert readings(found)["size_ratio"] == 0.3
    assert CATALOGUE["backup"].usual_rules(None)[0]["reading"] == "size_ratio"


async def test_a_backup_that_everybody_may_read_is_insecure(backups: Backups) -> None:
    backups.file("a", mode=0o644)
    assert (await backups.look()).failure is FailureClass.INSECURE
    assert (await backups.look(private=False)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("content", "insecure"),
    [(b"age-encryption.org/v1\n", False), (b"\x85\x02\x0c", False), (b"Salted__x", False), (b"PGDMP\x01", True)],
)
async def test_a_backup_that_is_not_encrypted_is_told(backups: Backups, content: bytes, insecure: bool) -> None:
    backups.file("a", content)
    found = await backups.look(encrypted=True)
    assert found.failure is (FailureClass.INSECURE if insecure else None)


# Whole or not


@pytest.mark.parametrize(
    ("name", "pack"), [("a.gz", gzip.compress), ("a.xz", lzma.compress), ("a.bz2", bz2.compress), ("a.zst", zstd)]
)
async def test_what_is_packed_is_read_to_its_end(backups: Backups, name: str, pack: Callable[[bytes], bytes]) -> None:
    content = os.urandom(300_000)
    path = backups.file(name, pack(content + b"0" * 3_000_000) + pack(b"more"))
    assert (await backups.look()).outcome is Outcome.PASS
    cut(path, 0.9)
    found = await backups.look()
    assert found.failure is FailureClass.CORRUPT
    assert found.explanation.startswith(f"{name}: ")


async def test_what_is_packed_and_was_changed_is_corrupt(backups: Backups) -> None:
    content = bytearray(gzip.compress(os.urandom(100_000)))
    content[50_000] ^= 1
    backups.file("a.gz", bytes(content))
    assert (await backups.look()).explanation == "a.gz: its compression is damaged"


async def test_a_file_that_is_not_what_its_name_says_is_corrupt(backups: Backups) -> None:
    backups.file("a.gz", b"<html>502 Bad Gateway</html>")
    assert (await backups.look()).explanation == "a.gz: it is nothing that is known, expected gzip"
    assert (await backups.look(format="custom")).failure is FailureClass.CORRUPT


async def test_a_bomb_is_read_within_bounds(backups: Backups) -> None:
    backups.file("a.gz", gzip.compress(b"--" + b"\0" * (200 << 20), 1))
    with peak_growth() as growth:
        found = await backups.look()
    assert growth.bytes < 12 << 20
    assert found.failure is FailureClass.CORRUPT


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_a_dump_in_sql_has_to_say_that_it_is_complete(backups: Backups, pack: Callable[[bytes], bytes]) -> None:
    content = SQL.format("-- Mary Canary\n" * 200_000).encode()
    backups.file("a.sql", pack(content))
    whole = await backups.look()
    backups.file("b.sql", pack(content[:-60]), age=HOUR / 2)
    found = await backups.look()
    assert readings(whole)["objects"] == 1
    assert found.explanation == "b.sql: it is cut off: the dump does not say that it is complete"
    assert "Canary" not in words(found)


async def test_a_tar_archive_is_read_to_its_end(backups: Backups) -> None:
    path = backups.main / "a.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(20):
            archive.add(backups.file(f".{number}", b"x" * 10_000))
    backups.aged(path)
    assert readings(await backups.look("a.tar"))["objects"] == 20
    cut(path)
    assert (await backups.look("a.tar")).failure is FailureClass.CORRUPT


async def test_a_sqlite_copy_is_checked_and_left_as_it_is(backups: Backups) -> None:
    path = sqlite(backups.main / "a.db")
    assert readings(await backups.look())["objects"] == 1
    assert os.listdir(backups.main) == ["a.db"]
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(4096))
    backups.aged(path)
    assert (await backups.look()).failure is FailureClass.CORRUPT


async def test_a_checksum_is_compared(backups: Backups) -> None:
    path = backups.file("a", b"content")
    assert (await backups.look(checksum=True)).failure is FailureClass.MISSING
    beside = path.with_name("a.sha256")
    beside.write_text(f"{sha256(b'content').hexdigest()}  a\n")
    assert (await backups.look(checksum=True)).outcome is Outcome.PASS
    backups.aged(backups.file("a", b"c0ntent"), HOUR / 2)
    assert (await backups.look(checksum=True)).failure is FailureClass.CORRUPT


async def test_a_backup_is_read_once_and_again_only_after_a_failure(backups: Backups) -> None:
    path = backups.file("a.gz", gzip.compress(os.urandom(1000)))
    first = await backups.look()
    moment = path.stat().st_mtime
    path.write_bytes(b"\0" * path.stat().st_size)  # what only reading it again would show
    os.utime(path, (moment, moment))
    again = await backups.look()
    assert first.outcome is again.outcome is Outcome.PASS
    assert readings(again)["verified_age"] > 0
    backups.note = None
    assert [(await backups.look()).failure for _ in range(2)] == [FailureClass.CORRUPT] * 2


async def test_a_backup_that_is_no_good_is_told_often_and_tried_once_an_hour(backups: Backups) -> None:
    """A check that fails is run again and again until it has failed three times; a large backup cannot be."""
    backups.file("a.zst", zstd(b"what nobody knows"))
    tried = backups.main.parent / "tried"
    program = script(backups.main.parent, "zstd", f"echo once >> {tried}; exit 1")
    clock = FakeClock(SystemClock().now())
    backups.bench.tools = replace(backups.bench.tools, clock=clock)
    probe = backups.probe(programs={"zstd": program})
    for _ in range(3):
        assert (await run(probe)).failure is FailureClass.CORRUPT
    assert len(tried.read_text().splitlines()) == 1
    await clock.advance(hours=1)
    assert (await run(probe)).failure is FailureClass.CORRUPT
    assert len(tried.read_text().splitlines()) == 2


async def test_a_backup_that_takes_too_long_to_read_does_not_hold_the_deadline(backups: Backups) -> None:
    os.truncate(backups.file("a.sql", b"--\n"), 1 << 42)  # 4 TiB that take no room
    backups.aged(backups.main / "a.sql")
    with peak_growth() as growth:
        found = await backups.look(within=1.0)
    assert growth.bytes < 12 << 20
    assert found.failure is FailureClass.READ_TIMEOUT
    assert "`timeout`" in found.hint


async def test_a_cancelled_run_leaves_nothing_behind(backups: Backups) -> None:
    os.truncate(backups.file("a.sql", b"--\n"), 1 << 42)
    path = backups.aged(backups.main / "a.sql")
    running = asyncio.create_task(run(backups.probe(), within=60))
    await eventually(lambda: is_open(path))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await eventually(lambda: not is_open(path))


def is_open(path: Path) -> bool:
    """Whether this process has the file open."""
    return str(path) in {file.path for file in psutil.Process().open_files()}


# Dumps and restores of PostgreSQL


@pytest.fixture(scope="module")
def programs() -> dict[str, str]:
    folder = next(installations())
    return {name: str(folder / name) for name in ("pg_restore", "psql")}


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    dsn = postgres.fresh_database()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE employees (id serial PRIMARY KEY, name text)")
        connection.execute(
            "INSERT INTO employees (name) SELECT repeat(md5(n::text), 50) FROM generate_series(1, 500) n"
        )
    yield dsn
    postgres.drop(dsn)


@pytest.fixture
def dump(backups: Backups, database: str, programs: dict[str, str]) -> Callable[..., Path]:
    def made(form: str, name: str) -> Path:
        path = backups.main / name
        program = Path(programs["psql"]).with_name("pg_dump")
        subprocess.run([program, f"--format={form}", f"--file={path}", "--no-owner", database], check=True)
        return backups.aged(path)

    return made


def databases(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sentinel%'").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("form", ["custom", "tar"])
async def test_a_dump_is_listed_and_read_to_its_end(
    backups: Backups, dump: Callable[..., Path], programs: dict[str, str], form: str
) -> None:
    path = dump(form, "a.dump")
    found = await backups.look(programs=programs)
    assert found.outcome is Outcome.PASS
    assert readings(found)["objects"] >= 4
    cut(path, 0.8)
    assert (await backups.look(programs=programs)).failure is FailureClass.CORRUPT


@pytest.mark.parametrize("form", ["custom", "plain"])
async def test_a_dump_is_restored_counted_and_taken_away(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str], form: str
) -> None:
    dump(form, "a.dump")
    tables = {"employees": {"min": 400, "within": 0.1}}
    restore = {"server": database, "tables": tables, "compare_with": database}
    found = await backups.look(programs=programs, restore=restore)
    assert found.outcome is Outcome.PASS, found
    assert readings(found)["rows.employees"] == 500
    assert databases(database) == []


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"employees": 501}, "restored: table employees has 500 rows, expected at least 501"),
        ({"employees": {"within": 0.1}}, "restored: table employees has 500 rows, and 1,000 where it was taken from"),
        ({"payroll": 1}, "restored: table payroll: there is no table payroll (SQLSTATE 42P01)"),
    ],
)
async def test_a_restore_that_brings_too_little_has_failed(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str], tables: Any, said: str
) -> None:
    dump("custom", "a.dump")
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO employees (name) SELECT 'Mary Canary' FROM generate_series(1, 500)")
    restore = {"server": database, "tables": tables, "compare_with": database}
    found = await backups.look(programs=programs, restore=restore)
    assert (found.failure, found.explanation) == (FailureClass.RESTORE_FAILED, said)
    assert databases(database) == []


async def test_a_dump_that_cannot_be_restored_is_told_without_its_words(
    backups: Backups, database: str, programs: dict[str, str]
) -> None:
    backups.file("a.sql", SQL.format("INSERT INTO people VALUES ('Mary Canary');").encode())
    found = await backups.look(programs=programs, restore={"server": database})
    assert found.failure is FailureClass.RESTORE_FAILED
    assert "Canary" not in words(found)
    assert databases(database) == []


async def test_restores_keep_to_their_own_schedule(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str]
) -> None:
    options: dict[str, Any] = {"programs": programs, "restore": {"server": database, "every": "7d"}}
    dump("custom", "a.dump")
    first = await backups.look(**options)
    backups.aged(dump("custom", "b.dump"), HOUR / 2)
    second = await backups.look(**options)
    assert readings(second)["restored_age"] > readings(first)["restored_age"]
    assert readings(second)["verified_age"] < readings(second)["restored_age"]


async def test_what_a_killed_run_left_is_dropped_by_the_next(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    slow = backups.main.parent / "pg_restore"
    began = backups.main.parent / "began"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *--dbname*) touch {began}; sleep 60;; *) exec {programs["pg_restore"]} "$@";; esac'
    )
    slow.chmod(0o755)
    options: dict[str, Any] = {
        "programs": {**programs, "pg_restore": str(slow)},
        "restore": {"server": database},
    }
    running = asyncio.create_task(run(backups.probe(**options), within=30))
    await eventually(began.exists)
    [left] = databases(database)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert databases(database) == []
    with psycopg.connect(database, autocommit=True) as connection:  # as after kill -9
        connection.execute(f'CREATE DATABASE "{left}"'.encode())
        connection.execute("CREATE DATABASE sentinel_restore_00000000_1")  # another check's
    assert (await backups.look(programs=programs, restore={"server": database})).outcome is Outcome.PASS
    assert databases(database) == ["sentinel_restore_00000000_1"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP DATABASE sentinel_restore_00000000_1")


async def test_the_deadline_holds_and_leaves_no_database(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    slow = backups.main.parent / "pg_restore"
    slow.write_text("#!/bin/sh\nsleep 60")
    slow.chmod(0o755)
    found = await backups.look(
        within=1.0, programs={**programs, "pg_restore": str(slow)}, restore={"server": database}, verify=False
    )
    assert found.failure is FailureClass.READ_TIMEOUT
    assert "`timeout`" in found.hint
    assert databases(database) == []


async def test_a_server_that_hangs_does_not_hold_the_deadline(
    backups: Backups, dump: Callable[..., Path], postgres: PostgresServer, database: str, programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    slow = backups.main.parent / "pg_restore"
    began = backups.main.parent / "began"
    slow.write_text(f"#!/bin/sh\ntouch {began}; sleep 60")
    slow.chmod(0o755)
    restore = {"server": database}
    probe = backups.probe(programs={**programs, "pg_restore": str(slow)}, restore=restore, verify=False)
    running = asyncio.create_task(run(probe, within=2.0))
    await eventually(began.exists)
    postgres.pause()
    failure = (await running).failure
    postgres.resume()
    assert failure is FailureClass.READ_TIMEOUT
    assert (await backups.look(programs=programs, restore=restore)).outcome is Outcome.PASS
    assert databases(database) == []


async def test_an_older_pg_restore_is_sentinels_own_trouble(
    backups: Backups, dump: Callable[..., Path], programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    old = backups.main.parent / "pg_restore"
    old.write_text("#!/bin/sh\necho 'pg_restore: error: unsupported version (1.16) in file header' >&2\nexit 1")
    old.chmod(0o755)
    found = await backups.look(programs={**programs, "pg_restore": str(old)})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert "programs.pg_restore" in found.hint


async def test_a_missing_program_is_named_before_the_first_run(backups: Backups) -> None:
    backups.file("a.dump", b"PGDMP")
    options: dict[str, Any] = {"programs": {"pg_restore": "no-such-program"}}
    found = await backups.look("*.dump", **options)
    kind = CATALOGUE["backup"]
    assert found.failure is FailureClass.NOT_INSTALLED
    assert "postgresql-client" in found.hint
    assert "postgresql-client" in kind.lacks(kind.options.model_validate({"places": ["/b/*.dump"], **options}))


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("ALTER TABLE people OWNER TO app_of_another_host;", "a role that the scratch server does not have"),
        ("ALTER TABLE people OWNER TO pg_monitor;", "what the role of `restore.server` may not do"),
        ("CREATE ROLE another;", "what the role of `restore.server` may not do"),
    ],
)
async def test_a_dump_that_wants_other_roles_accuses_no_backup(
    backups: Backups, postgres: PostgresServer, database: str, programs: dict[str, str], needs: str, said: str
) -> None:
    backups.file("a.sql", SQL.format(needs).encode())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE ROLE sentinel_restorer LOGIN CREATEDB")
    server = psycopg.conninfo.conninfo_to_dict(database)
    url = f"postgresql://sentinel_restorer@{server['host']}:{server.get('port', 5432)}/{server['dbname']}"
    try:
        found = await backups.look(programs=programs, restore={"server": url})
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DROP ROLE sentinel_restorer")
    assert (found.outcome, found.explanation) == (Outcome.UNKNOWN, f"a.sql: needs {said}")
    assert "--no-owner" in found.hint


async def test_a_role_that_may_not_make_databases_is_named(
    backups: Backups, dump: Callable[..., Path], postgres: PostgresServer, database: str, programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    with postgres.guarded(database) as guarded:
        right = await backups.look(programs=programs, restore={"server": guarded})
        wrong = guarded.replace("correct-canary", "wrong-canary")
        refused = await backups.look(programs=programs, restore={"server": wrong})
    assert (right.failure, "CREATEDB" in right.hint) == (FailureClass.NOT_PERMITTED, True)
    assert refused.failure is FailureClass.CREDENTIAL_REFUSED
    assert "canary" not in words(right) + words(refused)


async def test_without_room_nothing_is_restored(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str]
) -> None:
    os.truncate(dump("custom", "a.dump"), 1 << 42)  # 4 TiB that take no room
    backups.aged(backups.main / "a.dump")
    restore = {"server": database, "room_at": str(backups.main), "room": 100}
    found = await backups.look(programs=programs, verify=False, restore=restore)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.OVERLOADED)
    assert "are wanted" in found.explanation


async def test_a_live_database_that_cannot_be_asked_is_told(
    backups: Backups, dump: Callable[..., Path], database: str, programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    restore = {"server": database, "compare_with": database, "tables": {"employees": {"within": 0.1}}}
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE employees")
        locked = await backups.look(within=3.0, programs=programs, restore=restore)
        connection.execute("DROP TABLE employees")
        connection.commit()
    gone = await backups.look(programs=programs, restore=restore)
    assert [locked.failure, gone.failure] == [FailureClass.QUERY_TIMEOUT, FailureClass.NOT_INSTALLED]


async def test_a_server_that_is_gone_is_told(
    backups: Backups, dump: Callable[..., Path], programs: dict[str, str]
) -> None:
    dump("custom", "a.dump")
    found = await backups.look(programs=programs, restore={"server": "postgresql://x@127.0.0.1:9/postgres"})
    assert found.failure is FailureClass.REFUSED
    assert found.explanation.startswith("scratch server: ")


async def test_a_sqlite_copy_is_restored_by_opening_it(backups: Backups) -> None:
    sqlite(backups.main / "a.db", rows=7)
    found = await backups.look(restore={"tables": {"patients": 7}})
    backups.note = None
    empty = await backups.look(restore={"tables": {"patients": 8}})
    assert readings(found)["rows.patients"] == 7
    assert empty.explanation == "restored: table patients has 7 rows, expected at least 8"


async def test_what_cannot_be_restored_here_is_a_wrong_configuration(backups: Backups, database: str) -> None:
    backups.file("a.gz", gzip.compress(b"x"))
    found = await backups.look(restore={"server": database})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)


# Rights, and wrong options


async def test_a_folder_among_the_places_is_the_checks_mistake(backups: Backups) -> None:
    backups.file("a")
    found = await backups.look("")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert f"{backups.main}/*" in found.hint


@pytest.mark.parametrize("closed", ["file", "folder"])
async def test_a_missing_right_is_named(backups: Backups, closed: str) -> None:
    backups.file("a", mode=0)
    if closed == "folder":
        backups.main.chmod(0)
    # setfsuid(2) is per thread: the probe's threads may read no more than `nobody`.
    with ThreadPoolExecutor(1, initializer=lambda: ctypes.CDLL(None).setfsuid(65534)) as threads:
        backups.main.parent.chmod(0o755)
        backups.bench.tools = replace(backups.bench.tools, threads=threads)
        found = await backups.look()
    backups.main.chmod(0o700)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "setfacl" in found.hint


def test_options_that_make_no_sense_are_refused() -> None:
    assert "compare_with" in problem("backup", places=["x"], restore={"tables": {"a": {"within": 0.1}}})
    assert "no key" in problem("backup", places=["x"], encrypted=True, restore={})
    assert "server under restore" in problem("backup", places=["/x/*.dump"], restore={})
    assert "server under restore" in problem("backup", places=["/x/*"], format="custom", restore={})
    assert "postgresql://" in problem("backup", places=["x"], restore={"server": "sqlite:////x.db"})
    assert "tables" in problem("backup", places=["x"], restore={"tables": {'a"; DROP': 1}})
    assert "settle" in problem("backup", places=["x"], settle="2d")


async def test_a_note_of_another_shape_is_a_first_look(backups: Backups) -> None:
    backups.file("a")
    backups.note = {"sizes": [1, ["x"]], "verified": [1], "restored": "x"}
    assert (await backups.look(max_age=timedelta(hours=2))).outcome is Outcome.PASS
