"""Which endpoints are known, and since when others are seen."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import orjson

from sentinel.core.result import Note
from sentinel.probes.openapi.listing import fingerprint

_VERSION: Final = 1
_LONGEST_NOTE: Final = 60_000  # bytes of JSON
_NAMELESS: Final = ""  # of an endpoint that only a digest was kept of

Endpoints = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How the endpoints differ from those that are known."""

    added: Endpoints = ()
    removed: Endpoints = ()  # an empty name where there were too many to be kept by name

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class Memory:
    """Remembers the known endpoints. What is seen instead of them becomes known after a time."""

    def __init__(self, note: Note | None, *, remember: timedelta) -> None:
        """`remember`: for how long a change is told."""
        self._remember = remember
        self._known: dict[str, str] | None = None  # names by digest
        self._seen, self._since = "", datetime.min.replace(tzinfo=UTC)  # what is seen, by fingerprint, and since when
        self._recall(note or {})

    def look(self, endpoints: Endpoints, now: datetime, *, agreed: bool) -> Change | None:
        """What changed; None at the first look. `agreed`: so they shall be, and are known from now on."""
        now_seen, known = _by_digest(endpoints), self._known
        if (seen := fingerprint(endpoints)) != self._seen:
            self._seen, self._since = seen, now
        if known is None or agreed or now - self._since >= self._remember:
            self._known = now_seen
            return None if known is None else Change()
        return Change(
            added=tuple(sorted(name for digest, name in now_seen.items() if digest not in known)),
            removed=tuple(sorted(name for digest, name in known.items() if digest not in now_seen)),
        )

    def note(self) -> Note:
        """What has to be known after a restart: names, or digests when there are too many, or nothing when that is too much."""
        known = self._known or {}
        head = {"version": _VERSION, "seen": self._seen, "since": self._since.timestamp()}
        wholes: tuple[Note, ...] = ({**head, "known": list(known.values())}, {**head, "digests": list(known)})
        named = _NAMELESS not in known.values()
        fitting = (one for one in wholes[0 if named else 1 :] if len(orjson.dumps(one)) <= _LONGEST_NOTE)
        return next(fitting, {}) if known else {}

    def _recall(self, note: Note) -> None:
        """A note of another form is as none."""
        try:
            if note["version"] != _VERSION:
                return
            since = datetime.fromtimestamp(float(note["since"]), tz=UTC)
            names = [str(name) for name in note.get("known", [])]
            known = {**_by_digest(tuple(names)), **{str(digest): _NAMELESS for digest in note.get("digests", [])}}
            if known:
                self._seen, self._since, self._known = str(note["seen"]), since, known
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return


def _by_digest(endpoints: Endpoints) -> dict[str, str]:
    return {blake2b(endpoint.encode(), digest_size=4).hexdigest(): endpoint for endpoint in endpoints}
