"""Sessions that wait for another's lock, and deadlocks."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import Note
from sentinel.probes.postgres.part import Look, PartKind, Rule, above

_POINTS_EVERY: Final = 300  # seconds between two noted counts of deadlocks
_OVER: Final = 3600  # seconds that deadlocks are counted over

Points = list[tuple[int, int]]  # seconds since the epoch, deadlocks until then; in order


class LocksOptions(Options):
    """Sessions of this database that wait for locks, and deadlocks."""


_WAITING: Final = """
SELECT l.pid, max(extract(epoch FROM clock_timestamp() - {since}))::float8 AS waited
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
GROUP BY l.pid ORDER BY waited DESC NULLS LAST
"""
_WAITSTART_FROM: Final = 140000  # pg_locks has when the waiting began; before that only the query's beginning is known
_BLOCKERS: Final = "SELECT pg_blocking_pids($1::int)::text AS pids"
_DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_DEADLOCKS_HINT: Final = "The server's log has both statements of each; let the application lock in one order."


class Locks:
    """Who waits, for whom, and how many deadlocks there were in the last hour."""

    def __init__(self, options: LocksOptions) -> None:
        """There is nothing to choose."""

    async def look(self, look: Look) -> None:
        await self._count_deadlocks(look)
        knows_waiting = look.server.version >= _WAITSTART_FROM
        if not knows_waiting:
            look.needs_statistics()
        since = "coalesce(l.waitstart, a.query_start)" if knows_waiting else "a.query_start"
        waiting = await look.rows(_WAITING.format(since=since))
        longest = max(waiting[0].number("waited"), 0.0) if waiting else 0.0
        hint = await self._hint(look, waiting[0].count("pid")) if waiting else ""
        look.read("longest_lock_wait", longest, Unit.SECONDS, hint)
        look.read("blocked_sessions", len(waiting), Unit.COUNT, hint)

    async def _hint(self, look: Look, pid: int) -> str:
        blockers = re.findall(r"\d+", (await look.row(_BLOCKERS, str(pid))).text("pids"))[:5]
        if not blockers:
            return f"Session {pid} has waited longest, and has got its lock by now."
        named = ", ".join(blockers)
        return (
            f"Session {pid} has waited longest, for session {named}: see in pg_stat_activity what that does; "
            f"SELECT pg_terminate_backend({blockers[0]}) ends it."
        )

    async def _count_deadlocks(self, look: Look) -> None:
        total = (await look.row(_DEADLOCKS)).count("deadlocks")
        now = int(look.now.timestamp())
        points = _read_points(look.before)
        if points and total < points[-1][1]:  # the server's statistics were reset
            points = []
        points = [point for point in points if now - _OVER <= point[0] <= now]
        if points:
            look.read("deadlocks", total - points[0][1], Unit.COUNT, _DEADLOCKS_HINT)
        if not points or now - points[-1][0] >= _POINTS_EVERY:
            points.append((now, total))
        look.after = {"deadlocks": points}


def _read_points(note: Note) -> Points:
    """The noted counts; none of a note of another shape."""
    try:
        return [(int(at), int(total)) for at, total in note.get("deadlocks", ())]
    except (TypeError, ValueError):
        return []


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [
        above("longest_lock_wait", warning="30s", critical="2m"),
        above("deadlocks", warning=5, critical=50),
    ]


PART: Final = PartKind(
    name="locks",
    readings={"longest_lock_wait": Unit.SECONDS, "blocked_sessions": Unit.COUNT, "deadlocks": Unit.COUNT},
    build=lambda options, _tools: Locks(options),
    usual_rules=_usual_rules,
    unwritten=LocksOptions(),
)
