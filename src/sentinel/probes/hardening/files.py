"""Files of this host: their modes and owners. Everything here blocks, and runs on a thread."""

import pwd
import stat
from collections.abc import Iterable, Iterator
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.hardening.options import FileOptions
from sentinel.probes.hardening.remarks import Remark, remark

_ALL_RIGHTS: Final = 0o777


def look_at_files(files: Iterable[FileOptions]) -> list[Remark]:
    """What is wrong with them."""
    return [found for file in files for found in _look_at(file)]


def _look_at(file: FileOptions) -> Iterator[Remark]:
    try:
        status = file.path.stat()
    except (FileNotFoundError, NotADirectoryError):
        yield remark(
            "files", f"{file.path} does not exist", "Correct the path, or put the file back.", FailureClass.MISSING
        )
        return
    except PermissionError:
        hint = f"Let Sentinel's user pass through the folders above {file.path} (`chmod o+x` or `setfacl -m u:sentinel:x`)."
        yield remark("files", f"{file.path} cannot be looked at", hint, FailureClass.NOT_PERMITTED)
        return
    except OSError as error:
        what = f"{file.path} cannot be looked at ({error.strerror})"
        yield remark("files", what, "See whether its file system is there.", FailureClass.NOT_PERMITTED)
        return
    mode = stat.S_IMODE(status.st_mode) & _ALL_RIGHTS
    if mode & ~file.allowed:
        what = f"{file.path} has mode {mode:03o}, and {file.allowed:03o} is the widest that is good"
        yield remark("files", what, f"`chmod {mode & file.allowed:03o} {file.path}`, and mend what creates it.")
    if file.owner is not None and not _is_known(file.owner):
        what = f"this host has no user {file.owner}, whom {file.path} should belong to"
        yield remark("files", what, "Correct `owner`.", FailureClass.MISCONFIGURED)
    elif file.owner is not None and (owner := _name(status.st_uid)) != file.owner:
        what = f"{file.path} belongs to {owner}, not to {file.owner}"
        yield remark("files", what, f"`chown {file.owner} {file.path}`, and mend what creates it.")


def _is_known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
