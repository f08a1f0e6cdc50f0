"""What every probe is: options in, one measurement out.

A probe never raises for a target that fails; it answers a Measurement. It may raise for a fault of its own, which the runner
turns into an unknown result. It keeps to the deadline it is given, holds no state that a verdict would depend on but what it
puts into its note, and leaves nothing behind when it is cancelled.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import Measurement, Note
from sentinel.probes.calls.session import Sessions
from sentinel.probes.ledger import Ledger, Unkept
from sentinel.probes.resources import Resources
from sentinel.probes.sharing import Shared
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


@runtime_checkable
class Cleans(Protocol):
    """What a probe has beside, when it makes something in the target and the ledger says what is left of it."""

    async def clean_up(self, deadline: float) -> None:
        """Take away what earlier runs left. Raises Finding for the first thing that did not work."""
        ...


def _no_readings(_options: Any) -> Mapping[str, Unit]:
    return {}


def _none_idle(_options: Any) -> Mapping[str, str]:
    return {}


def _no_rules(_options: Any) -> Sequence[Mapping[str, Any]]:
    return ()


def _nothing(_options: Any) -> str:
    return ""


def _no(_options: Any) -> bool:
    return False


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
    lower_is_worse: frozenset[str] = frozenset()  # the readings that a rule bounds from below unless it says otherwise
    # The rest is asked of an instance of `options`.
    main_of: Callable[[Any], str] = _nothing  # the reading that stands for such a check, where it is not `main`
    more_readings: Callable[[Any], Mapping[str, Unit]] = _no_readings  # those that options add
    idle: Callable[[Any], Mapping[str, str]] = _none_idle  # of `readings`, those that options leave off, and the switch
    usual_rules: Callable[[Any], Sequence[Mapping[str, Any]]] = (
        _no_rules  # as a file has them; for what it has none for
    )
    lacks: Callable[[Any], str] = _nothing  # what has to be installed on this host first, and how; empty: nothing
    shares: Callable[[Any], str] = _nothing  # checks that answer the same are due together, and ask once
    makes: Callable[[Any], bool] = _no  # whether a run makes something in the target that it has to take away again


def idle_unless(given: object, switch: str, *readings: str) -> Mapping[str, str]:
    """The readings with what switches them on, such as "`queues`"; none when that is given."""
    return {} if given else dict.fromkeys(readings, switch)


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
    shared: Shared = field(default_factory=Shared)  # answers that checks share
    ledger: Ledger = field(default_factory=Unkept)  # of what scenarios made and have to take away
    resources: Resources = field(default_factory=Resources)  # that one run at a time may use; they outlive a plan
    # What follows is for the check that the probe is built for.
    check: str = ""  # its name
    interval: timedelta = timedelta(minutes=1)  # between its runs
    note: Note | None = None  # what its probe noted last, maybe days ago, maybe by an older version of it
