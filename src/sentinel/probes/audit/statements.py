"""The statements that ask a table for its entries, in the words of PostgreSQL and of SQLite."""

from collections.abc import Sequence

from sentinel.probes.audit.chain import PREVIOUS, ChainOptions
from sentinel.probes.audit.trail_options import TrailOptions
from sentinel.probes.audit.walking import Position
from sentinel.probes.database import Statement
from sentinel.probes.database.identifiers import is_postgres, quoted


class Writer:
    """Writes the statements for one log. Rows come as one JSON text, as both databases can make it."""

    def __init__(self, options: TrailOptions) -> None:
        self._postgres = is_postgres(options.database)
        self._table = quoted(options.table)
        self._sequence = quoted(options.sequence)
        self._at = quoted(options.at)
        self._batch = options.batch
        self._floor = options.after
        self._hashed = self._of_chain(options.chain)

    def edge(self, name: str, direction: str) -> Statement:
        """The first or last entry."""
        row = self._array([self._sequence, self._at, "NULL", "NULL"])
        return Statement(
            name=name,
            text=f"SELECT {row} FROM {self._table} ORDER BY {self._sequence} {direction} LIMIT 1",  # noqa: S608 - names are checked
        )

    def page(self, name: str, start: Position | None, last: int | None = None) -> Statement:
        """The entries from `start` on, or from the first; without a known start, new ones begin near the end."""
        bounds = [self._after() if start is None else f"{self._sequence} >= {start.sequence}"]
        bounds += [] if last is None else [f"{self._sequence} <= {last}"]
        from_the_end = start is None and last is None and self._floor is None
        columns = [self._sequence, self._at, *self._hashed]
        named = ", ".join(f"{column} AS c{number}" for number, column in enumerate(columns))
        rows = (
            f"SELECT {named} FROM {self._table} WHERE {' AND '.join(bounds)}"  # noqa: S608 - names are checked
            f" ORDER BY {self._sequence} {'DESC' if from_the_end else 'ASC'} LIMIT {self._batch}"
        )
        row = self._array([f"c{number}" for number in range(len(columns))])
        gathered = "json_agg" if self._postgres else "json_group_array"
        return Statement(name=name, text=f"SELECT {gathered}({row}) FROM ({rows}) AS page")  # noqa: S608 - names are checked

    def counts(self, spans: Sequence[tuple[int, int]]) -> Statement:
        """How many entries there are with numbers above the first and up to the second of each span."""
        columns = [
            f"(SELECT count(*) FROM {self._table} WHERE {self._sequence} > {after} AND {self._sequence} <= {last})"  # noqa: S608 - names are checked
            for after, last in spans
        ]
        return Statement(name="count", text=f"SELECT {', '.join(columns)}")

    def _after(self) -> str:
        return "1 = 1" if self._floor is None else f"{self._sequence} > {self._floor}"

    def _array(self, parts: Sequence[str]) -> str:
        return f"{'json_build_array' if self._postgres else 'json_array'}({', '.join(parts)})"

    def _of_chain(self, chain: ChainOptions | None) -> list[str]:
        """The hash, the previous hash, and what is hashed, as texts."""
        if chain is None:
            return ["NULL", "NULL"]
        previous = "NULL" if chain.previous is None else self._text(quoted(chain.previous))
        parts = [self._text(quoted(column)) for column in chain.columns if column != PREVIOUS]
        own = [] if chain.text is None else [self._text(f"({chain.text})")]
        return [self._text(quoted(chain.hash)), previous, *parts, *own]

    def _text(self, value: str) -> str:
        if self._postgres:
            return f"({value})::text"
        return f"CASE typeof({value}) WHEN 'blob' THEN lower(hex({value})) ELSE CAST({value} AS TEXT) END"
