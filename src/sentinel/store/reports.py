"""Which reports were made: once per report and period, across restarts and changes of the clock, and which revision stands."""

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from sentinel.store.tables import reports
from sentinel.store.upsert import insert_into


class Made(NamedTuple):
    """What is remembered of a report that was made."""

    revision: int  # the newest
    digest: str  # of what it said; empty where nothing was written


class Reports:
    """The table of reports, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, name: str, period: str) -> bool:
        """Take a report's period for oneself; False when somebody has it already.

        Args:
            name: of the report.
            period: in the report's own time zone, such as `2026-11-22`.
        """
        put = insert_into(self._connection, reports).values(name=name, period=period)
        taken = self._connection.execute(put.on_conflict_do_nothing().returning(reports.c.id))
        return taken.scalar_one_or_none() is not None

    def remember(self, name: str, period: str, made: Made) -> None:
        """Note which revision of a claimed report was made, and of what; an older one than is known changes nothing."""
        claimed = (reports.c.name == name) & (reports.c.period == period) & (reports.c.revision <= made.revision)
        self._connection.execute(update(reports).where(claimed).values(**made._asdict()))

    def made(self, name: str, period: str) -> Made | None:
        """What is remembered of a report; None when it was never made."""
        asked = select(reports.c.revision, reports.c.digest).where(reports.c.name == name, reports.c.period == period)
        row = self._connection.execute(asked).one_or_none()
        return None if row is None else Made(row.revision, row.digest)

    def last(self, name: str) -> str | None:
        """The period that was claimed last."""
        asked = select(reports.c.period).where(reports.c.name == name).order_by(reports.c.id.desc()).limit(1)
        return self._connection.execute(asked).scalar_one_or_none()
