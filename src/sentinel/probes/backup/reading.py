"""Reads a backup to its end, on a thread: what is packed is unpacked, piece by piece, and nothing of it is kept."""

import bz2
import hashlib
import lzma
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sentinel.core.result import FailureClass
from sentinel.probes.backup.options import FormatName, TableName
from sentinel.probes.finding import Finding
from sentinel.probes.local.worker import Halt

_CHUNK: Final = 1 << 20  # bytes
_STEPS: Final = 20_000  # instructions of SQLite's machine between two looks at the time
_END: Final = 1024  # bytes at the end of a dump where it says that it is complete
_MOST_MEMBERS: Final = 1_000_000  # of a tar archive
#: How dumps of PostgreSQL, of MySQL and of SQLite end.
_COMPLETE: Final = (b"dump complete", b"Dump completed", b"COMMIT;")


def corrupt(path: Path, what: str) -> Finding:
    hint = "Take a new backup now, keep this one for a look, and see whether the job ran out of room or was cut off."
    return Finding(FailureClass.CORRUPT, f"{path.name}: {what}", hint)


def not_done(path: Path) -> Finding:
    hint = "Raise the check's `timeout`, and its `interval` with it: a large backup takes minutes to read."
    return Finding(FailureClass.READ_TIMEOUT, f"{path.name} was not read to its end in time", hint)


def read_to_end(path: Path, known: FormatName | None, halt: Halt) -> int | None:
    """How many objects are in it, where its format says so. Raises Finding when it is not whole, and OSError."""
    if known == "sqlite":
        return _read_sqlite(path, halt)
    if known == "tar":
        return _read_tar(path, halt)
    if known in _UNPACKERS:
        return _read_packed(path, _UNPACKERS[known], halt)
    return _read_sql(path, _plain(path), halt) if known == "sql" else None


def checksum_of(path: Path, halt: Halt) -> str:
    """Its SHA-256, as hexadecimal digits."""
    digest = hashlib.sha256()
    for block in _plain(path):
        if halt.is_due:
            raise not_done(path)
        digest.update(block)
    return digest.hexdigest()


def rows_of(path: Path, tables: list[TableName], halt: Halt) -> dict[str, int]:
    """How many rows the tables of a SQLite file have. Raises Finding where one is missing."""
    rows = {}
    with closing(_sqlite(path, halt)) as connection:
        for table in tables:
            try:
                [[rows[table]]] = connection.execute(f"SELECT count(*) FROM {quoted(table)}")  # noqa: S608 - quoted
            except sqlite3.Error as error:
                raise _of_sqlite(path, error, halt, f"table {table} cannot be counted") from None
    return rows


def quoted(table: TableName) -> str:
    """A table as SQL names it; what may stand there is bounded by the options."""
    return ".".join(f'"{part}"' for part in table.split("."))


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(_CHUNK):
            yield block


class _Gzip:
    """zlib's decompressor, used as those of `bz2` and `lzma` are."""

    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._unpack.eof

    @property
    def unused_data(self) -> bytes:
        return self._unpack.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._unpack.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._unpack.decompress(self._unpack.unconsumed_tail + data, max_length)


_UNPACKERS: Final[dict[FormatName | None, Callable[[], Any]]] = {
    "gzip": _Gzip,
    "xz": lzma.LZMADecompressor,
    "bzip2": bz2.BZ2Decompressor,
}


def _unpacked(path: Path, make: Callable[[], Any]) -> Iterator[bytes]:
    """What is packed, in pieces of at most `_CHUNK` bytes: a bomb costs time, not memory. EOFError when it is cut off."""
    unpacker = None
    for block in _plain(path):
        data = block
        while True:
            if unpacker is None:
                data = data.lstrip(b"\0")  # what tapes are filled up with
                if not data:
                    break
                unpacker = make()
            yield unpacker.decompress(data, _CHUNK)
            if unpacker.eof:  # another stream may follow
                data, unpacker = unpacker.unused_data, None
            elif unpacker.needs_input:
                break
            else:
                data = b""
    if unpacker is not None:
        raise EOFError


def _read_packed(path: Path, make: Callable[[], Any], halt: Halt) -> int | None:
    pieces = _unpacked(path, make)
    try:
        first = next(pieces, b"")
        if first.lstrip().startswith(b"--"):
            return _read_sql(path, _again(first, pieces), halt)
        for _ in pieces:
            if halt.is_due:
                raise not_done(path)
    except EOFError:
        raise corrupt(path, "it is cut off") from None
    except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise corrupt(path, "its compression is damaged") from None
    return None


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _read_sql(path: Path, blocks: Iterator[bytes], halt: Halt) -> int:
    """A dump in plain SQL: how many tables it makes or, where it has rows only, fills. It ends by saying that it is complete."""
    tables, filled, end = 0, 0, b"\n"
    for block in blocks:
        if halt.is_due:
            raise not_done(path)
        text = end[-13:] + block  # a word may lie across two blocks
        tables += text.count(b"\nCREATE TABLE ")
        filled += text.count(b"\nCOPY ") + text.count(b"\nINSERT INTO ")
        end = (end + block)[-_END:]
    if not any(words in end for words in _COMPLETE):
        raise corrupt(path, "it is cut off: the dump does not say that it is complete")
    return tables or filled


def _read_tar(path: Path, halt: Halt) -> int:
    members = 0
    try:
        with tarfile.open(path, "r:") as archive:
            while archive.next() is not None:
                members += 1
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep them all
                if halt.is_due or members > _MOST_MEMBERS:
                    raise not_done(path)
    except tarfile.TarError:
        raise corrupt(path, "the archive is damaged or cut off") from None
    return members


def _read_sqlite(path: Path, halt: Halt) -> int:
    with closing(_sqlite(path, halt)) as connection:
        try:
            [[said]] = connection.execute("PRAGMA integrity_check(1)")
            [[tables]] = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'")
        except sqlite3.Error as error:
            raise _of_sqlite(path, error, halt, "the database is damaged") from None
    if said != "ok":
        raise corrupt(path, "the database is damaged (PRAGMA integrity_check)")
    return int(tables)


def _sqlite(path: Path, halt: Halt) -> sqlite3.Connection:
    # Immutable: a copy in WAL mode has no -wal beside it, and nothing is written next to a backup.
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    connection.set_progress_handler(lambda: halt.is_due, _STEPS)
    return connection


def _of_sqlite(path: Path, error: sqlite3.Error, halt: Halt, what: str) -> Finding:
    if halt.is_due:
        return not_done(path)
    return corrupt(path, f"{what} ({getattr(error, 'sqlite_errorname', '') or 'no code'})")
