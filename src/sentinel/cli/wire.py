"""Asking the running daemon over its local socket, with the standard library alone: `sentinel --status` has to be quick."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from sentinel.base.errors import NotRunning, SentinelError
from sentinel.config.places import socket_candidates

#: Seconds for each step: to connect, to send, to get more of the answer. Longer than the daemon itself takes when its store is
#: slow: up to 3 s for a question, which it then answers from memory, and 10 s for a change, which it has to commit.
TO_READ = 8.0
TO_CHANGE = 15.0

#: Bytes that are read at once, and how often at most. The status of 10,000 checks has about 4 MB.
CHUNK = 1 << 18
MOST_CHUNKS = 10_000

Json = dict[str, Any]


#: The status of an answer that says that the store cannot be used now.
UNAVAILABLE = 503


class Refused(SentinelError):
    """The daemon answered, and did not do what was asked."""

    exit_code = 1
    status = 0  # of the answer


class NotAllowed(NotRunning):
    """There is a socket, and it belongs to somebody else."""

    hint = "put `sudo` before it, or be the user that the daemon runs as"


class NotAnswering(SentinelError):
    """A daemon listens there, and takes too long."""

    exit_code = 3
    hint = "its store may be slow: see its log"


class Unconfirmed(NotAnswering):
    """A daemon listens there, has what was asked of it, and takes too long to say that it is done."""

    exit_code = 1
    hint = "it may still be done: look again in a moment; its store may be slow: see its log"


class _Patience(NamedTuple):
    """How long an exchange may take."""

    step: float  # seconds
    until: float = float("inf")  # by the monotonic clock

    def left(self) -> float:
        """Seconds for the next step; raises TimeoutError when there are none."""
        left = min(self.step, self.until - time.monotonic())
        if left <= 0:
            raise TimeoutError
        return left


def ask(
    config: Path, target: str, body: Json | None = None, *, patience: float | None = None, within: float | None = None
) -> Json:
    """What the daemon of this configuration answers: to a GET, or with `body` to a POST.

    Args:
        patience: seconds for each step; by default TO_READ or TO_CHANGE.
        within: seconds for everything; by default as many as the steps take.

    Raises:
        NotRunning: no daemon answers for this file.
        NotAnswering: one listens, and does not answer in time; for a POST it is Unconfirmed.
        Refused: it answers that it will not.
    """
    seconds = within or patience or (TO_READ if body is None else TO_CHANGE)
    waiting = _Patience(seconds) if within is None else _Patience(seconds, time.monotonic() + within)
    request = _request(target, body)
    problems: list[str] = []
    busy: Path | None = None
    for path in socket_candidates(config, os.environ):
        try:
            return _ask_at(path, config, request, waiting)
        except PermissionError as error:
            raise NotAllowed(f"the socket {path} is not open to this user") from error
        except (TimeoutError, BlockingIOError):  # a full backlog is the latter
            busy = busy or path
        except (OSError, _NoAnswer) as error:
            problems.append(f"{path}: {_why(error)}")
    if busy:
        slow = NotAnswering if body is None else Unconfirmed
        raise slow(f"the daemon runs but did not answer within {seconds:g} s ({busy})")
    raise NotRunning(f"no daemon answers for {config}\n  " + "\n  ".join(problems))


class _NoAnswer(Exception):
    """Nobody answers there for this file, and why."""


def _ask_at(path: Path, config: Path, request: bytes, patience: _Patience) -> Json:
    answer = _exchange(path, request, patience)
    head, separator, content = answer.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not separator or headers.get("content-length") != str(len(content)):
        raise _NoAnswer("the answer ended too early")
    _check_configuration(headers.get("sentinel-config", ""), config)
    return _read(int(status_line.split()[1]), content)


def _request(target: str, body: Json | None) -> bytes:
    """HTTP/1.0, so that the answer ends with the connection and comes in one piece.

    `http.client` would do as well; importing it takes as long as all the rest of `sentinel --status` beside Python and click.
    """
    sent = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    headers = f"host: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(sent)}\r\n"
    return f"{method} {target} HTTP/1.0\r\n{headers}\r\n".encode("ascii") + sent


def _exchange(path: Path, request: bytes, patience: _Patience) -> bytes:
    """Everything that comes back."""
    parts: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience.left())
        connection.connect(str(path))
        connection.sendall(request)
        while part := connection.recv(CHUNK):
            connection.settimeout(patience.left())
            parts.append(part)
            if len(parts) > MOST_CHUNKS:
                raise _NoAnswer("an answer without end")
    return b"".join(parts)


def _check_configuration(named: str, config: Path) -> None:
    """Two Sentinels may run here, and an answer about the other's checks would be a wrong one."""
    other = unquote(named)
    if os.path.realpath(other) != os.path.realpath(config):
        raise _NoAnswer(f"answers for {other or 'no configuration'}")


def _read(status: int, body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _NoAnswer("an answer that is not ours")
    if status >= 400:
        refused = Refused(str(value.get("error", f"status {status}")))
        refused.hint = str(value.get("hint", ""))
        refused.status = status
        raise refused
    return value


def _why(error: Exception) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
