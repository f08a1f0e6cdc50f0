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
    """Counts failures for each address and for each name. Nobody is ever locked out for longer than `LONGEST`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    def wait(self, address: str, name: str) -> float:
        """Seconds that somebody from this address, or for this name, has to wait; zero: none."""
        now = self._clock.monotonic()
        found = (self._counts.get(key) for key in _keys(address, name))
        return max((count.until - now for count in found if count is not None and count.until > now), default=0.0)

    def failed(self, address: str, name: str) -> None:
        """Somebody was wrong."""
        now = self._clock.monotonic()
        for key in _keys(address, name):
            count = self._counts.pop(key, None) or _Count()
            if now - count.last > FORGOTTEN:
                count = _Count()
            count.failures, count.last = count.failures + 1, now
            self._counts[key] = count
        while len(self._counts) > MOST:
            self._counts.popitem(last=False)

    def succeeded(self, address: str, name: str) -> None:
        """Somebody was right: their failures are forgotten."""
        for key in _keys(address, name):
            self._counts.pop(key, None)


def _keys(address: str, name: str) -> list[tuple[str, str]]:
    keys = [("address", _network(address))] if address else []
    return [*keys, ("name", name)] if name else keys


def _network(address: str) -> str:
    """An address; of version 6 its network, since everybody has a whole one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if isinstance(known, IPv6Address) else address
