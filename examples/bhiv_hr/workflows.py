"""The workflow engine, the jobs that it works for, and the table of background tasks, all in SQLite."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from examples.bhiv_hr.faults import Fault
from examples.faults import Switchboard

LASTS = 0.15  # seconds that a workflow takes
STEPS = ("validation", "ai_processing", "notifications")
POSTED = 42  # jobs that are there from the start
SCHEMA = """
CREATE TABLE workflows (id TEXT PRIMARY KEY, kind TEXT NOT NULL, job TEXT NOT NULL, started REAL);
CREATE TABLE jobs (id TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE background_tasks (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, error TEXT
);
INSERT INTO background_tasks VALUES
    ('t1', 'notify', 'completed', datetime('now', '-3 minutes'), datetime('now', '-3 minutes'),
     datetime('now', '-2 minutes'), NULL);
"""
FAILED = """INSERT INTO background_tasks VALUES ('failed', 'notify', 'failed', datetime('now', '-2 minutes'),
    datetime('now', '-2 minutes'), datetime('now', '-1 minutes'), 'no mailbox mary.canary@example.org')"""
STUCK = """INSERT INTO background_tasks VALUES ('stuck', 'import', 'running', datetime('now', '-1 hours'),
    datetime('now', '-1 hours'), NULL, NULL)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """How far one workflow is."""

    status: str  # `created`, `running`, `completed` or `failed`
    step: str | None = None  # where it is while it runs, and where it failed


class Workflows:
    """One engine; each call opens the file anew, as many workers would."""

    def __init__(self, file: Path, board: Switchboard) -> None:
        self._file = file
        self._board = board

    def make(self) -> None:
        for name in (self._file.name, f"{self._file.name}-wal", f"{self._file.name}-shm"):
            self._file.with_name(name).unlink(missing_ok=True)
        self._run("PRAGMA journal_mode = WAL")
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.executemany("INSERT INTO jobs VALUES (?, 'a job')", [(f"j{n}",) for n in range(POSTED)])

    def create(self, kind: str, job: str) -> str:
        """A new workflow's id."""
        number = str(uuid4())
        self._run("INSERT INTO workflows VALUES (?, ?, ?, NULL)", number, kind, job)
        return number

    def start(self, number: str) -> bool:
        """Whether there is such a workflow."""
        return self._run("UPDATE workflows SET started = ? WHERE id = ?", time.time(), number) > 0

    def find(self, number: str) -> Workflow | None:
        """None when there is no such workflow."""
        rows = self._ask("SELECT started FROM workflows WHERE id = ?", number)
        return self._state(rows[0][0]) if rows else None

    def remove(self, number: str) -> bool:
        """Whether there was such a workflow."""
        return self._run("DELETE FROM workflows WHERE id = ?", number) > 0

    def post_job(self, title: str) -> tuple[str, str | None]:
        """A new job's id, and that of the workflow that was started for it."""
        job = str(uuid4())
        self._run("INSERT INTO jobs VALUES (?, ?)", job, title)
        if self._board.is_on(Fault.TRIGGER_LOST):
            return job, None
        workflow = self.create("job_posting", job)
        self.start(workflow)
        return job, workflow

    def remove_job(self, job: str) -> bool:
        """Whether there was such a job; its workflows go with it."""
        self._run("DELETE FROM workflows WHERE job = ?", job)
        return self._run("DELETE FROM jobs WHERE id = ?", job) > 0

    def count_jobs(self) -> int:
        return int(self._ask("SELECT count(*) FROM jobs")[0][0])

    def fail_task(self, on: bool) -> None:
        """A background task has failed, or its failure is put right."""
        self._run(FAILED if on else "DELETE FROM background_tasks WHERE id = 'failed'")

    def hang_task(self, on: bool) -> None:
        """A background task has been running for an hour, or is gone."""
        self._run(STUCK if on else "DELETE FROM background_tasks WHERE id = 'stuck'")

    def _state(self, started: float | None) -> Workflow:
        if started is None:
            return Workflow(status="created")
        if self._board.is_on(Fault.WORKFLOW_HANGS):
            return Workflow(status="running", step="ai_processing")
        share = (time.time() - started) / LASTS
        if share < 1.0:
            return Workflow(status="running", step=STEPS[max(int(share * len(STEPS)), 0)])
        if self._board.is_on(Fault.WORKFLOW_FAILS):
            return Workflow(status="failed", step="notifications")
        return Workflow(status="completed")

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file, timeout=5)) as connection:
            return connection.execute(query, values).fetchall()

    def _run(self, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self._file, timeout=5)) as connection, connection:
            return connection.execute(statement, values).rowcount
