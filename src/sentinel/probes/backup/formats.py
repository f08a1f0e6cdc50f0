"""What a backup is, by its first bytes."""

from pathlib import Path
from typing import Final

from sentinel.probes.backup.options import FormatName

_HEAD: Final = 4096  # bytes
_TAR_AT: Final = 257  # where a tar archive has its "ustar"

_MAGIC: Final[tuple[tuple[bytes, FormatName], ...]] = (
    (b"PGDMP", "custom"),
    (b"toc.dat\x00", "custom"),  # `pg_dump -F t`: a tar archive that pg_restore reads
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"age-encryption.org/", "encrypted"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted"),
    (b"Salted__", "encrypted"),
)

#: The first byte of what OpenPGP encrypts: packets of the tags 1, 3, 9, 18 and 20, of the old and the new form (RFC 9580, 4.2).
_OPENPGP: Final = frozenset((*range(0x84, 0x88), *range(0x8C, 0x90), *range(0xA4, 0xA8), 0xC1, 0xC3, 0xC9, 0xD2, 0xD4))

_SQL: Final = (b"--", b"/*", b"SET ", b"BEGIN", b"PRAGMA ", b"CREATE ", b"\\restrict ")

#: What a name promises.
_SUFFIXES: Final[dict[str, FormatName]] = {
    ".gz": "gzip",
    ".tgz": "gzip",
    ".zst": "zstd",
    ".xz": "xz",
    ".bz2": "bzip2",
    ".tar": "tar",
    ".age": "encrypted",
    ".gpg": "encrypted",
}


def format_of(path: Path) -> FormatName | None:
    """What the file is; None where nobody can tell. OSError when it cannot be read."""
    with path.open("rb", buffering=0) as file:
        head = file.read(_HEAD)
    for magic, known in _MAGIC:
        if head.startswith(magic):
            return known
    if _has_tar(head):
        return "tar"
    if head.lstrip().startswith(_SQL):
        return "sql"
    return "encrypted" if head and head[0] in _OPENPGP else None


def is_tar(path: Path) -> bool:
    """Whether it is a tar archive, whoever made it. OSError when it cannot be read."""
    with path.open("rb", buffering=0) as file:
        return _has_tar(file.read(_HEAD))


def _has_tar(head: bytes) -> bool:
    return head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def promised_by(path: Path) -> FormatName | None:
    """What the file's name says that it is."""
    return _SUFFIXES.get(path.suffix)
