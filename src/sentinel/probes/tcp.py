"""The `tcp` probe: connects to a port, or sees that nothing listens there, and looks at what a service says first."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import Field, model_validator

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.laps import Laps
from sentinel.probes.calls.places import PlaceOptions
from sentinel.probes.expect.patterns import Pattern
from sentinel.probes.wire.address import place_of
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import Link, addresses_of

_CHUNK: Final = 4096


class TcpOptions(PlaceOptions):
    """Connects, and may say something and look at the answer."""

    refused: bool = False
    """Nothing may listen there: a refused connection is the expected answer, and an accepted one a failure."""
    or_silent: bool = False
    """With `refused`: no answer at all is good as well, as from a firewall that drops what comes. A host that is down looks
    the same, and the run takes the whole timeout."""
    send: str = Field(default="", max_length=4096)
    """A text to send once the connection stands; line ends are written as `\\r\\n`. It is no place for secrets."""
    expect: Pattern | None = None
    """A pattern (RE2) that must be found in what the service says."""
    read_limit: int = Field(default=4096, ge=1, le=16_384)
    """Bytes that are read at most until the pattern is found."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.refused and (self.send or self.expect is not None):
            raise ValueError("either refused, or send and expect")
        if self.or_silent and not self.refused:
            raise ValueError("refused beside or_silent")
        if self.send and self.expect is None:
            raise ValueError("expect beside send")
        return self


class TcpProbe:
    """Opens one connection in every run."""

    def __init__(self, options: TcpOptions, tools: ProbeTools) -> None:
        self._options = options
        self._resolver = tools.transport.resolver
        self.host = options.host

    async def measure(self, deadline: float) -> Measurement:
        laps = Laps(place=place_of(self._options.host, self._options.port))
        try:
            async with asyncio.timeout_at(deadline):
                return await self._attempt(laps, deadline)
        except TimeoutError:
            if laps.step in _SAYING:
                return self._too_quiet(laps)
            return self._ended(laps.too_slow(), laps)
        except WireError as error:
            return self._ended(error, laps)

    async def close(self) -> None:
        """There is nothing to give back: every run has a connection of its own."""

    async def _attempt(self, laps: Laps, deadline: float) -> Measurement:
        addresses = await addresses_of(self._resolver, self._options.host, self._options.port, deadline)
        laps.begin("connect")
        with await Link.to(addresses) as link:
            if self._options.refused:
                explanation = f"port {self._options.port} accepts connections, and must not"
                return failed(FailureClass.OPEN_PORT, explanation, hint=_OPEN_HINT, readings=_readings(laps))
            if self._options.expect is None:
                return passed(_readings(laps))
            laps.begin("first_byte")
            return await self._converse(link, self._options.expect, laps)

    async def _converse(self, link: Link, expect: Pattern, laps: Laps) -> Measurement:
        await link.send(self._options.send.encode())
        said = b""
        while len(said) < self._options.read_limit:
            more = await link.receive(min(_CHUNK, self._options.read_limit - len(said)))
            if not more:
                break
            if not said:
                laps.begin("transfer")
            said += more
            if expect.found_in(said.decode("utf-8", "replace")):
                return passed(_readings(laps))
        if not said:
            raise WireError(FailureClass.INCOMPLETE, "the connection was closed before anything was said")
        explanation = f"the first {len(said)} bytes of the answer have no match of '{expect.source[:100]}'"
        return failed(FailureClass.WRONG_ANSWER, explanation, hint=_ANSWER_HINT, readings=_readings(laps))

    def _too_quiet(self, laps: Laps) -> Measurement:
        said = "said nothing" if laps.step == "first_byte" else "did not say what is expected"
        after = " after what was sent" if self._options.send else ""
        explanation = f"port {self._options.port} accepted the connection and {said}{after} in time"
        hint = _QUIET_HINT if self._options.send else _SEND_HINT
        return failed(FailureClass.READ_TIMEOUT, explanation, hint=hint, readings=laps.readings())

    def _ended(self, error: WireError, laps: Laps) -> Measurement:
        good = {FailureClass.REFUSED} if self._options.refused else set()
        if self._options.or_silent:
            good.add(FailureClass.CONNECT_TIMEOUT)
        if error.failure in good:
            return passed(_readings(laps))
        return failed(error.failure, error.explanation, readings=laps.readings())


def _readings(laps: Laps) -> list[Reading]:
    readings = laps.readings()
    return [*readings, Reading("response_time", laps.total, Unit.SECONDS)]


#: Steps in which it is the service's turn.
_SAYING: Final = frozenset({"first_byte", "transfer"})
_QUIET_HINT: Final = (
    "The service hangs, or does not understand what is sent: try it with `nc`, and see the service's load."
)
_SEND_HINT: Final = (
    "The service hangs, or waits for its client to speak first, as HTTP and Redis do: give it something in `send`."
)
_OPEN_HINT: Final = "Stop what listens there (`ss -ltnp` on that host names it), or close the port in the firewall."
_ANSWER_HINT: Final = "Look what listens on that port now, for instance with `nc`: another service, or another version?"


def _build(options: Any, tools: ProbeTools) -> TcpProbe:
    return TcpProbe(options, tools)


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.expect, "`expect`", "first_byte", "transfer")


def _usual_rules(options: Any) -> list[Mapping[str, Any]]:
    # Where a dropped packet is a good answer, the time is that of the timeout.
    return [] if options.refused else [{"reading": "response_time", "warning": "1s", "critical": "5s"}]


KIND: Final = ProbeKind(
    name="tcp",
    summary="Connects to a port, or sees that nothing listens there; can look at what a service says.",
    options=TcpOptions,
    readings={
        "response_time": Unit.SECONDS,
        "resolve": Unit.SECONDS,
        "connect": Unit.SECONDS,
        "first_byte": Unit.SECONDS,
        "transfer": Unit.SECONDS,
    },
    main="response_time",
    build=_build,
    idle=_idle,
    usual_rules=_usual_rules,
)
