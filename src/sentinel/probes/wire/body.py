"""A body as it arrives: decompressed, and cut at a cap that counts decompressed bytes."""

import zlib
from io import BytesIO
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.wire.failure import WireError

_GZIP: Final = 31  # zlib's window bits for the gzip format
_ZLIB: Final = 15
_RAW: Final = -15
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ENCODINGS: Final = frozenset({b"gzip", b"x-gzip", b"deflate"})


class Body:
    """Collects at most `cap` bytes, whatever the peer sends.

    A small compressed answer can stand for gigabytes, so the decompressor is never asked for more than still fits.
    """

    __slots__ = ("_bytes", "_inflate", "_room", "truncated")

    def __init__(self, cap: int, encoding: bytes = b"") -> None:
        self._room = cap
        self._bytes = BytesIO()  # not a list: a body in pieces of two bytes would cost twenty times its size
        self._inflate = _decompressor(encoding)
        self.truncated = False

    def feed(self, data: bytes) -> None:
        """Takes bytes as they came from the wire; raises WireError when they cannot be decompressed."""
        if self._inflate is None:
            self._take(data)
        else:
            self._decompress(self._inflate, data)

    def finish(self) -> bytes:
        """The body; raises WireError when a compressed one broke off."""
        if self._inflate is not None and not self.truncated and not self._inflate.ended:
            raise WireError(FailureClass.INCOMPLETE, "the compressed body broke off")
        return self._bytes.getvalue()

    def _decompress(self, inflate: "Inflate", data: bytes) -> None:
        try:
            # One byte past the room tells a body that just fits from one that goes on.
            while data and not self.truncated:
                output, data = inflate.some(data, self._room + 1)
                self._take(output)
        except zlib.error:
            raise WireError(FailureClass.PROTOCOL_ERROR, "the body is not compressed as its header says") from None

    def _take(self, data: bytes) -> None:
        if len(data) > self._room:
            data = data[: self._room]
            self.truncated = True
        self._room -= len(data)
        self._bytes.write(data)


class Inflate:
    """Decompresses gzip (several members too) or deflate, a bounded piece at a time."""

    __slots__ = ("_encoding", "_stream", "ended")

    def __init__(self, encoding: bytes) -> None:
        self._encoding = encoding
        self._stream: zlib._Decompress | None = None
        self.ended = True  # nothing was begun, so nothing is missing

    def some(self, data: bytes, limit: int) -> tuple[bytes, bytes]:
        """At most `limit` bytes of output, and the input that is left for the next call."""
        stream = self._open(data)
        if stream is None:
            return b"", b""
        output = stream.decompress(data, limit)
        self.ended = stream.eof
        return output, stream.unused_data if stream.eof else stream.unconsumed_tail

    def _open(self, data: bytes) -> "zlib._Decompress | None":
        if self._stream is None:
            self._stream = zlib.decompressobj(self._window_bits(data))
        elif self._stream.eof:
            # What follows a finished stream is another gzip member or padding, which is ignored (RFC 1952, 2.2).
            if self._encoding == b"deflate" or not data.startswith(_GZIP_MAGIC):
                return None
            self._stream = zlib.decompressobj(_GZIP)
        return self._stream

    def _window_bits(self, data: bytes) -> int:
        """ "deflate" means the zlib format (RFC 9110, 8.4.1.2); some servers send a bare stream without its header."""
        if self._encoding != b"deflate":
            return _GZIP
        is_zlib = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0)
        return _ZLIB if is_zlib else _RAW


def _decompressor(encoding: bytes) -> Inflate | None:
    encoding = encoding.strip().lower()
    if encoding in {b"", b"identity"}:
        return None
    if encoding not in _ENCODINGS:
        raise WireError(FailureClass.PROTOCOL_ERROR, "the body comes in an encoding that was not asked for")
    return Inflate(encoding)
