"""Protocols that begin in the clear: what is said until TLS may begin. Nothing of it is kept or shown."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.tls.options import StartTls
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import Link

_LONGEST: Final = 16_384  # bytes that a server may say before TLS
_CHUNK: Final = 2048

#: An LDAP message with the extended request StartTLS (RFC 4511, 4.14.1).
_LDAP_REQUEST: Final = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
#: The code of PostgreSQL's SSLRequest message.
_POSTGRES_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


async def begin_tls(link: Link, protocol: StartTls) -> None:
    """Talk the server into TLS. Raises WireError, or Finding when it offers none."""
    talk = _Talk(link)
    await _TALKS[protocol](talk)
    if talk.rest:
        # What comes before the handshake and is read after it would be taken for a part of the secured talk.
        raise WireError(FailureClass.PROTOCOL_ERROR, "the server said more than that TLS may begin")


class _Talk:
    """Lines and bytes of a server, bounded."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._taken = 0
        self.rest = b""  # what came and was not looked at yet

    async def say(self, data: bytes) -> None:
        await self._link.send(data)

    async def more(self) -> None:
        data = await self._link.receive(_CHUNK)
        if not data:
            raise WireError(FailureClass.INCOMPLETE, "the connection was closed before TLS began")
        self._taken += len(data)
        if self._taken > _LONGEST:
            raise WireError(FailureClass.PROTOCOL_ERROR, f"the server said more than {_LONGEST} bytes before TLS")
        self.rest += data

    async def line(self) -> bytes:
        while b"\n" not in self.rest:
            await self.more()
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    async def reply(self) -> tuple[bytes, list[bytes]]:
        """The code and the texts of a reply as FTP and SMTP give it: all lines but the last have a dash after the code."""
        texts: list[bytes] = []
        while True:
            line = await self.line()
            if not line[:3].isdigit():
                raise _not("SMTP or FTP")
            texts.append(line[4:])
            if line[3:4] != b"-":
                return line[:3], texts


async def _smtp(talk: _Talk) -> None:
    if (await talk.reply())[0] != b"220":
        raise WireError(FailureClass.PROTOCOL_ERROR, "the server's greeting is not that of a server that is ready")
    await talk.say(b"EHLO localhost\r\n")
    code, offers = await talk.reply()
    if code != b"250" or not any(offer.upper().startswith(b"STARTTLS") for offer in offers):
        raise _not_offered()
    await talk.say(b"STARTTLS\r\n")
    if (await talk.reply())[0] != b"220":
        raise _not_offered()


async def _ftp(talk: _Talk) -> None:
    if (await talk.reply())[0] != b"220":
        raise WireError(FailureClass.PROTOCOL_ERROR, "the server's greeting is not that of a server that is ready")
    await talk.say(b"AUTH TLS\r\n")
    if (await talk.reply())[0] != b"234":
        raise _not_offered()


async def _imap(talk: _Talk) -> None:
    if not (await talk.line()).startswith(b"* OK"):
        raise _not("IMAP")
    await talk.say(b"a1 STARTTLS\r\n")
    while not (line := await talk.line()).startswith(b"a1 "):
        pass
    if not line.startswith(b"a1 OK"):
        raise _not_offered()


async def _pop3(talk: _Talk) -> None:
    if not (await talk.line()).startswith(b"+OK"):
        raise _not("POP3")
    await talk.say(b"STLS\r\n")
    if not (await talk.line()).startswith(b"+OK"):
        raise _not_offered()


async def _postgres(talk: _Talk) -> None:
    await talk.say(_POSTGRES_REQUEST)
    await talk.more()
    answer, talk.rest = talk.rest[:1], talk.rest[1:]
    if answer == b"N":
        raise _not_offered()
    if answer != b"S":
        raise _not("PostgreSQL")


async def _ldap(talk: _Talk) -> None:
    await talk.say(_LDAP_REQUEST)
    while len(talk.rest) < 2 or len(talk.rest) < 2 + talk.rest[1]:
        await talk.more()
        if talk.rest[:1] != b"\x30" or talk.rest[1:2] >= b"\x80":
            raise _not("LDAP")
    answer, talk.rest = talk.rest[: 2 + talk.rest[1]], talk.rest[2 + talk.rest[1] :]
    if b"\x0a\x01\x00" not in answer:  # the result code 0: success
        raise _not_offered()


_TALKS: Final[Mapping[StartTls, Callable[[_Talk], Awaitable[None]]]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "postgres": _postgres,
    "ldap": _ldap,
}


def _not(protocol: str) -> WireError:
    return WireError(FailureClass.PROTOCOL_ERROR, f"what answers does not speak {protocol}")


def _not_offered() -> Finding:
    return Finding(
        FailureClass.INSECURE,
        "the server offers no TLS there",
        "Switch TLS on in the server's configuration, or look what between here and there takes the offer out.",
    )
