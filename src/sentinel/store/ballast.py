"""A file that only takes room: deleted when the disk is full, it leaves enough to write down what must not be lost.

Retention cannot free a full disk, since SQLite needs room to delete, too.
"""

import os
from pathlib import Path

SIZE = 8 << 20  # bytes

#: The ballast is put in place only where it leaves so many times its size free.
_ROOM = 4


class Ballast:
    """The file at `path`."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path = path
        self._size = size

    @property
    def there(self) -> bool:
        return self._path.exists()

    def keep(self) -> bool:
        """Make the file if it is missing and there is room enough; answers whether it is there."""
        if self.there:
            return True
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < self._size * _ROOM:
                return False
            self._fill()
        except OSError:
            self.free()
            return False
        return True

    def free(self) -> bool:
        """Delete the file; answers whether there was one."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _fill(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        finally:
            os.close(descriptor)
