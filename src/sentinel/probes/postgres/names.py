"""How tables and columns are named in a file, and in a statement."""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from pydantic import StringConstraints

_PART: Final = r"[^\s\".'\\;]{1,63}"

#: A table, such as `employees` or `hr.employees`; without a schema it is one of `public`. Written as the catalog has it.
TableField = Annotated[str, StringConstraints(pattern=rf"^{_PART}(\.{_PART})?$")]

#: A column, index or constraint.
PlainField = Annotated[str, StringConstraints(pattern=rf"^{_PART}$")]


class Table(NamedTuple):
    """A table by its schema and name."""

    schema: str
    name: str

    @classmethod
    def named(cls, text: str) -> "Table":
        """From `employees` or `hr.employees`."""
        schema, _, name = text.rpartition(".")
        return cls(schema or "public", name)

    def __str__(self) -> str:
        """As a person writes it."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        """As a statement has it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def quoted(identifier: str) -> str:
    """An identifier as a statement has it, whatever letters it is made of."""
    doubled = identifier.replace('"', '""')
    return f'"{doubled}"'


def listed(names: Sequence[str], most: int = 10) -> str:
    """The names with commas, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
