"""Pauses after refused logins, carried through restarts in the note of a check: starting anew is no reason to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sentinel.base.clock import Clock
from sentinel.probes.calls.session import Account

_MOST: Final = 200  # logins of one check, in a note of at most 64 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One login that was refused."""

    mark: str  # of user and password: with others it may be tried at once
    not_before: datetime  # UTC
    refusals: int  # in a row

    def written(self) -> dict[str, Any]:
        return {"mark": self.mark, "not_before": self.not_before.isoformat(), "refusals": self.refusals}


class Patience:
    """The pauses of the logins of one check."""

    def __init__(self, accounts: Mapping[str, Account | None], clock: Clock, noted: object) -> None:
        """Go on with the pauses that were noted. `noted` is of whatever shape an older version wrote."""
        self._accounts = {name: account for name, account in accounts.items() if account is not None}
        self._clock = clock
        self._pauses: dict[str, Pause] = {}
        for name, account in self._accounts.items():
            pause = _read(noted, name)
            if pause is not None and pause.mark == account.mark:
                account.be_patient((pause.not_before - clock.now()).total_seconds(), pause.refusals)
                self._pauses[name] = pause

    def written(self) -> dict[str, Any]:
        """The pauses as they are now, for the note; empty when no login waits. The same as long as nothing changes."""
        for name, account in list(self._accounts.items())[:_MOST]:
            seconds, refusals = account.patience
            known = self._pauses.get(name)
            if not seconds:
                self._pauses.pop(name, None)
            elif known is None or known.refusals != refusals:
                until = self._clock.now() + timedelta(seconds=seconds)
                self._pauses[name] = Pause(mark=account.mark, not_before=until, refusals=refusals)
        return {name: pause.written() for name, pause in self._pauses.items()}


def _read(noted: object, name: str) -> Pause | None:
    known = noted.get(name) if isinstance(noted, Mapping) else None
    if not isinstance(known, Mapping):
        return None
    try:
        until = datetime.fromisoformat(known["not_before"])
        pause = Pause(mark=str(known["mark"]), not_before=until, refusals=int(known["refusals"]))
    except (KeyError, TypeError, ValueError):
        return None
    return pause if until.tzinfo is not None else None
