"""What every probe is: options in, one measurement out.

A probe never raises for a target that fails; it answers a Measurement. It may raise for a fault of its own, which the runner
turns into an unknown result. It keeps to the deadline it is given, holds no state that a verdict would depend on, and leaves
nothing behind when it is cancelled.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import Measurement
from sentinel.probes.calls.session import Sessions
from sentinel.probes.wire import TlsContexts, Transport


class Probe(Protocol):
    """The code that measures for one check. Built once per check and plan."""

    @property
    def host(self) -> str:
        """The host that it loads, for the limit of probes at once per host; empty when it loads none."""
        ...

    async def measure(self, deadline: float) -> Measurement:
        """Measure once.

        Args:
            deadline: by when to be done, on the running loop's clock (`loop.time()`); covers everything.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds (connections, threads). It is not used afterwards."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKind:
    """One kind of probe: how its options look, what it can read, how it is built."""

    name: str
    summary: str  # one sentence for the reference
    options: type[Options]
    readings: Mapping[
        str, Unit
    ]  # every reading that rules may name; a name ending in `.*` stands for a family of readings
    main: str  # the reading that roll-ups and `--status` show
    build: Callable[[Any, "ProbeTools"], Probe]  # from an instance of `options`
    more_readings: Callable[[Any], Mapping[str, Unit]] = field(default=lambda _options: {})  # those that options add


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTools:
    """What probes share: made by the composition root for every plan, of parts of which some outlive it."""

    clock: Clock
    transport: Transport  # with the resolver
    threads: ThreadPoolExecutor  # for probes that must block; bounded
    contexts: TlsContexts = field(
        default_factory=TlsContexts
    )  # fresh for every plan, so that a reload reads renewed files
    sessions: Sessions = field(default_factory=Sessions)  # logins that checks share; they outlive a plan
