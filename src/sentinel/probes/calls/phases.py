"""The phases of an exchange as readings."""

from collections.abc import Mapping
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import Reading
from sentinel.probes.wire import Phases

UNITS: Final[Mapping[str, Unit]] = {
    "resolve": Unit.SECONDS,
    "connect": Unit.SECONDS,
    "tls": Unit.SECONDS,
    "first_byte": Unit.SECONDS,
    "transfer": Unit.SECONDS,
    "response_time": Unit.SECONDS,
}


def read_phases(phases: Phases) -> list[Reading]:
    """A reading per phase that was reached; without the total, which an exchange that failed does not have."""
    readings = []
    if phases.resolve is not None:
        readings.append(Reading("resolve", phases.resolve, Unit.SECONDS))
    if phases.connect is not None:
        readings.append(Reading("connect", phases.connect, Unit.SECONDS))
    if phases.tls is not None:
        readings.append(Reading("tls", phases.tls, Unit.SECONDS))
    if phases.first_byte is not None:
        readings.append(Reading("first_byte", phases.first_byte, Unit.SECONDS))
    if phases.transfer is not None:
        readings.append(Reading("transfer", phases.transfer, Unit.SECONDS))
    return readings


def added(first: Phases, second: Phases) -> Phases:
    """Two exchanges of one run as one: each phase and the total summed."""
    return Phases(
        resolve=_sum(first.resolve, second.resolve),
        connect=_sum(first.connect, second.connect),
        tls=_sum(first.tls, second.tls),
        first_byte=_sum(first.first_byte, second.first_byte),
        transfer=_sum(first.transfer, second.transfer),
        total=first.total + second.total,
    )


def _sum(first: float | None, second: float | None) -> float | None:
    return second if first is None else first + (second or 0.0)
