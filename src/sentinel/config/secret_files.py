"""Files that hold one secret each: read once, and only when nobody else can read them."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from sentinel.base.redact import Secret
from sentinel.config.places import Places
from sentinel.config.references import BadReference

MOST_BYTES = 64 * 1024


class SecretFiles:
    """What `${file:PATH}` refers to."""

    def __init__(self, places: Places, environment: Mapping[str, str]) -> None:
        self._places = places
        credentials = environment.get("CREDENTIALS_DIRECTORY")
        self._credentials = Path(credentials) if credentials else None
        self._read: dict[str, str] = {}

    def secrets(self) -> Iterator[Secret]:
        return (Secret(value) for value in self._read.values())

    def read(self, path: str) -> str:
        """The content without the newline at its end.

        Raises:
            BadReference: it cannot be read, is empty, or others may read it too.
        """
        if path not in self._read:
            self._read[path] = self._content(path, self._places.resolve(path))
        return self._read[path]

    def _content(self, written: str, file: Path) -> str:
        try:
            with open(file, "rb", opener=without_waiting) as opened:
                self._refuse_open_ones(written, file, os.fstat(opened.fileno()))
                content = opened.read(MOST_BYTES + 1)
        except OSError as error:
            found = f"the file {written}: {os.strerror(error.errno or 0)}"
            raise BadReference(found, "a file that Sentinel can read") from None
        return _text(written, content)

    def _refuse_open_ones(self, written: str, file: Path, about: os.stat_result) -> None:
        if not stat.S_ISREG(about.st_mode):
            raise BadReference(f"{written}, which is no file", "a file that holds one secret")
        if self._is_credential(file):
            return
        if about.st_mode & 0o077:
            raise BadReference(
                f"the file {written} with mode {stat.S_IMODE(about.st_mode):04o}",
                "a secret file that only its owner can read",
                f"chmod 600 {written}",
            )
        if about.st_uid != os.geteuid():
            raise BadReference(
                f"the file {written}, which belongs to user {about.st_uid}",
                f"a secret file of the user that Sentinel runs as ({os.geteuid()})",
                f"chown {os.geteuid()} {written}",
            )

    def _is_credential(self, file: Path) -> bool:
        """Whether systemd made it for this service alone: there it belongs to root and may have mode 0440."""
        return self._credentials is not None and file.resolve().is_relative_to(self._credentials.resolve())


def without_waiting(path: str, flags: int) -> int:
    """Open a file so that a named pipe in its place cannot hold up the start."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _text(written: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise BadReference(f"the file {written} of more than {MOST_BYTES} bytes", "a file that holds one secret")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise BadReference(f"the file {written} with bytes that are no UTF-8", "text in UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise BadReference(f"the file {written}, which is empty", "a file that holds one secret")
    return text
