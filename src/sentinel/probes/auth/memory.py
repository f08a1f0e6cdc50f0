"""What an `auth` check has to know of the passwords that it tried, after a restart too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from sentinel.core.result import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Kept as the note of the check. A note of another shape counts as none."""

    wrong_password_at: datetime | None = None  # when one was last refused as it must be; UTC
    lockout_at: datetime | None = None  # when the lockout was last tried; UTC
    lockout_missing: int = 0  # wrong passwords that the account took then; 0 when it was locked

    @classmethod
    def of_note(cls, note: Note | None) -> Self:
        try:
            return cls(**_read(note or {}))
        except (TypeError, ValueError):
            return cls()

    def note(self) -> Note:
        times = {name: value.isoformat() for name in _TIMES if (value := getattr(self, name)) is not None}
        return {**times, **({"lockout_missing": self.lockout_missing} if self.lockout_missing else {})}

    def waits(self, last: datetime | None, every: timedelta, now: datetime) -> bool:
        """Whether it is too early to try something again. A clock that was set back is no reason to wait for ever."""
        return last is not None and timedelta(0) <= now - last < every


_TIMES: Final = ("wrong_password_at", "lockout_at")


def _read(note: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {name: datetime.fromisoformat(note[name]) for name in _TIMES if name in note}
    if any(moment.tzinfo is None for moment in known.values()):
        raise ValueError("a time without a zone")
    return {**known, "lockout_missing": int(note.get("lockout_missing", 0))}
