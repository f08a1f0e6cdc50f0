"""Which reports were made: once per report and period, across restarts and changes of the clock."""

from sqlalchemy import Connection, select

from sentinel.store.tables import reports
from sentinel.store.upsert import insert_into


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

    def last(self, name: str) -> str | None:
        """The period that was claimed last."""
        asked = select(reports.c.period).where(reports.c.name == name).order_by(reports.c.id.desc()).limit(1)
        return self._connection.execute(asked).scalar_one_or_none()
