"""Replication: how far standbys are behind, seen from the primary or from the standby itself, and what slots hold back."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import Field

from sentinel.base.fields import Options
from sentinel.base.units import Unit, format_bytes, format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.postgres.names import listed
from sentinel.probes.postgres.part import Look, PartKind, Row, Rule, above


class ReplicationOptions(Options):
    """Streaming replication, of a primary or of a standby, whichever the URL leads to."""

    role: Literal["primary", "standby"] | None = None
    """What the server must be. Not written: either."""
    standbys: int | None = Field(default=None, ge=0)
    """How many standbys a primary must have, at least."""
    names: tuple[str, ...] = ()
    """Those that it must have, by their `application_name`."""
    archive: bool = False
    """The standby takes WAL from an archive alone: that no primary sends to it is no fault."""


_STANDBYS: Final = """
SELECT application_name AS name, coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag,
       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 AS behind
FROM pg_stat_replication WHERE state IN ('streaming', 'catchup') AND replay_lsn IS NOT NULL
ORDER BY behind DESC
"""
#: Who has replayed all that came is not behind, however long ago the primary wrote last.
_OWN: Final = """
SELECT CASE WHEN r.pid IS NOT NULL AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag,
       greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::float8 AS behind,
       r.pid IS NOT NULL AS receives, pg_is_wal_replay_paused() AS paused,
       extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time)::float8 AS silent_for
FROM (SELECT) AS one LEFT JOIN pg_stat_wal_receiver r ON true
"""
_SLOTS: Final = """
SELECT slot_name AS name, active, {status} AS status,
       coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                                restart_lsn), 0)::float8 AS held
FROM pg_replication_slots WHERE NOT temporary ORDER BY held DESC
"""
_STATUS_FROM: Final = 130000  # pg_replication_slots tells of lost WAL

_LAG_HINT: Final = "Look at the standby's load, its disk, long queries on it, and the network between the two."
_RECEIVER_HINT: Final = (
    "See primary_conninfo, the standby's log, and whether the primary lets it in (pg_hba.conf, slots)."
)
_SLOT_HINT: Final = (
    "Start its reader again; or, if nobody needs it any more, SELECT pg_drop_replication_slot('{name}')."
)
_LOST_HINT: Final = "What reads from it has to be set up anew: WAL that it needs is gone (max_slot_wal_keep_size)."


class Replication:
    """Asks what the server is, and then either side's view."""

    def __init__(self, options: ReplicationOptions) -> None:
        self._options = options

    async def look(self, look: Look) -> None:
        self._find_role(look)
        await _read_slots(look)
        look.needs_statistics()
        if look.server.standby:
            await self._look_from_standby(look)
        else:
            await self._look_from_primary(look)

    def _find_role(self, look: Look) -> None:
        role = "standby" if look.server.standby else "primary"
        if self._options.role not in {None, role}:
            explanation = f"the server is a {role}, expected a {self._options.role}"
            look.find(
                FailureClass.DRIFTED,
                explanation,
                "Was there a failover? See which server is which, and where the URL leads.",
            )

    async def _look_from_primary(self, look: Look) -> None:
        standbys = await look.rows(_STANDBYS)
        look.read("standbys", len(standbys), Unit.COUNT)
        self._find_missing(look, [row.text("name") for row in standbys])
        for reading, unit in (("lag", Unit.SECONDS), ("behind", Unit.BYTES)):
            worst = max(standbys, key=lambda row, column=reading: row.number(column), default=None)  # type: ignore[misc]
            if worst is not None:
                look.read(f"replication_{reading}", max(worst.number(reading), 0.0), unit, self._hint(worst))

    def _find_missing(self, look: Look, names: Sequence[str]) -> None:
        missing = [name for name in self._options.names if name not in names]
        wanted = self._options.standbys
        if missing:
            look.find(FailureClass.MISSING, f"replication: {listed(missing)} not connected", _RECEIVER_HINT)
        elif wanted is not None and len(names) < wanted:
            explanation = f"replication: {len(names)} standbys, expected at least {wanted}"
            look.find(FailureClass.MISSING, explanation, _RECEIVER_HINT)

    def _hint(self, standby: Row) -> str:
        """Names a standby only where the file does."""
        name = standby.text("name")
        whose = f"Standby {name}" if name in self._options.names else "The slowest standby"
        behind, lag = format_bytes(standby.number("behind")), format_duration(standby.number("lag"))
        return f"{whose} is {behind} and {lag} behind. {_LAG_HINT}"

    async def _look_from_standby(self, look: Look) -> None:
        own = await look.row(_OWN)
        if not own.flag("receives") and not self._options.archive:
            look.find(FailureClass.NOT_RUNNING, "replication: no primary sends to this standby", _RECEIVER_HINT)
        hint = "Replay is paused: SELECT pg_wal_replay_resume() goes on." if own.flag("paused") else _LAG_HINT
        lag = own.known("lag")
        if lag is not None:  # None: nothing was replayed since the start
            look.read("replication_lag", max(lag, 0.0), Unit.SECONDS, hint)
        look.read("replication_behind", own.number("behind"), Unit.BYTES, hint)


async def _read_slots(look: Look) -> None:
    status = "wal_status" if look.server.version >= _STATUS_FROM else "NULL"
    slots = await look.rows(_SLOTS.format(status=status))
    lost = [row.text("name") for row in slots if row.text("status") == "lost"]
    if lost:
        look.find(FailureClass.UNHEALTHY, f"replication: slot {listed(lost)} has lost WAL", _LOST_HINT)
    idle = [row for row in slots if not row.flag("active")]
    held = [row for row in slots if row.text("status") != "lost"]
    look.read("inactive_slots", len(idle), Unit.COUNT, _slot_hint(idle))
    look.read("slot_retained", max((row.number("held") for row in held), default=0.0), Unit.BYTES, _slot_hint(held))


def _slot_hint(slots: Sequence[Row]) -> str:
    if not slots:
        return ""
    name = slots[0].text("name")
    return f"Slot {name} keeps {format_bytes(slots[0].number('held'))} of WAL. {_SLOT_HINT.format(name=name)}"


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [
        above("replication_lag", warning="30s", critical="5m"),
        above("replication_behind", warning="256 MiB", critical="2 GiB"),
        above("inactive_slots", warning=0),
        above("slot_retained", warning="2 GiB", critical="10 GiB"),
    ]


PART: Final = PartKind(
    name="replication",
    readings={
        "standbys": Unit.COUNT,
        "replication_lag": Unit.SECONDS,
        "replication_behind": Unit.BYTES,
        "inactive_slots": Unit.COUNT,
        "slot_retained": Unit.BYTES,
    },
    build=lambda options, _tools: Replication(options),
    usual_rules=_usual_rules,
)
