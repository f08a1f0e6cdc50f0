"""The `sqlite` probe: whether a SQLite database is whole, has its tables, and how large its files are; also on a libSQL server.

It looks three times, each time in a read of its own: at sizes and tables, at the structure, at references. In WAL mode a
reader holds no writer up. In the other modes a writer waits until the reader is done, so reading ends there after
`longest_lock`, and what it could not see to its end is told as unknown.
"""

# ruff: noqa: S608 - names in statements are checked

import asyncio
import contextlib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import AfterValidator

from sentinel.base.fields import Options, PositiveDuration
from sentinel.base.redact import Secret
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.database import Answer, Asked, Statement, file_of, open_database
from sentinel.probes.database.identifiers import TableName, is_postgres, literal
from sentinel.probes.database.options import DatabaseField
from sentinel.probes.database.sqlite import is_in_wal_mode
from sentinel.probes.finding import Finding, measurement

_MOST_LINES: Final = 20  # problems that SQLite looks for before it ends; a damaged file may have millions
_MOST_TABLES: Final = 200


def _of_sqlite(url: Secret) -> Secret:
    if is_postgres(url):
        raise ValueError("a URL such as 'sqlite:////path/to/file.db' or 'sqlite+libsql://host:8080'")
    return url


def _not_too_many(tables: tuple[str, ...]) -> tuple[str, ...]:
    if len(tables) > _MOST_TABLES:
        raise ValueError(f"at most {_MOST_TABLES} tables")
    return tables


class SqliteOptions(Options):
    """Looks at a SQLite file, or at a database on a libSQL server, without changing or making anything."""

    url: Annotated[DatabaseField, AfterValidator(_of_sqlite)]
    """`sqlite:////path/to/file.db`, or `sqlite+libsql://host:8080?authToken=…`. A secret, as it may hold a token."""
    integrity: Literal["quick", "full", "off"] = "quick"
    """How to look at the structure: `quick` reads every page of every table, `full` compares each index with its table as
    well, which takes much longer."""
    foreign_keys: bool = True
    """Whether to look for rows that point to rows that are not there."""
    tables: Annotated[tuple[TableName, ...], AfterValidator(_not_too_many)] = ()
    """Tables or views that must be there."""
    longest_lock: PositiveDuration = timedelta(seconds=2)
    """How long one read may last in a file that is not in WAL mode, where writers wait for it."""


class SqliteProbe:
    """Asks the same in every run."""

    def __init__(self, options: SqliteOptions, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._file = file_of(options.url)
        self._database = open_database(
            options.url, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
        )
        self._facts = [Statement(name="facts", text=_facts(options))]

    @property
    def host(self) -> str:
        return self._database.host

    async def measure(self, deadline: float) -> Measurement:
        readings: list[Reading] = []
        findings: list[Finding] = []
        missing: list[Finding] = []
        try:
            facts = await self._look_at_facts(deadline, readings)
            missing = _missing_tables(facts)
            log_size = await self._look_at_log(self._file, deadline) if self._file is not None else None
            readings += [Reading("wal_size", log_size, Unit.BYTES)] if log_size is not None else []
            await self._look_deeper(deadline, readings, findings, with_log=log_size is not None)
        except Finding as finding:
            findings.append(finding)
        return measurement(findings + missing, readings)

    async def close(self) -> None:
        """There is nothing to give back: every read has a connection of its own."""

    async def _look_at_facts(self, deadline: float, readings: list[Reading]) -> Mapping[str, Any]:
        asked = await self._database.ask(self._facts, deadline)
        if asked.trouble is not None:
            raise Finding(asked.trouble.failure, asked.trouble.explanation, asked.trouble.hint)
        facts = dict(zip(asked.answers[0].columns, asked.answers[0].first, strict=True))
        readings += _sizes(asked, facts)
        return facts

    async def _look_deeper(
        self, deadline: float, readings: list[Reading], findings: list[Finding], *, with_log: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        findings += await self._look_at_structure(self._limit(deadline, with_log=with_log))
        findings += await self._look_at_references(self._limit(deadline, with_log=with_log))
        if self._options.integrity != "off" or self._options.foreign_keys:
            readings.append(Reading("check_time", loop.time() - began, Unit.SECONDS))

    async def _look_at_log(self, file: Path, deadline: float) -> int | None:
        """Bytes of the write-ahead log; None for a file that is not in WAL mode. Raises Finding."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                return await loop.run_in_executor(self._tools.threads, _log_size, file)
        except TimeoutError:
            raise Finding(FailureClass.QUERY_TIMEOUT, "the file was not read in time") from None
        except OSError as error:
            explanation = f"the write-ahead log cannot be looked at ({error.strerror})"
            raise Finding(FailureClass.NOT_PERMITTED, explanation, _LOG_HINT) from None

    def _limit(self, deadline: float, *, with_log: bool) -> float:
        if with_log or self._file is None:
            return deadline
        return min(deadline, asyncio.get_running_loop().time() + self._options.longest_lock.total_seconds())

    async def _look_at_structure(self, limit: float) -> list[Finding]:
        if self._options.integrity == "off":
            return []
        step = "integrity_check" if self._options.integrity == "full" else "quick_check"
        answer = await self._ask(step, _structure(step), limit)
        lines = str(answer.value or "").splitlines()
        return [_damage(step, lines)] if lines else []

    async def _look_at_references(self, limit: float) -> list[Finding]:
        if not self._options.foreign_keys:
            return []
        answer = await self._ask("foreign_key_check", _REFERENCES, limit)
        count, where = (*answer.first, None, None)[:2]
        if not isinstance(count, int) or not count:
            return []
        rows = "1 row points" if count == 1 else f"{count} rows point"
        explanation = f"foreign_key_check: {rows} to rows that are not there ({where})"
        return [Finding(FailureClass.INTEGRITY, explanation, _REFERENCES_HINT)]

    async def _ask(self, step: str, text: str, limit: float) -> Answer:
        asked = await self._database.ask([Statement(name=step, text=text)], limit)
        if asked.trouble is None:
            return asked.answers[0]
        if asked.trouble.failure is FailureClass.QUERY_TIMEOUT:
            self._refuse_long(step)
        raise Finding.of_database(step, asked.trouble)

    def _refuse_long(self, step: str) -> NoReturn:
        """The database has answered a moment ago: not it is too slow, but the time we may take too short."""
        longest = format_duration(self._options.longest_lock)
        explanation = f"{step}: not done in the time it may take (`timeout`; without WAL mode {longest})"
        raise Finding(FailureClass.MISCONFIGURED, explanation, _LONG_HINT)


def _facts(options: SqliteOptions) -> str:
    """Everything that takes no time, in one row."""
    return (
        "SELECT (SELECT page_count FROM pragma_page_count) AS pages,"
        " (SELECT page_size FROM pragma_page_size) AS page_size,"
        " (SELECT freelist_count FROM pragma_freelist_count) AS free,"
        " (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!') AS tables,"
        f" ({_absent(options.tables)}) AS absent"
    )


def _absent(tables: tuple[str, ...]) -> str:
    """The names of tables and views that are not there, as one text."""
    if not tables:
        return "SELECT NULL"
    wanted = ", ".join(f"({literal(table)})" for table in tables)
    there = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    return (
        f"WITH wanted(name) AS (VALUES {wanted})"
        f" SELECT group_concat(name, ', ') FROM wanted WHERE name COLLATE NOCASE NOT IN ({there})"
    )


def _structure(step: str) -> str:
    """What SQLite says of the structure, one problem a line; NULL when it is whole."""
    return f"SELECT group_concat({step}, char(10)) FROM pragma_{step}({_MOST_LINES}) WHERE {step} <> 'ok'"


_REFERENCES: Final = (
    'WITH broken AS (SELECT "table" AS child, parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2)'
    " SELECT sum(n), (SELECT group_concat(child || ' to ' || coalesce(parent, '?') || ': ' || n, ', ')"
    " FROM (SELECT * FROM broken ORDER BY n DESC LIMIT 5)) FROM broken"
)


def _sizes(asked: Asked, facts: Mapping[str, Any]) -> list[Reading]:
    readings = [Reading("connect_time", asked.connect_time or 0.0, Unit.SECONDS)]
    pages, page_size, free, tables = (facts.get(name) for name in ("pages", "page_size", "free", "tables"))
    if isinstance(pages, int) and isinstance(page_size, int):
        readings.append(Reading("size", pages * page_size, Unit.BYTES))
    if isinstance(pages, int) and isinstance(free, int) and pages:
        readings.append(Reading("free_share", free / pages, Unit.RATIO))
    if isinstance(tables, int):
        readings.append(Reading("tables", tables, Unit.COUNT))
    return readings


def _log_size(file: Path) -> int | None:
    if not is_in_wal_mode(file):
        return None
    with contextlib.suppress(FileNotFoundError):
        return file.with_name(f"{file.name}-wal").stat().st_size
    return 0


def _missing_tables(facts: Mapping[str, Any]) -> list[Finding]:
    absent = facts.get("absent")
    if not absent:
        return []
    hint = (
        "Has a migration not run, or is it another file than the service has? See `.tables` in the `sqlite3` program."
    )
    return [Finding(FailureClass.MISSING, f"there is no table {absent}", hint)]


#: What SQLite says of an index alone; its words have not changed since 3.8.
_INDEX: Final = re.compile(
    r"(?:row \d+ missing from|wrong # of entries in|non-unique entry in|rowid not at end-of-record for row \d+ of)"
    r" index (\w{1,100})"
)


def _damage(step: str, lines: list[str]) -> Finding:
    """The lines name pages and rows by number, but also columns: of them only the names of indexes are told."""
    more = " or more" if len(lines) >= _MOST_LINES else ""
    found = f"{step}: {len(lines)}{more} {'problem' if len(lines) == 1 else 'problems'}"
    indexes = [match[1] if (match := _INDEX.match(line)) else "" for line in lines]
    if all(indexes):
        names = ", ".join(sorted(set(indexes))[:5])
        return Finding(FailureClass.INTEGRITY, f"{found}, all of them in the index {names}", _INDEX_HINT)
    return Finding(FailureClass.INTEGRITY, found, _DAMAGE_HINT)


_INDEX_HINT: Final = (
    "The rows are whole: REINDEX makes the index anew. Look what has stopped the service while it wrote."
)
_DAMAGE_HINT: Final = (
    "Stop the service, keep a copy of the file with its `-wal`, and look at `PRAGMA integrity_check`; then restore a backup, "
    "or save what can be read with `sqlite3 FILE .recover`."
)
_REFERENCES_HINT: Final = (
    "See the rows with `PRAGMA foreign_key_check`. Does the service set `PRAGMA foreign_keys = ON`?"
)
_LOG_HINT: Final = "Let Sentinel's user read the file, its `-wal` and `-shm`, and enter its folder."
_LONG_HINT: Final = (
    'Raise `timeout`, or set `integrity` to "off" here and look at the structure in a rarer check with a longer `timeout`. In a '
    "file without WAL mode writers wait meanwhile: switch it to WAL, or raise `longest_lock`."
)


def _build(options: Any, tools: ProbeTools) -> SqliteProbe:
    return SqliteProbe(options, tools)


def _usual_rules(options: Any) -> list[Mapping[str, Any]]:
    rules: list[Mapping[str, Any]] = [{"reading": "connect_time", "warning": "1s", "critical": "5s"}]
    if file_of(options.url) is not None:
        # SQLite keeps it near 4 MB; it grows while a reader or a broken checkpoint holds it back.
        rules.append({"reading": "wal_size", "warning": "256 MiB", "critical": "2 GiB"})
    return rules


KIND: Final = ProbeKind(
    name="sqlite",
    summary="Looks whether a SQLite file or libSQL database is whole, has its tables, and how large it is.",
    options=SqliteOptions,
    readings={
        "size": Unit.BYTES,
        "wal_size": Unit.BYTES,
        "free_share": Unit.RATIO,
        "tables": Unit.COUNT,
        "connect_time": Unit.SECONDS,
        "check_time": Unit.SECONDS,
    },
    main="size",
    build=_build,
    usual_rules=_usual_rules,
)
