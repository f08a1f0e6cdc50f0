"""What is asked of a database, and what it answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sentinel.core.result import HINTS, FailureClass

ROW_CAP: Final = 1000  # rows read of one answer; those after it are not fetched
CELL_CAP: Final = 1 << 20  # bytes of one text or blob
ANSWER_CAP: Final = 8 << 20  # bytes that one session may receive

#: Of what is not there nothing can be told; that it must be there is the matter of `postgres` (`schema`) and `sqlite` (`tables`).
SCHEMA_HINT: Final = "Compare the query's names with the schema: has a migration not run, or run twice?"
FUNCTION_HINT: Final = (
    "Is it called by its right name, with values of the right types, and is the extension there that it comes from?"
)

#: One value of a row. Numbers of every type come as int or float, times and all other types as text.
Cell = str | int | float | bool | None


_LARGEST: Final = 1e300  # a reading is a finite float; NaN lies between no bounds


def as_number(cell: Cell) -> float | None:
    """The value as a number that a reading can have; None when it is none."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return float(cell) if -_LARGEST < cell < _LARGEST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. `{name}` in its text stands for a parameter, which is bound and never pasted into the text."""

    name: str
    text: str = field(repr=False)
    parameters: tuple[str, ...] = ()  # their names, in order

    def numbered(self, sign: str) -> str:
        """The text with each parameter as the database writes it: `$1` or `?1`."""
        text = self.text
        for number, name in enumerate(self.parameters, start=1):
            text = text.replace(f"{{{name}}}", f"{sign}{number}")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one statement answered. Only the first row is kept."""

    columns: tuple[str, ...]
    rows: int  # at most ROW_CAP
    first: tuple[Cell, ...] = field(repr=False)  # the first row; empty when there is none
    seconds: float  # from sending the statement to the last row

    @property
    def value(self) -> Cell:
        """The first cell of the first row; None when there is none."""
        return self.first[0] if self.first else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why the database did not answer. The texts hold codes and names of tables, never a value, row or message of its own."""

    failure: FailureClass
    explanation: str
    hint: str = ""
    state: str = ""  # PostgreSQL's SQLSTATE, where it told one
    absent: bool = False  # a table, column, function or schema that was asked for is not there
    large: bool = False  # the answer has more bytes than are read

    @property
    def advice(self) -> str:
        return self.hint or HINTS.get(self.failure, "")


class DatabaseError(Exception):
    """Carries a Trouble from where it is found to where `ask` answers."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.explanation)
        self.trouble = trouble


def broken(failure: FailureClass, explanation: str, hint: str = "", *, large: bool = False) -> DatabaseError:
    return DatabaseError(Trouble(failure=failure, explanation=explanation, hint=hint, large=large))


@dataclass(slots=True, kw_only=True)
class Asked:
    """How far one run came: what was answered before the trouble is kept."""

    connect_time: float | None = None  # seconds until the transaction stood
    answers: list[Answer] = field(default_factory=list)  # one per statement, in their order
    trouble: Trouble | None = None


class Database(Protocol):
    """One database to ask. Holds no connection between two runs."""

    @property
    def host(self) -> str:
        """The host it loads; empty for a file."""
        ...

    async def ask(self, statements: Sequence[Statement], deadline: float, values: Sequence[str] = ()) -> Asked:
        """All statements in one read-only transaction, ended by `deadline` (the loop's time).

        `values` are for the parameters, the same for every statement.
        """
        ...


#: Words that end or alter the read-only transaction that every statement runs in.
_CONTROL: Final = re.compile(
    r"\s*(begin|start|commit|end|rollback|abort|savepoint|release|set|reset|attach|detach|prepare|lock)\b",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"\A(\s*(--[^\n]*(\n|\Z)|/\*.*?\*/))+", re.DOTALL)


def refuse_control(text: str) -> str:
    """The text of a statement; ValueError when it is empty or would take the transaction out of our hands."""
    words = _COMMENT.sub("", text)
    if not words.strip():
        raise ValueError("one statement, such as 'SELECT 1'")
    if _CONTROL.match(words):
        raise ValueError("one statement that reads; Sentinel itself begins and ends the transaction")
    return text
