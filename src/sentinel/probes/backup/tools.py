"""Other programs that look at a backup."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sentinel.base.process import Ended, ProgramFailed, ProgramTimedOut, run_program
from sentinel.core.result import FailureClass
from sentinel.probes.backup.reading import corrupt, not_done
from sentinel.probes.finding import Finding

_PACKAGES: Final = {"pg_restore": "postgresql-client", "psql": "postgresql-client", "zstd": "zstd"}  # of Debian


def lacking(program: str, kind: str) -> str:
    """What has to be installed for a program; empty when it is there."""
    if shutil.which(program) is not None:
        return ""
    package = _PACKAGES[kind]
    return f"there is no program {program}: install it (Debian: `apt-get install {package}`), or give its path under `programs`"


async def run_tool(
    path: Path,
    kind: str,
    arguments: Sequence[str],
    deadline: float,
    *,
    environment: Mapping[str, str] | None = None,
    output_cap: int = 64 * 1024,
) -> Ended:
    """Run a program on a backup, behind what other work there is on this host.

    Raises Finding when it cannot be run or is not done in time.
    """
    if missing := lacking(arguments[0], kind):
        raise Finding(
            FailureClass.NOT_INSTALLED, f"there is no program {arguments[0]}", f"{missing[0].upper()}{missing[1:]}."
        )
    nice = ["nice", "-n", "10"] if shutil.which("nice") is not None else []
    spoken = {"LC_ALL": "C", **(environment or {})}
    try:
        return await run_program([*nice, *arguments], deadline, environment=spoken, output_cap=output_cap)
    except ProgramTimedOut:
        raise not_done(path) from None
    except ProgramFailed as error:
        raise Finding(FailureClass.NOT_PERMITTED, str(error)) from None


async def read_archive(path: Path, pg_restore: str, deadline: float) -> int:
    """How many objects a dump of `pg_dump -F c` has; it is read to its end. Raises Finding when it is not whole."""
    listed = await run_tool(path, "pg_restore", [pg_restore, "--list", str(path)], deadline, output_cap=4 << 20)
    _refuse(path, listed)
    objects = sum(1 for line in listed.output.split(b"\n") if line and not line.startswith(b";"))
    if not objects:
        raise corrupt(path, "there is nothing in it")
    _refuse(path, await run_tool(path, "pg_restore", [pg_restore, "--file=/dev/null", str(path)], deadline))
    return objects


def _refuse(path: Path, ended: Ended) -> None:
    if not ended.status:
        return
    if b"unsupported version" in ended.errors:
        explanation = f"pg_restore is older than the pg_dump that made {path.name}"
        raise Finding(FailureClass.NOT_INSTALLED, explanation, OLDER)
    raise corrupt(path, f"pg_restore cannot read it (status {ended.status})")


async def read_zstd(path: Path, zstd: str, deadline: float) -> None:
    """Unpack it to its end. Raises Finding when it is not whole."""
    ended = await run_tool(path, "zstd", [zstd, "--test", "--quiet", str(path)], deadline)
    if ended.status:
        raise corrupt(path, "its compression is damaged, or it is cut off")


OLDER: Final = (
    "Install the PostgreSQL client of the version that makes the backups (or a newer one) on this host, "
    "and give its path as `programs.pg_restore`."
)
