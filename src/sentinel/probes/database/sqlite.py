"""SQLite files: opened read-only, asked on a thread, interrupted when the time is up."""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final
from urllib.parse import quote

from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import (
    CELL_CAP,
    ROW_CAP,
    Answer,
    Asked,
    Cell,
    DatabaseError,
    Statement,
    Trouble,
    broken,
)
from sentinel.probes.database.codes import ONE_STATEMENT, of_code

_STEPS: Final = 2000  # instructions of SQLite's machine between two looks at the time: some 20 us
_LOOKS: Final = 2  # at a file that nobody has open, before it is read as one that somebody has
_RESERVE: Final = 0.1  # seconds before the deadline, or a tenth of the time left, in which a query is stopped


class SqliteDatabase:
    """One file. A thread that hangs in the file system is not waited for past the deadline."""

    host = ""

    def __init__(self, file: Path, threads: ThreadPoolExecutor) -> None:
        self._file = file
        self._threads = threads

    async def ask(self, statements: Sequence[Statement], deadline: float, values: Sequence[str] = ()) -> Asked:
        loop = asyncio.get_running_loop()
        left = deadline - loop.time()
        left -= min(_RESERVE, left / 10)
        run = _Run(self._file, statements, values, monotonic() + left)
        timer = loop.call_later(left, run.interrupt)
        try:
            async with asyncio.timeout_at(deadline):
                return await loop.run_in_executor(self._threads, run.ask)
        except TimeoutError:
            return run.overdue()
        finally:
            timer.cancel()
            run.stop()


class _Run:
    """One visit to the file, on a thread."""

    def __init__(self, file: Path, statements: Sequence[Statement], values: Sequence[str], limit: float) -> None:
        self._stopped = threading.Event()  # nobody waits for the answer any more
        self._connection: sqlite3.Connection | None = None
        self._file = file
        self._statements = statements
        self._values = values
        self._limit = limit  # of `monotonic()`
        self._begun = False

    def ask(self) -> Asked:
        """What the file answers, without making its `-wal` and `-shm`.

        Any reader makes these for a file in WAL mode that nobody has open; then they would belong to Sentinel's user, and
        the service could not write to its own database. So such a file is opened as one that does not change, and asked
        anew should it have changed meanwhile.
        """
        self._begun = True
        for _ in range(_LOOKS):
            state = _state_at_rest(self._file)
            asked = self._look(at_rest=state is not None)
            if _state_at_rest(self._file) == state or self._is_over():
                return asked
        return self._look(at_rest=False)

    def _look(self, *, at_rest: bool) -> Asked:
        asked = Asked()
        began = perf_counter()
        try:
            with closing(self._connect(at_rest=at_rest)) as connection:
                connection.execute("BEGIN")
                asked.connect_time = perf_counter() - began
                for statement in self._statements:
                    if self._is_over():
                        raise broken(FailureClass.QUERY_TIMEOUT, "the file was not read in time")
                    asked.answers.append(_answer(connection, statement, self._values))
                connection.rollback()
        except sqlite3.Error as error:
            asked.trouble = _trouble(error, self._file)
        except DatabaseError as error:
            asked.trouble = error.trouble
        return asked

    def interrupt(self) -> None:
        """Ends the statement under way, from another thread. An integrity check asks no progress handler before SQLite 3.41."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed just now
                self._connection.interrupt()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped.set()
        self.interrupt()

    def overdue(self) -> Asked:
        """What to say when the thread has not come back in time."""
        if self._begun:
            trouble = Trouble(failure=FailureClass.QUERY_TIMEOUT, explanation="the file was not read in time")
        else:
            trouble = Trouble(failure=FailureClass.OVERLOADED, explanation="no thread became free to read the file")
        return Asked(trouble=trouble)

    def _connect(self, *, at_rest: bool) -> sqlite3.Connection:
        left = self._limit - monotonic()
        uri = f"file:{quote(str(self._file))}?mode=ro{'&immutable=1' if at_rest else ''}"
        connection = sqlite3.connect(uri, uri=True, timeout=max(left, 0.0), isolation_level=None)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL_CAP)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_progress_handler(self._is_over, _STEPS)
        connection.execute("PRAGMA query_only = ON")
        self._connection = connection
        return connection

    def _is_over(self) -> bool:
        return self._stopped.is_set() or monotonic() > self._limit


def is_in_wal_mode(file: Path) -> bool:
    """Whether writers keep a write-ahead log beside it (sqlite.org/fileformat2.html, 1.3.3). Blocks; raises OSError."""
    with file.open("rb") as opened:
        return opened.read(19)[18:] == b"\x02"


def _state_at_rest(file: Path) -> tuple[int, int] | None:
    """What differs after every change of a file in WAL mode; None while somebody has it open, and for any other file."""
    try:
        status = file.stat()
        if not is_in_wal_mode(file) or file.with_name(f"{file.name}-wal").exists():
            return None
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _answer(connection: sqlite3.Connection, statement: Statement, values: Sequence[str]) -> Answer:
    began = perf_counter()
    try:
        bound = values if statement.parameters else ()
        cursor = connection.execute(statement.numbered("?"), bound)
    except (sqlite3.Warning, sqlite3.ProgrammingError):
        # What Python says of several statements in one text, up to 3.11 and after it.
        raise broken(FailureClass.MISCONFIGURED, "the query is not one statement", ONE_STATEMENT) from None
    columns = tuple(column[0] for column in cursor.description or ())
    first: tuple[Cell, ...] = ()
    rows = 0
    for row in cursor:
        if not rows:
            first = tuple(_cell(value) for value in row)
        rows += 1
        if rows == ROW_CAP:
            break
    cursor.close()
    return Answer(columns=columns, rows=rows, first=first, seconds=perf_counter() - began)


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | None) else "(binary)"


def _trouble(error: sqlite3.Error, file: Path) -> Trouble:
    code = getattr(error, "sqlite_errorname", "") or "no code"
    if _is_folder(file):  # which SQLite opens, and then fails to read: SQLITE_IOERR
        return Trouble(
            failure=FailureClass.MISCONFIGURED,
            explanation="the database's path names a folder",
            hint=f"Let the URL name a file in {file}, not the folder.",
        )
    # A read-only file in WAL mode whose side files are missing is told as SQLITE_READONLY_CANTINIT and the like.
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY_")):
        return _cannot_open(file, code)
    return of_code(code, str(error))


def _cannot_open(file: Path, code: str) -> Trouble:
    try:
        _look_into(file)
    except FileNotFoundError:
        return Trouble(
            failure=FailureClass.QUERY_FAILED,
            explanation="the database file does not exist",
            hint=f"Is {file} the right path, and has the service made the file?",
        )
    except PermissionError:
        return closed(file)
    except OSError:
        pass
    for side in side_files(file):
        with contextlib.suppress(FileNotFoundError):
            try:
                _look_into(side)
            except PermissionError:
                return closed(side)
            except OSError:
                break
    return Trouble(
        failure=FailureClass.QUERY_FAILED,
        explanation=f"the database file cannot be opened ({code})",
        hint=f"See {file}: in WAL mode it needs its `-wal` and `-shm` beside it, which Sentinel's user may read.",
    )


def side_files(file: Path) -> list[Path]:
    """What SQLite keeps beside a file in WAL mode while somebody has it open."""
    return [file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")]


def closed(file: Path) -> Trouble:
    """Sentinel's user may not read a file of a database. Blocks, as it looks for the folder that is in the way."""
    folder = next((folder for folder in reversed(file.parents) if _bars_the_way(folder)), None)
    if folder is not None:
        hint = f"Let Sentinel's user enter the folder: `setfacl -m u:sentinel:x {folder}`."
        explanation = f"Sentinel may not enter {folder}, on the way to the database file"
        return Trouble(failure=FailureClass.NOT_PERMITTED, explanation=explanation, hint=hint)
    hint = f"Let Sentinel's user read it: `setfacl -m u:sentinel:r {file}`"
    if file.name.endswith(("-wal", "-shm")):
        hint = f"{hint}, and, as it is made anew at each start, `setfacl -d -m u:sentinel:r {file.parent}`"
    explanation = f"Sentinel may not read {file}"
    return Trouble(failure=FailureClass.NOT_PERMITTED, explanation=explanation, hint=f"{hint}.")


def _is_folder(file: Path) -> bool:
    try:
        return file.is_dir()
    except OSError:
        return False


def _bars_the_way(folder: Path) -> bool:
    try:
        os.stat(f"{folder}/.")
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def _look_into(file: Path) -> None:
    with file.open("rb"):
        pass
