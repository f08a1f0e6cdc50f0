"""The probe: looks at every place in each run, and tries a backup once, when it is new."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.backup.copies import Copy, Place, places
from sentinel.probes.backup.formats import is_tar
from sentinel.probes.backup.judging import GRANT, findings_of, is_fresh, known_format
from sentinel.probes.backup.memory import Sizes, Tried
from sentinel.probes.backup.options import BackupOptions, FormatName, RestoreOptions
from sentinel.probes.backup.reading import checksum_of, corrupt, read_to_end, rows_of
from sentinel.probes.backup.scratch import Scratch, count, refuse_without_room
from sentinel.probes.backup.tools import read_archive, read_zstd
from sentinel.probes.base import ProbeTools
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.local.worker import Halt, Worker

T = TypeVar("T")

UNITS: Final[Mapping[str, Unit]] = {
    "age": Unit.SECONDS,
    "size": Unit.BYTES,
    "size_ratio": Unit.RATIO,
    "kept": Unit.COUNT,
    "places": Unit.COUNT,
    "objects": Unit.COUNT,
    "verify_time": Unit.SECONDS,
    "verified_age": Unit.SECONDS,
    "restore_time": Unit.SECONDS,
    "restored_age": Unit.SECONDS,
}
_AGAIN: Final = 3600.0  # seconds after which a backup that is no good is tried again
_NO_GOOD: Final = frozenset({FailureClass.CORRUPT, FailureClass.RESTORE_FAILED})
_HEAVY: Final = "the reading of backups"  # one at a time, for all checks: it takes disk and processor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """A backup that was found to be no good. Reading or restoring it again at once would find the same, at the same cost."""

    key: str  # of the copy
    at: float  # seconds since 1970
    failure: FailureClass
    explanation: str
    hint: str

    @classmethod
    def of(cls, finding: Finding, copy: Copy, now: float) -> Self:
        """Of a finding only what is told: the traceback of one that was raised holds everything that was on the stack."""
        return cls(key=copy.key, at=now, failure=finding.failure, explanation=finding.explanation, hint=finding.hint)

    @property
    def finding(self) -> Finding:
        return Finding(self.failure, self.explanation, self.hint)

    def holds(self, copy: Copy, now: float) -> bool:
        return self.key == copy.key and 0 <= now - self.at < _AGAIN


class BackupProbe:
    """Notes which backup was tried last, so that a restart tries none twice, and the sizes of the last ones."""

    def __init__(self, options: BackupOptions, tools: ProbeTools) -> None:
        note = tools.note or {}
        self._options = options
        self._tools = tools
        self._worker = Worker(tools.threads)
        self._sizes = Sizes(note.get("sizes"))
        self._verified = Tried.from_note(note.get("verified"))
        self._restored = Tried.from_note(note.get("restored"))
        self._refused: _Refused | None = (
            None  # not noted: who has mended what was to blame reloads, and has it tried again
        )
        server = options.restore.server if options.restore is not None else None
        self._scratch = Scratch(server, tools.check, tools) if server is not None else None
        self._swept = self._scratch is None
        self.host = self._scratch.host if self._scratch is not None else ""

    async def measure(self, deadline: float) -> Measurement:
        now = self._tools.clock.now().timestamp()
        settled = now - self._options.settle.total_seconds()
        findings: list[Finding] = []
        try:
            found = await self._worker.do(lambda halt: places(self._options.places, settled, halt), deadline)
        except Finding as finding:
            return measurement([finding], [])
        findings += findings_of(found, self._options, now)
        newest = found[0].newest
        ratio = None
        if newest is not None and newest.size and newest.written <= settled:
            ratio = self._sizes.ratio(newest)
            findings += await self._try(newest, now, deadline)
        return measurement(findings, self._readings(found, ratio, now), note=self._note())

    async def close(self) -> None:
        """There is nothing to give back: programs and scratch databases end with their run."""

    async def _try(self, copy: Copy, now: float, deadline: float) -> list[Finding]:
        """What is wrong inside a backup, if that is not known yet to be nothing."""
        if self._refused is not None and self._refused.holds(copy, now):
            return [self._refused.finding]
        verify = self._verified is None or self._verified.key != copy.key
        restore = self._options.restore if self._is_restore_due(copy, now) else None
        if not verify and restore is None and self._swept:
            return []
        try:
            async with self._tools.resources.hold([_HEAVY], deadline):
                known = await self._file_work(copy, lambda _halt: known_format(copy, self._options), deadline)
                if verify:
                    await self._verify(copy, known, now, deadline)
                if self._scratch is not None and (restore is not None or not self._swept):
                    await self._scratch.sweep(deadline)
                    self._swept = True
                if restore is not None:
                    await self._restore(copy, known, restore, now, deadline)
        except Finding as finding:
            if finding.failure in _NO_GOOD:
                self._refused = _Refused.of(finding, copy, now)
            return [finding]
        self._refused = None
        return []

    async def _file_work(self, copy: Copy, work: Callable[[Halt], T], deadline: float) -> T:
        try:
            return await self._worker.do(work, deadline)
        except PermissionError:
            raise Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not read {copy.path}", GRANT) from None
        except FileNotFoundError:
            raise Finding(FailureClass.MISSING, f"{copy.path} was taken away while it was looked at") from None
        except OSError as error:
            raise corrupt(copy.path, f"the disk cannot read it ({error.strerror})") from None

    async def _verify(self, copy: Copy, known: FormatName | None, now: float, deadline: float) -> None:
        began = asyncio.get_running_loop().time()
        if self._options.checksum:
            await self._file_work(copy, lambda halt: _compare_checksum(copy, halt), deadline)
        objects = await self._read(copy, known, deadline) if self._options.verify else None
        if objects == 0 and known in {"custom", "sql", "sqlite", "tar"}:
            raise corrupt(copy.path, "there is nothing in it")
        values = {} if objects is None else {"objects": float(objects)}
        values["verify_time"] = asyncio.get_running_loop().time() - began
        self._verified = Tried(key=copy.key, at=now, values=values)

    async def _read(self, copy: Copy, known: FormatName | None, deadline: float) -> int | None:
        if known == "custom":
            if await self._file_work(copy, lambda _halt: is_tar(copy.path), deadline):
                # pg_restore takes the place where a tar archive was cut off for its end.
                await self._file_work(copy, lambda halt: read_to_end(copy.path, "tar", halt), deadline)
            return await read_archive(copy.path, self._options.programs.pg_restore, deadline)
        if known == "zstd":
            await read_zstd(copy.path, self._options.programs.zstd, deadline)
            return None
        return await self._file_work(copy, lambda halt: read_to_end(copy.path, known, halt), deadline)

    def _is_restore_due(self, copy: Copy, now: float) -> bool:
        options, last = self._options.restore, self._restored
        if options is None or last is None:
            return options is not None
        return last.key != copy.key and now - last.at >= options.every.total_seconds()

    async def _restore(
        self, copy: Copy, known: FormatName | None, options: RestoreOptions, now: float, deadline: float
    ) -> None:
        began = asyncio.get_running_loop().time()
        await self._file_work(copy, lambda halt: refuse_without_room(copy.path, options, halt), deadline)
        rows = await self._restored_rows(copy, known, options, deadline)
        taken = asyncio.get_running_loop().time() - began
        await self._compare(rows, options, deadline)
        values = {"restore_time": taken, **{f"rows.{table}": float(number) for table, number in rows.items()}}
        self._restored = Tried(key=copy.key, at=now, values=values)

    async def _restored_rows(
        self, copy: Copy, known: FormatName | None, options: RestoreOptions, deadline: float
    ) -> Mapping[str, int]:
        if known == "sqlite":
            return await self._file_work(copy, lambda halt: rows_of(copy.path, list(options.tables), halt), deadline)
        if known not in {"custom", "sql"}:
            explanation = f"a backup that is {known or 'of no known format'} is not restored"
            raise Finding(FailureClass.MISCONFIGURED, explanation, _RESTORABLE)
        if self._scratch is None:
            raise Finding(FailureClass.MISCONFIGURED, "restore has no server", "Add `restore.server`.")
        return await self._scratch.rows(
            copy.path, known == "sql", self._options.programs, list(options.tables), deadline
        )

    async def _compare(self, rows: Mapping[str, int], options: RestoreOptions, deadline: float) -> None:
        """Raises Finding when a table does not hold what it must."""
        for table, number in rows.items():
            if number < options.tables[table].min:
                raise _wrong(f"table {table} has {number:,} rows, expected at least {options.tables[table].min:,}")
        compared = [table for table in rows if options.tables[table].within is not None]
        if options.compare_with is None or not compared:
            return
        live = await count(options.compare_with, compared, self._tools, deadline)
        for table, number in live.items():
            within = options.tables[table].within or 0
            if abs(rows[table] - number) > within * number:
                raise _wrong(f"table {table} has {rows[table]:,} rows, and {number:,} where it was taken from")

    def _readings(self, found: Sequence[Place], ratio: float | None, now: float) -> list[Reading]:
        values: dict[str, float] = {
            "kept": len(found[0].copies),
            "places": sum(is_fresh(place, self._options, now) for place in found),
        }
        newest = found[0].newest
        if newest is not None:
            values |= {"age": max(now - newest.written, 0.0), "size": newest.size}
        if ratio is not None:
            values["size_ratio"] = ratio
        if self._verified is not None:
            values["verified_age"] = max(now - self._verified.at, 0.0)
            values |= self._verified.values if newest is not None and newest.key == self._verified.key else {}
        if self._restored is not None:
            values["restored_age"] = max(now - self._restored.at, 0.0)
            values |= self._restored.values
        return [Reading(name, value, UNITS.get(name, Unit.COUNT)) for name, value in values.items()]

    def _note(self) -> Note:
        tried = {"verified": self._verified, "restored": self._restored}
        return {"sizes": self._sizes.noted(), **{name: one.noted() for name, one in tried.items() if one is not None}}


def _compare_checksum(copy: Copy, halt: Halt) -> None:
    beside = copy.path.with_name(f"{copy.path.name}.sha256")
    try:
        with beside.open("rb") as file:
            expected = file.read(64).decode("ascii", "replace").lower()
    except FileNotFoundError:
        raise Finding(FailureClass.MISSING, f"there is no {beside.name} beside {copy.path.name}", _CHECKSUM) from None
    if checksum_of(copy.path, halt) != expected:
        raise corrupt(copy.path, "its SHA-256 is not the one that was noted")


def _wrong(explanation: str) -> Finding:
    return Finding(FailureClass.RESTORE_FAILED, f"restored: {explanation}", _ROWS)


_CHECKSUM: Final = "Have the job write it: `sha256sum FILE > FILE.sha256`; or set `checksum` to false."
_RESTORABLE: Final = (
    "Restores know dumps of `pg_dump -F c`, plain SQL and SQLite files, unpacked. `pg_dump -F c` compresses by itself."
)
_ROWS: Final = (
    "See whether the job dumps the right database and all of its tables, and whether rows were lost before it ran."
)
