"""Asking the running daemon over its local socket, with the standard library alone: `sentinel --status` has to be quick."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sentinel.base.errors import NotRunning, SentinelError
from sentinel.config.places import socket_candidates

#: Seconds for each step: to connect, to send, to get more of the answer.
TIMEOUT = 3.0

#: Bytes of an answer. The status of 10,000 checks has about 7 million.
MOST_ANSWER = 256 * 1024 * 1024

Json = dict[str, Any]


class Refused(SentinelError):
    """The daemon answered, and did not do what was asked."""

    exit_code = 1


class NotAllowed(NotRunning):
    """There is a socket, and it belongs to somebody else."""

    hint = "run this as the user that the daemon runs as, for example with `sudo -u sentinel`"


def ask(config: Path, target: str, body: Json | None = None) -> Json:
    """What the daemon of this configuration answers: to a GET, or with `body` to a POST.

    Raises:
        NotRunning: no daemon answers for this file.
        Refused: it answers that it will not.
    """
    problems: list[str] = []
    for path in socket_candidates(config, os.environ):
        try:
            return _ask_at(path, config, target, body)
        except PermissionError as error:
            raise NotAllowed(f"the socket {path} is not open to this user") from error
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{path}: {_why(error)}")
        except _AnotherConfiguration as error:
            problems.append(f"{path}: {error}")
    raise NotRunning(f"no daemon answers for {config}\n  " + "\n  ".join(problems))


class _AnotherConfiguration(Exception):
    """Somebody answers there for another file."""


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(self._path))


def _ask_at(path: Path, config: Path, target: str, body: Json | None) -> Json:
    connection = _LocalConnection(path)
    try:
        sent = None if body is None else json.dumps(body).encode()
        headers = {"connection": "close", "content-type": "application/json"}
        connection.request("GET" if body is None else "POST", target, sent, headers)
        answer = connection.getresponse()
        _check_configuration(answer.getheader("sentinel-config"), config)
        return _read(answer.status, answer.read(MOST_ANSWER))
    finally:
        connection.close()


def _check_configuration(named: str | None, config: Path) -> None:
    """Two Sentinels may run here, and an answer about the other's checks would be a wrong one."""
    other = unquote(named or "")
    if os.path.realpath(other) != os.path.realpath(config):
        raise _AnotherConfiguration(f"answers for {other or 'no configuration'}")


def _read(status: int, body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise http.client.HTTPException("an answer that is not ours")
    if status >= 400:
        refused = Refused(str(value.get("error", f"status {status}")))
        refused.hint = str(value.get("hint", ""))
        raise refused
    return value


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
