"""What can go wrong between Sentinel and a target's HTTP answer, as one of the closed list of failure classes."""

import errno
from enum import StrEnum
from typing import Final, Self

from sentinel.core.result import FailureClass


class Phase(StrEnum):
    """How far an exchange came."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    FIRST_BYTE = "first_byte"
    TRANSFER = "transfer"


class WireError(Exception):
    """One step of an exchange failed. The explanation holds names, numbers and words of ours, nothing the target sent."""

    def __init__(self, failure: FailureClass, explanation: str, place: str = "") -> None:
        super().__init__(explanation)
        self.failure = failure
        self.bare = explanation  # without the place, for who names it already
        self.place = place  # host and port where no connection could be made; empty where that says nothing

    @property
    def explanation(self) -> str:
        if not self.place:
            return self.bare
        return f"{self.bare} by {self.place}" if self.failure in _BY_THE_PEER else f"{self.bare} ({self.place})"

    def at(self, place: str) -> Self:
        """This failure as one of a connection to that place, such as `example.org port 443`."""
        return type(self)(self.failure, self.bare, "" if self.failure is FailureClass.OVERLOADED else place)


_BY_THE_PEER: Final = frozenset({FailureClass.REFUSED, FailureClass.RESET})


#: The deadline covers the whole exchange; the phase it strikes in says what was too slow.
TIMEOUTS: Final = {
    Phase.RESOLVE: (FailureClass.DNS_TIMEOUT, "the name was not resolved in time"),
    Phase.CONNECT: (FailureClass.CONNECT_TIMEOUT, "the connection was not accepted in time"),
    Phase.TLS: (FailureClass.TLS_TIMEOUT, "the TLS handshake did not finish in time"),
    Phase.FIRST_BYTE: (FailureClass.READ_TIMEOUT, "no answer in time"),
    Phase.TRANSFER: (FailureClass.READ_TIMEOUT, "the answer began, but did not end in time"),
}

#: In these phases it helps to know whom the connection was to be made to.
CONNECTING: Final = frozenset({Phase.CONNECT, Phase.TLS})

#: What the kernel says about a connection that did not come about (connect(2), ip(7)).
_BY_ERRNO: Final = {
    errno.ECONNREFUSED: (FailureClass.REFUSED, "connection refused"),
    errno.ECONNRESET: (FailureClass.RESET, "connection reset"),
    errno.ECONNABORTED: (FailureClass.RESET, "connection aborted"),
    errno.EPIPE: (FailureClass.RESET, "the other side closed the connection"),
    errno.ETIMEDOUT: (FailureClass.CONNECT_TIMEOUT, "the host does not answer"),
    errno.EHOSTUNREACH: (FailureClass.UNREACHABLE, "no way to the host"),
    errno.EHOSTDOWN: (FailureClass.UNREACHABLE, "the host is down"),
    errno.ENETUNREACH: (FailureClass.NETWORK_DOWN, "this host has no route to that network"),
    errno.ENETDOWN: (FailureClass.NETWORK_DOWN, "this host's network is down"),
    errno.EAFNOSUPPORT: (FailureClass.NETWORK_DOWN, "this host does not speak that address family"),
    errno.EACCES: (FailureClass.NOT_PERMITTED, "this host forbids the connection"),
    errno.EPERM: (FailureClass.NOT_PERMITTED, "this host forbids the connection"),
    errno.EADDRNOTAVAIL: (FailureClass.OVERLOADED, "this host has no free local port or address"),
    errno.EAGAIN: (FailureClass.OVERLOADED, "this host has no free local port"),
    errno.EMFILE: (FailureClass.OVERLOADED, "Sentinel is out of file descriptors"),
    errno.ENFILE: (FailureClass.OVERLOADED, "this host is out of file descriptors"),
    errno.ENOBUFS: (FailureClass.OVERLOADED, "this host is out of network buffers"),
    errno.ENOMEM: (FailureClass.OVERLOADED, "this host is out of memory"),
}


def os_failure(number: int) -> WireError:
    """The failure that an error number of the operating system stands for."""
    failure, explanation = _BY_ERRNO.get(
        number, (FailureClass.UNREACHABLE, f"connecting failed ({errno.errorcode.get(number, number)})")
    )
    return WireError(failure, explanation)


#: With several addresses, a failure of one family (no IPv6 here) must not hide what another address said.
_LEAST_TELLING: Final = frozenset({FailureClass.NETWORK_DOWN, FailureClass.OVERLOADED, FailureClass.UNREACHABLE})


def most_telling(failures: list[WireError]) -> WireError:
    """Of the failures of several addresses, the first that says something about the target, or else the first."""
    return next((one for one in failures if one.failure not in _LEAST_TELLING), failures[0])
