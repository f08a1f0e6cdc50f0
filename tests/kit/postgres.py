"""A real PostgreSQL server of the tests' own, on a free port, in a temporary directory.

Its files and programs are those of `examples.servers`, so that the tests need nothing installed.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil
import psycopg
from psycopg import sql

from examples.servers.postgres import LOOPBACK, OWNER, Cluster, environment
from tests.kit.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

START_WITHIN = 30.0  # seconds; a first start takes about 0.1
STOP_WITHIN = 30.0  # seconds
POLL = 0.02  # seconds between two looks at a starting server


class PostgresServer:
    """One server. Its methods wait: where an event loop has to go on, call them by `asyncio.to_thread`."""

    def __init__(
        self,
        binaries: Path | None = None,
        *,
        fsync: bool = False,
        settings: Mapping[str, str] | None = None,
        primary: PostgresServer | None = None,
    ) -> None:
        """Make and start it, by the programs in `binaries`, or else in the first of `installations()`.

        `fsync=True` is slower and for tests of durability. `settings` are as in postgresql.conf. With a `primary` it is a
        standby of that one, by the same programs.
        """
        self._cluster = Cluster(Path(tempfile.mkdtemp(prefix="sentinel-postgres-")), binaries)
        self._settings = {"fsync": "on" if fsync else "off", "full_page_writes": "on" if fsync else "off"}
        self._settings.update(settings or {})
        self._numbers = itertools.count(1)
        self._frozen: list[psutil.Process] = []
        self.port = free_port()
        if primary is None:
            self._cluster.initialise()
        else:
            self._copy(primary)
        self._process = self._spawn()

    @property
    def dsn(self) -> str:
        """Of the maintenance database; tests take one of their own by `fresh_database`."""
        return self._dsn("postgres")

    @property
    def counts_statements(self) -> bool:
        """Whether its programs bring the extension pg_stat_statements."""
        return self._cluster.counts_statements

    @property
    def log(self) -> str:
        return self._cluster.log

    def fresh_database(self) -> str:
        """The dsn of a new, empty database. A server that an earlier test stopped or paused is up again."""
        self.resume()
        self.start()
        name = f"test_{next(self._numbers)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._dsn(name)

    def drop(self, dsn: str) -> None:
        """Remove a database of `fresh_database`, ending the connections to it."""
        self.resume()
        self.start()
        name = sql.Identifier(dsn.rsplit("/", 1)[1])
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    @contextmanager
    def guarded(self, dsn: str) -> Iterator[str]:
        """A dsn of the same database, of a role whose password `correct-canary` the server asks for; it may read nothing."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'correct-canary'")
            row = connection.execute("SHOW hba_file").fetchone()
            assert row is not None
            connection.execute("CREATE TABLE hba (line text)")
            connection.execute(f"COPY hba FROM '{row[0]}'".encode())
            lines = f"COPY (SELECT 'host all guarded all scram-sha-256' UNION ALL SELECT line FROM hba) TO '{row[0]}'"
            connection.execute(lines.encode())
            connection.execute("SELECT pg_reload_conf()")
            yield dsn.replace(f"//{OWNER}@", "//guarded:correct-canary@")
            connection.execute(f"COPY hba TO '{row[0]}'".encode())
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE guarded")

    def start(self) -> None:
        """Start it again on the same port and wait until it takes connections, unless it runs."""
        if self._process.poll() is not None:
            self._process = self._spawn()

    def stop(self, *, immediate: bool = False) -> None:
        """End it: connections are cut, open transactions rolled back.

        `immediate` is a crash as far as the files go: the next start recovers from the log.
        """
        self.resume()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            self._process.wait(STOP_WITHIN)

    def restart(self, *, immediate: bool = False) -> None:
        self.stop(immediate=immediate)
        self.start()

    def pause(self) -> None:
        """Freeze the server and all of its backends: connections stay open, and nothing answers."""
        self._freeze(psutil.Process(self._process.pid))  # the postmaster first: then no new child escapes
        for process in self._frozen[0].children(recursive=True):
            self._freeze(process)

    def resume(self) -> None:
        """Go on after `pause`. Nothing happens to a server that was not paused."""
        while self._frozen:
            with suppress(psutil.NoSuchProcess):
                self._frozen.pop().resume()  # the postmaster last: it cannot miss a child's end

    def close(self) -> None:
        """Stop it for good and remove its files."""
        self.stop(immediate=True)
        shutil.rmtree(self._cluster.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _dsn(self, database: str) -> str:
        return f"postgresql://{OWNER}@{LOOPBACK}:{self.port}/{database}"

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)

    def _freeze(self, process: psutil.Process) -> None:
        with suppress(psutil.NoSuchProcess):  # a backend may end between being listed and being stopped
            process.suspend()
            self._frozen.append(process)

    def _copy(self, primary: PostgresServer) -> None:
        """Take a base backup, with what a standby needs to follow."""
        source = ["--host", LOOPBACK, "--port", str(primary.port), "--username", OWNER]
        ways = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        self._cluster.run("pg_basebackup", "--pgdata", str(self._cluster.home / "data"), *source, *ways)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self._cluster.home / "log").open("ab") as log:
            process = subprocess.Popen(
                self._cluster.command(self.port, self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cluster.home,
                env=environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then end the server
                **self._cluster.identity,
            )
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(int(START_WITHIN / POLL)):
            try:
                psycopg.connect(self.dsn, connect_timeout=5).close()
            except psycopg.OperationalError:
                if not _ended(process):
                    continue
                break
            return
        process.kill()
        process.wait(STOP_WITHIN)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log[-2000:]}")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(POLL)
    except subprocess.TimeoutExpired:
        return False
    return True
