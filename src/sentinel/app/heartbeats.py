"""The checks that jobs report to, by the token that a report comes with."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sentinel.core.check import Check
from sentinel.engine.runner import Runnable
from sentinel.probes.heartbeat import HeartbeatProbe

#: Jobs try again for about so long, as `curl --retry` does.
BRIDGED = timedelta(minutes=1)

Waiting = tuple[Check, HeartbeatProbe]


class Heartbeats:
    """Finds by the hash of a token: how long that takes says nothing of how close a guess was."""

    def __init__(self, checks: Iterable[Check] = (), probes: Mapping[str, Runnable] | None = None) -> None:
        self._waiting: dict[bytes, list[Waiting]] = {}
        for check in checks:
            probe = (probes or {}).get(check.name)
            if isinstance(probe, HeartbeatProbe):
                self._waiting.setdefault(_hash(probe.token.reveal()), []).append((check, probe))

    def missed(self, since: datetime, until: datetime) -> None:
        """Nothing was heard in that time; shorter ones are bridged by the jobs, which try again."""
        if until - since < BRIDGED:
            return
        for waiting in self._waiting.values():
            for _, probe in waiting:
                probe.missed(since, until)

    def find(self, token: str) -> Sequence[Waiting]:
        """The checks with that token; one, as a rule, and none for a token that nobody has."""
        return self._waiting.get(_hash(token), ())


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
