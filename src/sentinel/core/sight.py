"""Whether a result says anything about its target, or only how well Sentinel can see just now.

Three things make a monitor blind without its noticing: the process does not run (suspended, stopped, starved), the network of
its own host is gone, and names are not resolved (`core.lookups`). A result of such a moment is unknown: it accuses nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import ip_address

from sentinel.base.units import format_duration
from sentinel.core.result import SECURITY, FailureClass, Measurement, Outcome, failed

#: With these nobody has answered, or somebody fell silent in the middle: a dead network of our own looks the same from here.
#: A refused connection is not among them: it is an answer, and who is down behind a gateway that works must be told of.
NOBODY_ANSWERS = frozenset(
    {
        FailureClass.DNS_NOT_FOUND,  # some resolvers deny every name while they have no way out
        FailureClass.DNS_FAILED,
        FailureClass.DNS_TIMEOUT,
        FailureClass.UNREACHABLE,
        FailureClass.CONNECT_TIMEOUT,
        FailureClass.TLS_TIMEOUT,
        FailureClass.READ_TIMEOUT,
        FailureClass.QUERY_TIMEOUT,
        FailureClass.RESET,  # a gateway that restarts has forgotten its connections
        FailureClass.INCOMPLETE,
        FailureClass.NO_REPLY,
    }
)

_OF_NAMES = frozenset({FailureClass.DNS_NOT_FOUND, FailureClass.DNS_FAILED, FailureClass.DNS_TIMEOUT})

#: With these something did not come in time. Whoever does not look in time sees the same.
BY_TIME = frozenset(
    {
        FailureClass.DNS_TIMEOUT,
        FailureClass.CONNECT_TIMEOUT,
        FailureClass.TLS_TIMEOUT,
        FailureClass.READ_TIMEOUT,
        FailureClass.QUERY_TIMEOUT,
        FailureClass.NO_REPLY,
        FailureClass.STEP_FAILED,
        FailureClass.RESOLVER_DOWN,
    }
)

#: A time-out that is noticed so many seconds after its deadline says more about this host than about the target.
SUSPECT = 0.3

#: So does one of a run in which this process waited for a turn for such a share of its time-out: an exchange takes some ten
#: turns. (For short time-outs that is less than `SUSPECT`, but never less than `TURN` seconds, which a busy host takes as well.)
WAIT_SHARE = 0.1
TURN = 0.03

#: And one in which it had no turn for such a share of its time-out altogether.
LOST_SHARE = 0.3

#: A pass that lost so many seconds, and more than `WAIT_SHARE`, measured our own slowness: bounds would judge that.
LOST_PASS = 0.5

#: From so many seconds on it is no delay any more: this process, or this host, stood still.
STANDSTILL = 5.0

#: Beacons that answered so many seconds before a run ended are believed without another look.
FRESH = 2.0


class BeaconKind(Enum):
    TCP = "tcp"  # accepts a connection
    HTTP = "http"  # gives any answer
    DNS = "dns"  # a name that is resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Beacon:
    """Something that nearly always answers (others say connectivity canary). When none does, it is not they who are gone."""

    kind: BeaconKind
    name: str  # for people: host and port, or what is resolved
    host: str
    port: int = 0
    url: str = ""  # what is asked for by HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """How Sentinel finds out whether its own network works."""

    beacons: tuple[Beacon, ...] = ()  # none: it does not ask
    every: timedelta = timedelta(seconds=20)
    timeout: timedelta = timedelta(seconds=3)
    need: int = 1  # so many have to answer

    @property
    def longest(self) -> timedelta:
        """How long a result may wait for beacons: for the round that is under way, and one more."""
        return self.timeout * 2 if self.beacons else timedelta(0)

    @property
    def names(self) -> str:
        return ", ".join(beacon.name for beacon in self.beacons)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which this host, or this process, stood still. Aware, UTC."""

    since: datetime
    until: datetime
    stopped: bool  # this process was stopped; False: only the wall clock leapt, as after a suspend

    def __str__(self) -> str:
        day = "" if self.since.date() == self.until.date() else f"{self.since:%Y-%m-%d} "
        return f"from {day}{self.since:%H:%M:%S} to {self.until:%H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which circumstances a run took place."""

    timeout: float  # seconds it might take
    after_deadline: float = 0.0  # seconds that it ended after its deadline
    lost: float = 0.0  # seconds of it in which this process waited for a turn, altogether
    longest: float = 0.0  # the longest of these waits
    gap: Gap | None = None  # that it fell into


def as_seen(measurement: Measurement, under: Conditions) -> Measurement:
    """The measurement; or unknown, when this host stood still or had no time. A hole in security was seen however late."""
    if measurement.failure in SECURITY:
        return measurement
    if under.gap is not None and (under.gap.stopped or measurement.outcome is not Outcome.PASS):
        return _unknown(measurement, FailureClass.STOOD_STILL, f"this host stood still {under.gap}")
    late = _late(measurement, under)
    if late is None:
        return measurement
    return _unknown(measurement, FailureClass.OVERLOADED, f"this host was {format_duration(late)} late to look")


def _late(measurement: Measurement, under: Conditions) -> float | None:
    """The seconds that this process was late, if they spoil the result."""
    wait = max(TURN, under.timeout * WAIT_SHARE)
    if measurement.outcome is Outcome.PASS:
        return under.lost if under.lost > max(LOST_PASS, wait) else None
    if measurement.failure not in BY_TIME:
        return None
    if under.after_deadline > min(SUSPECT, wait):
        return under.after_deadline
    if under.longest > wait:
        return under.longest
    return under.lost if under.lost > max(TURN, under.timeout * LOST_SHARE) else None


# --- The network ----------------------------------------------------------------------------------------------------


class Trust(Enum):
    """What beacons say about a run."""

    SEEN = "seen"  # the network worked while it ran
    BLIND = "blind"  # it did not
    ASK = "ask"  # nobody knows: ask them now


@dataclass(frozen=True, slots=True)
class Sightings:
    """When beacons were last seen, in seconds of the steady clock."""

    well_at: float = float("-inf")  # enough of them answered
    dark_at: float = float("-inf")  # they did not


def trust(sightings: Sightings, began: float, ended: float) -> Trust:
    """Whether a run that nobody answered may accuse its target."""
    if sightings.dark_at >= began:
        return Trust.BLIND
    return Trust.SEEN if sightings.well_at >= max(began, ended - FRESH) else Trust.ASK


def hangs_on_network(measurement: Measurement, host: str) -> bool:
    """Whether a dead network of this host could be all there is to a failure."""
    if measurement.failure in _OF_NAMES:
        return True  # a resolver on this host asks others over the network
    # A kind without a host looks at what is here, such as a container engine on its socket.
    return measurement.failure in NOBODY_ANSWERS and bool(host) and not is_here(host)


def is_here(host: str) -> bool:
    """Whether a host, as it is configured, is this one: it is reached without a network."""
    if host.startswith("/") or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def without_network(measurement: Measurement, connectivity: Connectivity) -> Measurement:
    """The measurement of a run that took place while beacons did not answer."""
    return _unknown(measurement, FailureClass.NETWORK_DOWN, f"{measurement.explanation}; and {silence(connectivity)}")


def silence(connectivity: Connectivity) -> str:
    """That too few beacons answer, and which they are."""
    count, need = len(connectivity.beacons), connectivity.need
    if need > 1:
        return f"fewer than {need} of {count} beacons answer ({connectivity.names})"
    return f"no beacon answers ({connectivity.names})"


def _unknown(measurement: Measurement, failure: FailureClass, explanation: str) -> Measurement:
    """Without its readings, which say nothing; with its note, as the probe will not give that again."""
    return failed(failure, explanation, note=measurement.note)
