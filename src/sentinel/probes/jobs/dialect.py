"""How each database says when something was, seen from its own clock."""

from datetime import timedelta
from typing import Final, Protocol

from sentinel.probes.database.identifiers import literal

_DAY: Final = 86_400  # seconds


class Dialect(Protocol):
    """Expressions of SQL. A `column` is a quoted name with its table before it."""

    def age(self, column: str) -> str:
        """Seconds since a moment; NULL where there is none that can be read."""
        ...

    def duration(self, begin: str, end: str) -> str:
        """Seconds between two moments."""
        ...

    def recent(self, column: str, window: timedelta) -> str:
        """True for every moment of the window and for some before it: an index may serve."""
        ...

    def state(self, column: str) -> str:
        """A state to compare with words."""
        ...

    def listed(self, element: str, rows: str) -> str:
        """One JSON list of an expression over the rows of a subquery `r`."""
        ...

    def pair(self, one: str, other: str) -> str:
        """A JSON list of two."""
        ...

    def text(self, column: str) -> str:
        """At most 64 characters."""
        ...


class PostgresDialect:
    """PostgreSQL from 9.4 on."""

    def __init__(self, times: str, zone: str) -> None:
        self._times = times
        self._zone = literal(zone)

    def age(self, column: str) -> str:
        return f"EXTRACT(EPOCH FROM now() - {self._moment(column)})"

    def duration(self, begin: str, end: str) -> str:
        return f"EXTRACT(EPOCH FROM {self._moment(end)} - {self._moment(begin)})"

    def recent(self, column: str, window: timedelta) -> str:
        seconds = int(window.total_seconds()) + 1
        match self._times:
            case "timestamp":
                # A timestamp without a zone is compared by the zone of the session: up to 14 hours off.
                return f"{column} > now() - interval '{seconds + _DAY} seconds'"
            case "seconds":
                return f"{column} > EXTRACT(EPOCH FROM now()) - {seconds}"
            case "milliseconds":
                return f"{column} > (EXTRACT(EPOCH FROM now()) - {seconds}) * 1000"
            case _:
                return "TRUE"

    def state(self, column: str) -> str:
        return f"{column}::text"  # else a word that an enumeration lacks would be an error

    def listed(self, element: str, rows: str) -> str:
        return f"SELECT json_agg({element}) FROM ({rows}) AS r"  # noqa: S608 - names are checked

    def pair(self, one: str, other: str) -> str:
        return f"json_build_array({one}, {other})"

    def text(self, column: str) -> str:
        return f"left({column}::text, 64)"

    def _moment(self, column: str) -> str:
        match self._times:
            case "timestamp":
                with_zone = f"pg_typeof({column}) = 'timestamptz'::regtype"
                naive = f"timezone({self._zone}, {column}::timestamp)"
                return f"CASE WHEN {with_zone} THEN {column}::timestamptz ELSE {naive} END"
            case "seconds":
                return f"to_timestamp({column}::double precision)"
            case "milliseconds":
                return f"to_timestamp({column}::double precision / 1000)"
            case _:
                has_zone = f"{column} ~ ':.*([+-][0-9][0-9](:?[0-9][0-9])?|Z)$'"
                return f"(CASE WHEN {has_zone} THEN {column} ELSE {column} || ' ' || {self._zone} END)::timestamptz"


class SqliteDialect:
    """SQLite from 3.9 on. Times are ISO 8601 in a text, or numbers."""

    def __init__(self, times: str, offset: timedelta) -> None:
        self._times = times
        self._offset = offset.total_seconds()  # of the time zone, now, from UTC

    def age(self, column: str) -> str:
        return f"({_NOW} - {self._moment(column)})"

    def duration(self, begin: str, end: str) -> str:
        return f"({self._moment(end)} - {self._moment(begin)})"

    def recent(self, column: str, window: timedelta) -> str:
        seconds = int(window.total_seconds()) + 1
        match self._times:
            case "seconds":
                return f"{column} > {_NOW} - {seconds}"
            case "milliseconds":
                return f"{column} > ({_NOW} - {seconds}) * 1000"
            case _:
                # Texts in ISO 8601 sort by their day, whatever stands between day and hour, and by which zone.
                return f"{column} > date('now', '-{seconds + _DAY} seconds')"

    def state(self, column: str) -> str:
        return column

    def listed(self, element: str, rows: str) -> str:
        return f"SELECT json_group_array({element}) FROM ({rows}) AS r"  # noqa: S608 - names are checked

    def pair(self, one: str, other: str) -> str:
        return f"json_array({one}, {other})"

    def text(self, column: str) -> str:
        return f"substr({column}, 1, 64)"

    def _moment(self, column: str) -> str:
        match self._times:
            case "seconds":
                return f"CAST({column} AS REAL)"
            case "milliseconds":
                return f"CAST({column} AS REAL) / 1000.0"
        if not self._offset:
            return f"(julianday({column}) - 2440587.5) * 86400.0"
        has_zone = f"(substr({column}, -1) = 'Z' OR substr({column}, -6, 1) IN ('+', '-'))"
        return f"((julianday({column}) - 2440587.5) * 86400.0 - CASE WHEN {has_zone} THEN 0.0 ELSE {self._offset} END)"


#: Julian day 2440587.5 is the beginning of 1970.
_NOW: Final = "(julianday('now') - 2440587.5) * 86400.0"
