"""One request and what came back, with the time each phase took."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.wire.address import Address
from sentinel.probes.wire.failure import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Seconds per phase. A phase that was not reached, or is not part of this exchange (TLS of plain HTTP), is None.

    The phases follow each other without a gap, so those that are there add up to `total`.
    """

    resolve: float | None = None  # 0.0 when the host is an address already
    connect: float | None = None  # until the TCP connection stood
    tls: float | None = None
    first_byte: float | None = None  # from the last step until the first byte of the answer; includes sending
    transfer: float | None = None  # from the first byte to the end of the answer
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A complete answer."""

    status: int
    http_version: str  # "1.0" or "1.1"
    headers: tuple[tuple[bytes, bytes], ...]  # names as sent, in order
    body: bytes  # decompressed, at most the cap
    truncated: bool  # the body went on past the cap
    phases: Phases
    peer: str  # the address that answered
    certificate: bytes | None  # the peer's certificate in DER; None for plain HTTP
    chain_ok: bool | None  # True: verified; None: not asked to verify, or plain HTTP

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case; None when there is none. Undecodable bytes come as Latin-1."""
        wanted = name.lower().encode("ascii", "replace")
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), None)


class ExchangeFailed(Exception):
    """There was no complete answer. Its text is safe to show: no path, query, header or body."""

    def __init__(
        self,
        failure: FailureClass,
        explanation: str,
        *,
        phase: Phase,
        phases: Phases,
        certificate: bytes | None = None,
    ) -> None:
        super().__init__(explanation)
        self.failure = failure
        self.explanation = explanation
        self.phase = phase  # the phase that failed
        self.phases = phases  # up to and including that phase
        self.certificate = certificate  # DER; what the peer showed when its certificate was refused


_NOT_YET: Final = -1.0


class Progress:
    """How far one running exchange came, with the time at the end of each phase."""

    __slots__ = ("_connected", "_first_byte", "_resolved", "_secured", "_started", "peer", "phase")

    def __init__(self) -> None:
        self.phase = Phase.RESOLVE
        self.peer: Address | None = None
        self._resolved = self._connected = self._secured = self._first_byte = _NOT_YET
        self._started = perf_counter()

    def resolved(self, *, looked_up: bool) -> None:
        self.phase = Phase.CONNECT
        self._resolved = perf_counter() if looked_up else self._started

    def connected(self, peer: Address, *, tls: bool) -> None:
        self.phase = Phase.TLS if tls else Phase.FIRST_BYTE
        self.peer = peer
        self._connected = perf_counter()

    def secured(self) -> None:
        self.phase = Phase.FIRST_BYTE
        self._secured = perf_counter()

    def received(self) -> None:
        """Bytes of the answer came: only the first time counts."""
        if self.phase is Phase.FIRST_BYTE:
            self.phase = Phase.TRANSFER
            self._first_byte = perf_counter()

    def read(self) -> Phases:
        """The phases so far; the one under way ends now."""
        now = perf_counter()
        ready = max(self._connected, self._secured)
        return Phases(
            resolve=_span(self._started, self._resolved, now),
            connect=_span(self._resolved, self._connected, now),
            tls=_span(self._connected, self._secured, now) if self._has_tls() else None,
            first_byte=_span(ready, self._first_byte, now) if self.phase in _ANSWERING else None,
            transfer=_span(self._first_byte, _NOT_YET, now),
            total=now - self._started,
        )

    def _has_tls(self) -> bool:
        return self.phase is Phase.TLS or self._secured != _NOT_YET


_ANSWERING: Final = frozenset({Phase.FIRST_BYTE, Phase.TRANSFER})


def _span(begin: float, end: float, now: float) -> float | None:
    if begin == _NOT_YET:
        return None
    return (now if end == _NOT_YET else end) - begin
