"""Redis's protocol (RESP 2, redis.io/docs/latest/develop/reference/protocol-spec), as much of it as a probe asks for.

The client libraries read an answer to its end, however long it is said to be: a server could fill our memory, so they do
not serve here. Of this reader no answer gets more than REPLY_CAP, and none may hold another.
"""

import re
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import Link

REPLY_CAP: Final = 1 << 20  # bytes of all answers of one connection; INFO has some 10 KB
_LINE_CAP: Final = 8192  # bytes of a line: an error, a number, a length
_CHUNK: Final = 65_536  # more than a TLS record, so that none is read by halves
_CODE: Final = re.compile(rb"-([A-Z]{2,20}) ")


class Refusal:
    """An answer that says no. Of its text nothing is shown: it may hold keys and arguments."""

    def __init__(self, line: bytes) -> None:
        found = _CODE.match(line + b" ")
        self.code = found[1].decode() if found else "ERR"
        self._said = line.lower()

    def says(self, words: str) -> bool:
        return words.encode() in self._said


Reply = bytes | int | None | Refusal


def encoded(*words: str) -> bytes:
    """One command as it goes over the wire."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


class Conversation:
    """Commands and answers over one connection. Whoever waits here owns the deadline; every method raises WireError."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._buffer = bytearray()
        self._received = 0

    async def ask(self, *words: str) -> Reply:
        """The answer to one command."""
        await self._link.send(encoded(*words))
        return await self._reply()

    async def ask_all(self, commands: list[tuple[str, ...]]) -> list[Reply]:
        """The answers to several commands, which are sent at once."""
        await self._link.send(b"".join(encoded(*words) for words in commands))
        return [await self._reply() for _ in commands]

    async def _reply(self) -> Reply:
        line = await self._line()
        match line[:1]:
            case b"+":
                return line[1:]
            case b"-":
                return Refusal(line)
            case b":":
                return _number(line)
            case b"$":
                return await self._text(_number(line))
            case _:
                raise no_redis()

    async def _text(self, length: int) -> bytes | None:
        if length == -1:
            return None
        if not 0 <= length <= REPLY_CAP:
            raise _too_much()
        while len(self._buffer) < length + 2:
            await self._fill()
        text = bytes(self._buffer[:length])
        del self._buffer[: length + 2]
        return text

    async def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", 0, _LINE_CAP)) < 0:
            if len(self._buffer) >= _LINE_CAP:
                raise no_redis()
            # What begins otherwise has perhaps no end of line: an HTTP server's greeting, or noise.
            if self._buffer and self._buffer[:1] not in b"+-:$":
                raise no_redis()
            await self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def _fill(self) -> None:
        data = await self._link.receive(_CHUNK)
        if not data:
            said = "within the answer" if self._received else "without an answer"
            raise WireError(FailureClass.INCOMPLETE, f"the connection was closed {said}")
        self._received += len(data)
        if self._received > REPLY_CAP:
            raise _too_much()
        self._buffer += data


def _number(line: bytes) -> int:
    if not re.fullmatch(rb".-?\d{1,19}", line):
        raise no_redis()
    return int(line[1:])


def no_redis() -> WireError:
    """What speaks there is something else."""
    return WireError(FailureClass.PROTOCOL_ERROR, "the answer is not Redis's protocol")


def _too_much() -> WireError:
    return WireError(FailureClass.PROTOCOL_ERROR, f"the answers have more than {REPLY_CAP >> 20} MiB")
