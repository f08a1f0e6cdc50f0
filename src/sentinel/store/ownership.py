"""One Sentinel per store: a lock on a file that the kernel gives back when its holder dies."""

import fcntl
import os
import socket
from datetime import datetime
from pathlib import Path

from sentinel.base.errors import AlreadyRunning


class FileLock:
    """An exclusive lock on `path`. The file stays behind; only the lock counts, its text is for people."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, what: str, now: datetime) -> None:
        """Take the lock, without waiting.

        Raises:
            AlreadyRunning: somebody has it; the text says who, as far as the file tells.
        """
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise AlreadyRunning(f"{what} is in use by another Sentinel ({holder or 'unknown'})") from None
        os.ftruncate(descriptor, 0)
        os.write(
            descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC\n".encode()
        )
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
