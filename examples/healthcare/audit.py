"""The audit log: who did what to which record, when, from where, and whether it was allowed."""

import re
import threading
import uuid
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from examples.faults import Switchboard
from examples.healthcare.database import Database, timestamp
from examples.healthcare.faults import Fault

ACCEPTABLE_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
MOST_LATE = 1000  # records held back by the fault `audit_late`; older ones are then written early
MOST_FOUND = 500  # records of one answer
COLUMNS = "seq, at, actor, action, resource_type, resource_id, source_ip, outcome, correlation_id"

# Each record holds the hash of itself and of the one before it, so that nobody changes the past unseen.
INSERT = """
INSERT INTO audit_log
    (at, actor, action, resource_type, resource_id, source_ip, outcome, correlation_id, previous_hash, hash)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, previous,
    sha256(previous || '|' || ?1 || '|' || coalesce(?2, '') || '|' || ?3 || '|' || ?4 || '|' || coalesce(?5, '')
           || '|' || coalesce(?6, '') || '|' || ?7 || '|' || ?8)
FROM (SELECT coalesce((SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1), '') AS previous)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log; None only where the fault `audit_incomplete` took something away."""

    at: datetime
    actor: str | None
    action: str
    resource_type: str
    resource_id: str | None  # None: the whole collection
    source_ip: str | None
    outcome: str  # allowed or refused
    correlation_id: str


class AuditLog:
    def __init__(self, database: Database, faults: Switchboard) -> None:
        self._database = database
        self._faults = faults
        self._lock = threading.Lock()
        self._late: deque[tuple[datetime, Entry]] = deque()

    def record(self, entry: Entry) -> None:
        """Writes the entry, or does what the faults switched on make of it."""
        if self._faults.is_on(Fault.AUDIT_SILENT):
            return
        if self._faults.is_on(Fault.REFUSALS_UNRECORDED) and entry.outcome == "refused":
            return
        if self._faults.is_on(Fault.AUDIT_INCOMPLETE):
            entry = replace(entry, actor=None, source_ip=None)
        if self._faults.is_on(Fault.AUDIT_LATE):
            self._hold_back(entry, timedelta(seconds=self._faults.value(Fault.AUDIT_LATE)))
        else:
            self._write(entry)

    def write_due(self, now: datetime) -> None:
        """Writes what was held back until now, and everything once the fault is mended."""
        while (entry := self._next_due(now)) is not None:
            self._write(entry)

    def find(self, *, correlation_id: str | None, since: datetime | None, limit: int) -> list[dict[str, object]]:
        """The newest records first."""
        rows = self._database.query(
            f"SELECT {COLUMNS} FROM audit_log WHERE (?1 IS NULL OR correlation_id = ?1) AND (?2 IS NULL OR at >= ?2)"
            " ORDER BY seq DESC LIMIT ?3",
            (correlation_id, timestamp(since) if since else None, min(limit, MOST_FOUND)),
        )
        return [dict(row) for row in rows]

    def _hold_back(self, entry: Entry, delay: timedelta) -> None:
        with self._lock:
            self._late.append((entry.at + delay, entry))

    def _next_due(self, now: datetime) -> Entry | None:
        with self._lock:
            if not self._late:
                return None
            still_late = self._faults.is_on(Fault.AUDIT_LATE) and len(self._late) <= MOST_LATE
            if still_late and self._late[0][0] > now:
                return None
            return self._late.popleft()[1]

    def _write(self, entry: Entry) -> None:
        self._database.execute(
            INSERT,
            (
                timestamp(entry.at),
                entry.actor,
                entry.action,
                entry.resource_type,
                entry.resource_id,
                entry.source_ip,
                entry.outcome,
                entry.correlation_id,
            ),
        )


def correlation_id(given: str | None) -> str:
    """The caller's correlation id when it is an acceptable one, else a fresh one."""
    if given is not None and ACCEPTABLE_CORRELATION_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex
