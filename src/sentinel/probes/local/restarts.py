"""How often something that must run was started again lately, as far as Sentinel has seen it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

#: How far back restarts are counted.
LATELY: Final = timedelta(hours=1)

_START: Final = 19  # where a process's start stands among the fields of its `stat` behind the program's name (proc(5))

#: Restarts that are remembered; something that restarts every second would fill a note otherwise.
MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """What was seen of one thing so far."""

    mark: str = ""  # tells this life from the next, such as the process id with its start; empty: not seen yet
    total: int = 0  # what its manager has counted; 0 when it counts none
    moments: tuple[float, ...] = ()  # when restarts were noticed; seconds since 1970

    def seen(self, mark: str, now: datetime, total: int = 0) -> "Restarts":
        """What is known after another look.

        Args:
            mark: of the life that was seen; empty when it does not run just now.
            now: aware.
            total: restarts that its manager counts, so that those between two looks count, too.
        """
        lately = tuple(moment for moment in self.moments if moment > (now - LATELY).timestamp())
        if not mark and self.mark:  # the count stays as it was, so that the next life counts what comes meanwhile
            return replace(self, moments=lately)
        if not self.mark:
            return Restarts(mark=mark, total=total, moments=lately)
        fresh = max(total - self.total, int(mark != self.mark))
        return Restarts(mark=mark, total=total, moments=(*lately, *[now.timestamp()] * min(fresh, MOST))[-MOST:])

    @property
    def lately(self) -> int:
        """How many in the hour before the last look."""
        return len(self.moments)

    def note(self) -> dict[str, Any]:
        return {"mark": self.mark, "total": self.total, "moments": list(self.moments)}

    @classmethod
    def of_note(cls, note: object) -> Self:
        """What a note tells; nothing when it has another shape."""
        if not isinstance(note, Mapping):
            return cls()
        try:
            moments = tuple(float(moment) for moment in note["moments"])
            return cls(mark=str(note["mark"]), total=int(note["total"]), moments=moments[-MOST:])
        except (KeyError, TypeError, ValueError):
            return cls()


def mark_of(pid: int) -> str:
    """What tells this life of a process from another's with the same id; empty when it has ended. Blocks.

    The kernel counts its start in ticks from that of the host. By the time of day, every process would have been started
    anew when somebody sets the clock.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    return f"{pid}@{stat.rpartition(b')')[2].split()[_START].decode()}"
