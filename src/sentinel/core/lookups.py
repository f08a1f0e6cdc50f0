"""Whose fault it is that a name was not resolved: the name's (its zone is broken), or our resolver's.

The resolver answers for a broken zone and for its own troubles with the same words (SERVFAIL, or none at all). What tells them
apart is how other names fare at the same time. That a name does not exist (NXDOMAIN) is an answer, and the name's own matter.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

#: Names that are remembered; the one that was asked for longest ago is forgotten first.
MOST_NAMES = 1000

#: A failure is held against the resolver for so many seconds, in which most checks ask again.
FAILED_FOR = 60.0


class _Seen(NamedTuple):
    resolved: bool
    at: float
    zone: str


class LookUps:
    """How the last look-up of each name ended. Times are seconds of the steady clock."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()  # the latest last
        self.failing_since: float | None = None  # since when the resolver is at fault; None: it is not

    def note(self, name: str, at: float, *, resolved: bool) -> None:
        """A look-up has ended: with addresses, or with nothing that says anything about the name."""
        self._seen[name] = _Seen(resolved, at, zone(name))
        self._seen.move_to_end(name)
        if len(self._seen) > MOST_NAMES:
            self._seen.popitem(last=False)
        if resolved:
            self.failing_since = None

    def witnesses(self, name: str, most: int) -> list[str]:
        """Other names that were resolved when they were last asked for, each of another zone, the latest first."""
        found: dict[str, str] = {}
        for other, seen in reversed(self._seen.items()):
            if seen.resolved and other != name:
                found.setdefault(seen.zone, other)
            if len(found) == most:
                break
        return list(found.values())

    def failed(self) -> list[str]:
        """The names that failed when they were last asked for, the latest first."""
        return [name for name, seen in reversed(self._seen.items()) if not seen.resolved]

    def pardon(self) -> None:
        """Hold nothing against the resolver any more: the names that failed may have been wrong, or are not asked for now."""
        for name in self.failed():
            del self._seen[name]
        self.failing_since = None

    def resolver_at_fault(self, name: str, since: float, now: float) -> bool:
        """Whether a name that could not be resolved says more about the resolver than about its zone.

        It does when no other name was resolved since the look-up began; and when other zones fail as often as others answer,
        since a resolver that has lost its way may still know some names by heart.
        """
        resolved = {seen.zone for other, seen in self._after(since) if seen.resolved and other != name}
        failing = {seen.zone for _, seen in self._after(now - FAILED_FOR) if not seen.resolved}
        failing -= {zone(name), *resolved}
        at_fault = len(failing) >= max(1, len(resolved)) or not resolved
        if at_fault and self.failing_since is None:
            self.failing_since = since
        return at_fault

    def _after(self, at: float) -> Iterator[tuple[str, _Seen]]:
        for name, seen in reversed(self._seen.items()):
            if seen.at < at:
                return
            yield name, seen


def zone(name: str) -> str:
    """What breaks together: the last two labels of a name. Coarse for `co.uk`, where it only makes us more careful."""
    return ".".join(name.lower().rstrip(".").split(".")[-2:])
