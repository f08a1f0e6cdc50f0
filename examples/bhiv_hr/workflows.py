"""The workflow engine, and the table of background tasks, both in SQLite."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from examples.bhiv_hr.faults import Fault
from examples.faults import Switchboard

LASTS = 0.4  # seconds that a workflow takes
SCHEMA = """
CREATE TABLE workflows (id TEXT PRIMARY KEY, kind TEXT NOT NULL, mark TEXT NOT NULL, started REAL);
CREATE TABLE background_tasks (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
);
INSERT INTO background_tasks VALUES
    ('t1', 'notify', 'completed', datetime('now', '-3 minutes'), datetime('now', '-3 minutes'), datetime('now', '-2 minutes'));
"""
FAILED = (
    "INSERT INTO background_tasks VALUES ('broken', 'notify', 'failed', datetime('now', '-2 minutes'),"
    " datetime('now', '-2 minutes'), datetime('now', '-1 minutes'))"
)


class Workflows:
    """One engine; each call opens the file anew, as many workers would."""

    def __init__(self, file: Path, board: Switchboard) -> None:
        self._file = file
        self._board = board

    def make(self) -> None:
        for name in (self._file.name, f"{self._file.name}-wal", f"{self._file.name}-shm"):
            self._file.with_name(name).unlink(missing_ok=True)
        self._run("PRAGMA journal_mode = WAL")
        with closing(sqlite3.connect(self._file)) as connection:
            connection.executescript(SCHEMA)

    def create(self, kind: str, mark: str) -> str:
        """A new workflow's id."""
        number = str(uuid4())
        self._run("INSERT INTO workflows VALUES (?, ?, ?, NULL)", number, kind, mark)
        return number

    def start(self, number: str) -> bool:
        """Whether there is such a workflow."""
        return self._run("UPDATE workflows SET started = ? WHERE id = ?", time.time(), number) > 0

    def status(self, number: str) -> str | None:
        """`created`, `running`, `completed` or `failed`; None when there is no such workflow."""
        with closing(sqlite3.connect(self._file, timeout=5)) as connection:
            row = connection.execute("SELECT started FROM workflows WHERE id = ?", (number,)).fetchone()
        if row is None:
            return None
        if row[0] is None:
            return "created"
        if self._board.is_on(Fault.WORKFLOW_HANGS) or time.time() - row[0] < LASTS:
            return "running"
        return "failed" if self._board.is_on(Fault.WORKFLOW_FAILS) else "completed"

    def remove(self, number: str) -> bool:
        """Whether there was such a workflow."""
        return self._run("DELETE FROM workflows WHERE id = ?", number) > 0

    def fail_task(self, on: bool) -> None:
        """A background task has failed, or its failure is put right."""
        self._run(FAILED if on else "DELETE FROM background_tasks WHERE id = 'broken'")

    def _run(self, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self._file, timeout=5)) as connection, connection:
            return connection.execute(statement, values).rowcount
