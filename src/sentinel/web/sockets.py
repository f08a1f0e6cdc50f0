"""The file of the local socket: made for its owner alone, cleared of what a killed daemon left."""

import asyncio
import os
import pwd
import socket
import stat
import struct
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from sentinel.base.errors import AlreadyRunning, SentinelError

#: Seconds to find out whether somebody answers on a socket that is there already.
ASK_WITHIN = 1.0


class CannotListen(SentinelError):
    """An address or a socket cannot be had."""

    exit_code = 71  # EX_OSERR
    hint = "stop what uses it, or choose another `web.socket` or `web.port`"


def bind(path: Path) -> socket.socket:
    """A socket at `path` that only this user can connect to; not listening yet.

    Raises:
        AlreadyRunning: another daemon answers there.
        CannotListen: something else stands there.
        OSError: the folder or the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _clear_the_way(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Before the bind: the file is born with this mode (unix(7)), so that nobody else connects in between.
        os.fchmod(made.fileno(), 0o600)
        made.bind(str(path))
    except BaseException:
        made.close()
        raise
    return made


def inode(path: Path) -> int:
    """Which file stands at `path` now; 0 when none does."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def user_at(transport: asyncio.BaseTransport) -> str:
    """The name of the user at the other end of a connection to a Unix socket, as the kernel knows it; else empty."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_UNIX:
        return ""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    user: int = struct.unpack("3i", credentials)[1]  # process, user, group (unix(7))
    return _name_of(user)


@lru_cache(maxsize=100)
def _name_of(user: int) -> str:
    """A user's name. It is kept: where names come from a directory server, asking may take seconds."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def remove(path: Path, ours: int) -> None:
    """Unlink the socket, unless another one stands there by now."""
    if ours and inode(path) == ours:
        with suppress(OSError):
            path.unlink()


def _clear_the_way(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise CannotListen(f"{path} exists and is no socket")
    if _answers(path):
        raise AlreadyRunning(f"another Sentinel answers on {path}")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ASK_WITHIN)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except TimeoutError:
            return True  # it listens, and is too busy to accept
        return True
