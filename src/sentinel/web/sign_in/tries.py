"""How often somebody may be wrong about a password or a token before they have to wait."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from sentinel.base.clock import Clock

#: Failures without a pause.
FREE = 5

#: The first pause, which doubles with each failure, and the longest; seconds.
FIRST, LONGEST = 1.0, 300.0

#: Failures are forgotten after so many seconds without another one.
FORGOTTEN = 900.0

#: Addresses and names that are kept in mind; beyond, the oldest are forgotten.
MOST = 10_000

#: Characters of a name that count: what is typed may be as long as a form.
LONGEST_NAME = 100


@dataclass(slots=True)
class _Count:
    failures: int = 0
    last: float = 0.0  # steady clock

    @property
    def until(self) -> float:
        """No try before this, by the steady clock."""
        over = self.failures - FREE
        return self.last + min(FIRST * 2.0 ** min(over, 20), LONGEST) if over >= 0 else 0.0


class Tries:
    """Counts failures for each address and for each name. Nobody is ever locked out for longer than `LONGEST`.

    Where somebody was right before, failures of others elsewhere do not count for them: else whoever knows a name could keep
    its owner out, with one try whenever a pause ends.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()
        self._at_home: OrderedDict[tuple[str, str], None] = OrderedDict()  # network and name

    def wait(self, address: str, name: str) -> float:
        """Seconds that somebody from this address, or for this name, has to wait; zero: none."""
        now = self._clock.monotonic()
        found = (self._counts.get(key) for key in self._keys(address, name))
        return max((count.until - now for count in found if count is not None and count.until > now), default=0.0)

    def failed(self, address: str, name: str) -> None:
        """Somebody was wrong."""
        now = self._clock.monotonic()
        for key in self._keys(address, name):
            count = self._counts.pop(key, None) or _Count()
            if now - count.last > FORGOTTEN:
                count = _Count()
            count.failures, count.last = count.failures + 1, now
            self._counts[key] = count
        while len(self._counts) > MOST:
            self._counts.popitem(last=False)

    def taken_back(self, address: str, name: str) -> None:
        """A try that was counted as a failure could not be looked at."""
        for key in self._keys(address, name):
            if (count := self._counts.get(key)) is not None:
                count.failures = max(count.failures - 1, 0)

    def succeeded(self, address: str, name: str) -> None:
        """Somebody was right: their failures are forgotten."""
        for key in self._keys(address, name):
            self._counts.pop(key, None)
        if address and name:
            home = network_of(address), name[:LONGEST_NAME]
            self._at_home.pop(home, None)
            self._at_home[home] = None
        while len(self._at_home) > MOST:
            self._at_home.popitem(last=False)

    def _keys(self, address: str, name: str) -> list[tuple[str, str]]:
        network, known = network_of(address), name[:LONGEST_NAME]
        keys = [("address", network)] if address else []
        if not known:
            return keys
        kind = f"name at {network}" if (network, known) in self._at_home else "name"
        return [*keys, (kind, known)]


def network_of(address: str) -> str:
    """An address; of version 6 its network, since everybody has a whole one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        # Of an address of version 4 that is written as one of version 6 the network would be everybody's.
        return str(known.ipv4_mapped or ip_network((int(known), 64), strict=False))
    return address
