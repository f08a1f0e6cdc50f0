"""Where Sentinel's own files stand when the configuration does not say. Standard library only, so that it is quick to import.

    state      $STATE_DIRECTORY (systemd sets it), else `state/` beside the configuration
    store      `sentinel.db` in the state folder
    socket     $RUNTIME_DIRECTORY/sentinel.sock, else `sentinel.sock` in the state folder
    reports    `reports/` in $STATE_DIRECTORY, else beside the configuration
    logs       $LOGS_DIRECTORY, else beside the configuration

A configuration in /etc/sentinel is the service's. There the folders of its unit stand in for variables that are not set, so
that a person's shell and the service speak of the same ones: /var/lib/sentinel, /run/sentinel, /var/log/sentinel.

A relative path in a configuration starts from the folder of that file, wherever Sentinel was started; that of a log file from
the folder for logs.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sentinel.config.references import BadReference, substitute

SOCKET_NAME = "sentinel.sock"
STORE_NAME = "sentinel.db"

#: What systemd makes for the service, where a person's shell has not the variables that systemd sets (systemd/sentinel.service).
SERVICE_FOLDER = Path("/etc/sentinel")
SERVICE_DIRECTORIES = {
    "STATE_DIRECTORY": Path("/var/lib/sentinel"),
    "RUNTIME_DIRECTORY": Path("/run/sentinel"),
    "LOGS_DIRECTORY": Path("/var/log/sentinel"),
}
SERVICE_SOCKET = SERVICE_DIRECTORIES["RUNTIME_DIRECTORY"] / SOCKET_NAME

#: Longest path of a Unix socket, in bytes: `sun_path` has 108 with the closing NUL (unix(7)).
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The default places for one configuration; all absolute."""

    folder: Path  # of the configuration file
    state: Path
    runtime: Path
    reports: Path
    logs: Path

    @classmethod
    def of(cls, config: Path, environment: Mapping[str, str]) -> "Places":
        folder = config.absolute().parent
        given = _directory(folder, environment, "STATE_DIRECTORY")
        state = given or folder / "state"
        return cls(
            folder=folder,
            state=state,
            runtime=_directory(folder, environment, "RUNTIME_DIRECTORY") or state,
            reports=(given or folder) / "reports",
            logs=_directory(folder, environment, "LOGS_DIRECTORY") or folder,
        )

    @property
    def socket(self) -> Path:
        return self.runtime / SOCKET_NAME

    @property
    def store(self) -> Path:
        return self.state / STORE_NAME

    def resolve(self, path: str | Path) -> Path:
        """A path of the configuration, absolute."""
        return self.folder / path


def socket_candidates(config: Path, environment: Mapping[str, str]) -> list[Path]:
    """Where the daemon of this configuration may listen, the likeliest first. Never raises for what the file holds."""
    places = Places.of(config, environment)
    named = _named_socket(config, environment)
    if named:
        return [places.resolve(named)]
    return list(dict.fromkeys((places.socket, places.state / SOCKET_NAME, SERVICE_SOCKET)))


def _named_socket(config: Path, environment: Mapping[str, str]) -> str:
    """What the file has at `web.socket`; empty when it has nothing there or cannot be read."""
    try:
        content = config.read_bytes()
        tree = tomllib.loads(content.decode()) if config.suffix == ".toml" else json.loads(content)
        socket = tree["web"]["socket"]
        return substitute(socket, lambda name: environment.get(name, ""), _no_file) if isinstance(socket, str) else ""
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BadReference):
        return ""


def _no_file(_path: str) -> str:
    raise BadReference("a file", "a path")


def _directory(folder: Path, environment: Mapping[str, str], name: str) -> Path | None:
    """The first folder that systemd names in a variable; it separates several by colons. None when there is none."""
    value = environment.get(name, "").split(":")[0]
    if value:
        return Path(value)
    return SERVICE_DIRECTORIES[name] if folder == SERVICE_FOLDER else None
