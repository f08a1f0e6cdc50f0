"""Whether the database stands at the migration that it should: an expected one, or the head of a folder."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, StringConstraints, ValidationInfo, model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import broken
from sentinel.probes.postgres.names import Table, TableField, listed
from sentinel.probes.postgres.part import Look, PartKind, Rule
from sentinel.probes.postgres.revisions import Folder, History, NoMigrations, Unreadable

RevisionField = Annotated[str, StringConstraints(pattern=r"^[\w.\-]{1,64}$")]


def _from_the_file(path: Path, info: ValidationInfo) -> Path:
    """A relative path starts from the folder of the configuration, wherever Sentinel was started."""
    folder: Path | None = (info.context or {}).get("folder")
    return folder / path if folder is not None else path


class MigrationsOptions(Options):
    """The revision in `alembic_version`, against an expected one or against the head of the migrations."""

    expected: RevisionField | tuple[RevisionField, ...] | None = None
    """The revision that the database must stand at, such as `beb7f4fa17b3`; a list where there are branches on purpose."""
    folder: Annotated[Path, AfterValidator(_from_the_file)] | None = None
    """The folder of the migrations (`alembic` or `alembic/versions`), whose head is expected; a relative path starts from the
    folder of the configuration. Its files are read, and never run."""
    table: TableField = "alembic_version"
    """Where the revision stands."""

    @model_validator(mode="after")
    def _knows_what_to_expect(self) -> Self:
        if (self.expected is None) == (self.folder is None):
            raise ValueError("either expected or folder")
        return self

    @property
    def revisions(self) -> tuple[str, ...]:
        """Those that are expected; none where the folder says."""
        return (self.expected,) if isinstance(self.expected, str) else self.expected or ()


_THERE: Final = """
SELECT has_any_column_privilege(c.oid, 'SELECT') AS readable FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
"""
_REVISIONS: Final = "SELECT version_num::text AS revision FROM {table} ORDER BY 1 LIMIT 20"
_SHOWN: Final = re.compile(r"[\w.\-]{1,64}")

_BEHIND_HINT: Final = "Run `alembic upgrade head`, or see why the deployment did not."
_AHEAD_HINT: Final = (
    "Was the code rolled back without its database? See `alembic history`, and downgrade or deploy the newer code."
)
_OTHER_HINT: Final = "See `alembic current` and `alembic history`; was another branch deployed?"
_HEADS_HINT: Final = "`alembic merge heads` joins them; until then `alembic upgrade head` refuses to run."
_FOLDER_HINT: Final = (
    "Set `migrations.folder` to the folder of Alembic's `env.py`, or to its `versions`, on this host; "
    "or give `expected` instead."
)
_TABLE_HINT: Final = "Has no migration run yet in this database, or is its version table another one (`table`)?"


class Migrations:
    """Reads the version table, and the folder."""

    def __init__(self, options: MigrationsOptions, threads: ThreadPoolExecutor) -> None:
        self._expected = options.revisions
        self._folder = Folder(options.folder) if options.folder is not None else None
        self._table = Table.named(options.table)
        self._threads = threads

    async def look(self, look: Look) -> None:
        current = await self._current(look)
        if current is None:
            return
        if self._folder is None:
            if set(current) != set(self._expected):
                look.find(FailureClass.DRIFTED, _told(current, self._expected), _OTHER_HINT)
            return
        await self._compare(look, current, await self._history(self._folder))

    async def _current(self, look: Look) -> tuple[str, ...] | None:
        """The revisions that the database stands at; None when there is no such table."""
        there = await look.rows(_THERE, *self._table)
        if not there:
            look.find(FailureClass.MISSING, f"migrations: table {self._table} does not exist", _TABLE_HINT)
            return None
        if not there[0].flag("readable"):
            hint = f"GRANT SELECT ON {self._table} TO the role in `url`."
            raise broken(FailureClass.NOT_PERMITTED, f"the role may not read {self._table}", hint)
        rows = await look.rows(_REVISIONS.format(table=self._table.quoted))
        return tuple(row.text("revision") for row in rows)

    async def _history(self, folder: Folder) -> History:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, folder.history)
        except NoMigrations as error:
            raise broken(FailureClass.MISCONFIGURED, f"the folder of the migrations: {error}", _FOLDER_HINT) from None
        except Unreadable as error:
            hint = "Let Sentinel's user read the folder of the migrations, on this host, or give `expected` instead of `folder`."
            raise broken(FailureClass.NOT_PERMITTED, f"the folder of the migrations: {error}", hint) from None

    async def _compare(self, look: Look, current: Sequence[str], history: History) -> None:
        heads = history.heads
        behind = history.up_to(heads) - history.up_to(current)
        look.read("migrations_behind", len(behind), Unit.COUNT, _BEHIND_HINT)
        if len(heads) > 1:
            look.find(FailureClass.DRIFTED, f"migrations: several heads: {listed(heads)}", _HEADS_HINT)
        elif any(revision not in history for revision in current):
            look.find(FailureClass.DRIFTED, _told(current, heads), _AHEAD_HINT)
        elif behind:
            look.find(FailureClass.DRIFTED, f"{_told(current, heads)}: {len(behind)} to run", _BEHIND_HINT)


def _told(current: Sequence[str], expected: Sequence[str]) -> str:
    shown = [revision if _SHOWN.fullmatch(revision) else "something that is no revision" for revision in current]
    return f"migrations: the database is at {listed(shown) or 'none'}, expected {listed(expected)}"


def _no_rules(_options: Any) -> Sequence[Rule]:
    return []


PART: Final = PartKind(
    name="migrations",
    readings={"migrations_behind": Unit.COUNT},
    build=lambda options, tools: Migrations(options, tools.threads),
    usual_rules=_no_rules,
)
