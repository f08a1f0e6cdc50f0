"""What an `auth` check has to know after a restart: pauses after refused logins, and when passwords were last tried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from sentinel.core.result import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Kept as the note of the check. A note of another shape counts as none."""

    mark: str = ""  # of the login that was refused
    not_before: datetime | None = None  # when it may be tried again; UTC
    refusals: int = 0  # in a row
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
        numbers = {name: value for name in ("refusals", "lockout_missing") if (value := getattr(self, name))}
        return {**times, **numbers, **({"mark": self.mark} if self.mark else {})}

    def waits(self, last: datetime | None, every: timedelta, now: datetime) -> bool:
        """Whether it is too early to try something again. A clock that was set back is no reason to wait for ever."""
        return last is not None and timedelta(0) <= now - last < every

    def refused(self, mark: str, not_before: datetime | None, refusals: int) -> Self:
        """A login stands like this now."""
        return replace(
            self, mark=mark if not_before else "", not_before=not_before, refusals=refusals if not_before else 0
        )


_TIMES = ("not_before", "wrong_password_at", "lockout_at")


def _read(note: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {name: datetime.fromisoformat(note[name]) for name in _TIMES if name in note}
    if any(moment.tzinfo is None for moment in known.values()):
        raise ValueError("a time without a zone")
    for name in ("refusals", "lockout_missing"):
        known[name] = int(note.get(name, 0))
    return {**known, "mark": str(note.get("mark", ""))}
