"""Addresses to connect to: from a literal, from `localhost`, or from what a look-up answered."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Final, cast

SockAddr = tuple[str, int] | tuple[str, int, int, int]
#: What socket.getaddrinfo answers. (The last form is its own, for an IPv6 address where Python has no IPv6.)
AddrInfo = tuple[int, int, int, str, SockAddr | tuple[int, bytes]]

_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6})


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect to."""

    family: int
    sockaddr: SockAddr
    host: str = field(default="", compare=False)  # what it was looked up for; empty when nobody says

    @property
    def ip(self) -> str:
        return self.sockaddr[0]

    @property
    def place(self) -> str:
        """Where that is, in the words of the configuration where they are known."""
        return place_of(self.host or self.ip, self.sockaddr[1])


def place_of(host: str, port: int | str) -> str:
    """A host and its port as people are told of them: `example.org port 443`, `[::1] port 80`."""
    return f"[{host}] port {port}" if ":" in host else f"{host} port {port}"


def literal_addresses(host: str, port: int) -> tuple[Address, ...]:
    """The addresses of a host that needs no look-up: a literal address, or `localhost` (RFC 6761, 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        # IPv4 first, as most services of one machine listen there; the other is tried when it is refused.
        return (_literal("127.0.0.1", port, host), _literal("::1", port, host))
    try:
        return (_literal(host, port),)
    except ValueError:
        return ()


def _literal(text: str, port: int, host: str = "") -> Address:
    if ip_address(text).version == 4:
        return Address(socket.AF_INET, (text, port), host)
    return Address(socket.AF_INET6, (text, port, 0, 0), host)


def interleaved(answers: Iterable[AddrInfo], host: str = "") -> tuple[Address, ...]:
    """The addresses of a look-up, in its order but with the families taking turns (RFC 8305, 4)."""
    found = [
        Address(family, cast(SockAddr, sockaddr), host) for family, _, _, _, sockaddr in answers if family in _FAMILIES
    ]
    if not found:
        return ()
    first = [address for address in found if address.family == found[0].family]
    other = [address for address in found if address.family != found[0].family]
    return tuple(address for address in chain.from_iterable(zip_longest(first, other)) if address is not None)
