"""The `ping` probe: echo requests over the kernel's unprivileged ICMP sockets (icmp(7)); no raw socket, no capability."""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from time import perf_counter
from typing import Any, Final, Literal

from pydantic import Field

from sentinel.base.fields import Duration, Options, PositiveDuration
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.laps import Laps
from sentinel.probes.calls.places import HostField
from sentinel.probes.wire.address import Address
from sentinel.probes.wire.failure import WireError, most_telling, os_failure
from sentinel.probes.wire.link import addresses_of
from sentinel.probes.wire.readiness import readable

_HEADER: Final = 8  # bytes of an echo before its data: type, code, checksum, identifier, number
_TOKEN: Final = 16  # bytes of chance at the beginning of the data
_REQUEST: Final[Mapping[int, int]] = {socket.AF_INET: 8, socket.AF_INET6: 128}  # RFC 792; RFC 4443, 4.1
_REPLY: Final[Mapping[int, int]] = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL: Final[Mapping[int, int]] = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_FAMILIES: Final = {"any": (socket.AF_INET, socket.AF_INET6), "ipv4": (socket.AF_INET,), "ipv6": (socket.AF_INET6,)}
_SENDING: Final = 0.5  # of the time left that sending may take, so that the last echo can come back


class PingOptions(Options):
    """Sends echoes to a host and counts those that come back."""

    host: HostField
    """Name or address of the host."""
    count: int = Field(default=5, ge=1, le=50)
    """Echoes in a run."""
    gap: Duration = Field(default="200ms", validate_default=True)
    """Time from one echo to the next; shorter when the check's timeout leaves less."""
    wait: PositiveDuration = Field(default="2s", validate_default=True)
    """How long an echo may take after the last one was sent; later ones are lost."""
    size: int = Field(default=56, ge=_TOKEN, le=1400)
    """Bytes of data in each echo."""
    family: Literal["any", "ipv4", "ipv6"] = "any"
    """Which addresses of the host count."""


class PingProbe:
    """Opens one socket in every run."""

    def __init__(self, options: PingOptions, tools: ProbeTools) -> None:
        self._options = options
        self._resolver = tools.transport.resolver
        self.host = options.host

    async def measure(self, deadline: float) -> Measurement:
        laps = Laps()
        try:
            addresses = await self._addresses(deadline)
            laps.end()
            sock, family = _first_way(addresses)
            with sock:
                echoes = _Echoes(sock, family, self._options)
                await echoes.run(deadline)
        except WireError as error:
            hint = "" if error.failure is not FailureClass.NOT_PERMITTED else _GRANT_HINT
            return failed(error.failure, error.explanation, hint=hint, readings=laps.readings())
        trips = Trips(sent=echoes.sent, seconds=echoes.seconds)
        readings = [*laps.readings(), *trips.readings()]
        if trips.seconds:
            return passed(readings)
        if echoes.refusal is not None:
            return failed(echoes.refusal.failure, echoes.refusal.explanation, readings=readings)
        explanation = f"none of {trips.sent} echoes came back"
        return failed(FailureClass.NO_REPLY, explanation, hint=_SILENT_HINT, readings=readings)

    async def close(self) -> None:
        """There is nothing to give back: every run has a socket of its own."""

    async def _addresses(self, deadline: float) -> list[Address]:
        wanted = _FAMILIES[self._options.family]
        known = await addresses_of(self._resolver, self._options.host, 0, deadline)
        if found := [address for address in known if address.family in wanted]:
            return found
        raise WireError(FailureClass.DNS_NOT_FOUND, f"the host has no {self._options.family} address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """What came of the echoes of one run."""

    sent: int
    seconds: Sequence[float]  # from sending to receiving, of those that came back, in the order in which they were sent

    @property
    def loss(self) -> float:
        """The share that did not come back."""
        return 1 - len(self.seconds) / self.sent if self.sent else 1.0

    @property
    def jitter(self) -> float:
        """The mean difference of two that follow each other, in seconds (as in RFC 3550, 6.4.1, without its smoothing)."""
        steps = [abs(later - earlier) for earlier, later in pairwise(self.seconds)]
        return sum(steps) / len(steps) if steps else 0.0

    def readings(self) -> list[Reading]:
        counted = [Reading("loss", self.loss, Unit.RATIO), Reading("sent", self.sent, Unit.COUNT)]
        if not self.seconds:
            return counted
        return [
            Reading("round_trip", sum(self.seconds) / len(self.seconds), Unit.SECONDS),
            Reading("fastest", min(self.seconds), Unit.SECONDS),
            Reading("slowest", max(self.seconds), Unit.SECONDS),
            Reading("jitter", self.jitter, Unit.SECONDS),
            *counted,
        ]


class _Echoes:
    """The echoes of one run, over a connected socket: the kernel gives it the answers to its own echoes alone."""

    def __init__(self, sock: socket.socket, family: int, options: PingOptions) -> None:
        self._sock = sock
        self._family = family
        self._options = options
        self._data = os.urandom(_TOKEN) + bytes(options.size - _TOKEN)
        self._sent_at: dict[int, float] = {}  # by number, of the process's clock
        self._back: dict[int, float] = {}  # seconds, by number
        self.refusal: WireError | None = None  # what the kernel or a router said of an echo

    @property
    def sent(self) -> int:
        return len(self._sent_at)

    @property
    def seconds(self) -> list[float]:
        return [self._back[number] for number in sorted(self._back)]

    async def run(self, deadline: float) -> None:
        """Send them all and wait until each came back, or for as long as the options say; never past the deadline."""
        loop = asyncio.get_running_loop()
        gap = min(self._gap, (deadline - loop.time()) * _SENDING / self._options.count)
        receiving = asyncio.create_task(self._receive())
        try:
            for number in range(1, self._options.count + 1):
                self._send(number)
                if number < self._options.count:
                    await asyncio.sleep(gap)
            limit = min(deadline, loop.time() + self._options.wait.total_seconds())
            await asyncio.wait({receiving}, timeout=limit - loop.time())
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    @property
    def _gap(self) -> float:
        return max(self._options.gap, timedelta()).total_seconds()

    def _send(self, number: int) -> None:
        # The kernel fills in the checksum and the identifier.
        head = bytes([_REQUEST[self._family], 0, 0, 0, 0, 0]) + number.to_bytes(2, "big")
        self._sent_at[number] = perf_counter()  # uvloop's own clock goes in steps of a millisecond
        try:
            self._sock.send(head + self._data)
        except OSError as error:
            self.refusal = os_failure(error.errno or 0)

    async def _receive(self) -> None:
        """Returns when every echo came back."""
        while len(self._back) < self._options.count:
            await readable(self._sock)
            try:
                self._take(self._sock.recv(_HEADER + self._options.size + 1))
            except BlockingIOError:
                continue
            except OSError as error:
                self.refusal = os_failure(error.errno or 0)

    def _take(self, message: bytes) -> None:
        number = int.from_bytes(message[6:8], "big")
        sent_at = self._sent_at.get(number)
        if message[:1] == bytes([_REPLY[self._family]]) and message[_HEADER:] == self._data and sent_at is not None:
            self._back.setdefault(number, perf_counter() - sent_at)


def _first_way(addresses: Sequence[Address]) -> tuple[socket.socket, int]:
    """A socket for the first address that this host knows a way to, and its family; raises WireError."""
    failures = []
    for address in addresses:
        try:
            return _socket(address), address.family
        except WireError as error:
            failures.append(error)
    raise most_telling(failures)


def _socket(address: Address) -> socket.socket:
    """A socket for echoes to that address; raises WireError."""
    sock = None
    try:
        sock = socket.socket(address.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _PROTOCOL[address.family])
        sock.connect(address.sockaddr)
    except OSError as error:
        if sock is None and isinstance(error, PermissionError):
            raise WireError(FailureClass.NOT_PERMITTED, _FORBIDDEN) from None
        if sock is not None:
            sock.close()
        raise os_failure(error.errno or 0) from None
    return sock


def permitted() -> bool:
    """Whether the kernel lets this process's groups send echoes."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except PermissionError:
        return False
    except OSError:
        return True  # out of descriptors, or no IPv4: the run will tell
    return True


_FORBIDDEN: Final = "this host lets none of Sentinel's groups send echoes"
_GRANT_HINT: Final = (
    "Set net.ipv4.ping_group_range to a span with a group of Sentinel's user, such as '0 2147483647', in /etc/sysctl.d, and run "
    "`sysctl --system`. It counts for IPv6, too; a container has a value of its own."
)
_SILENT_HINT: Final = "Is the host up, and does a firewall drop ICMP echoes, on the way there or back?"


def _build(options: Any, tools: ProbeTools) -> PingProbe:
    return PingProbe(options, tools)


def _usual_rules(_options: Any) -> list[Mapping[str, Any]]:
    return [
        {"reading": "loss", "warning": 0.25, "critical": 0.75},
        {"reading": "round_trip", "warning": "300ms", "critical": "1s"},
    ]


def _lacks(_options: Any) -> str:
    return "" if permitted() else f"{_FORBIDDEN}; {_GRANT_HINT[0].lower()}{_GRANT_HINT[1:]}"


KIND: Final = ProbeKind(
    name="ping",
    summary="Sends echoes to a host: how many come back, and how long they take; needs no privilege.",
    options=PingOptions,
    readings={
        "round_trip": Unit.SECONDS,
        "fastest": Unit.SECONDS,
        "slowest": Unit.SECONDS,
        "jitter": Unit.SECONDS,
        "loss": Unit.RATIO,
        "sent": Unit.COUNT,
        "resolve": Unit.SECONDS,
    },
    main="round_trip",
    build=_build,
    usual_rules=_usual_rules,
    lacks=_lacks,
)
