"""Names of tables and columns, and values, as they stand in a statement that Sentinel makes itself."""

from typing import Annotated, Final

from pydantic import StringConstraints

from sentinel.base.redact import Secret

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_$]{0,62}"  # PostgreSQL keeps 63 bytes of a name

#: A column, such as `created_at`. Its case counts.
ColumnName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]

#: A table, such as `user_roles` or `staff.user_roles`. Its case counts.
TableName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(\.{_NAME})?$")]

#: A database user or a schema; these may have a hyphen too.
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$-]{0,62}$")]

#: A text that a column is compared with. Without a backslash its meaning depends on no setting of the server.
PlainText = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\\\x00-\x1f]*$")]


def quoted(name: str) -> str:
    """A column's or table's name as a statement has it: `"staff"."user_roles"`."""
    return ".".join(f'"{part}"' for part in name.split("."))


def literal(value: PlainText | int | bool) -> str:
    """A value as a statement has it: `'it''s'`, `7`, `TRUE`."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def is_postgres(url: Secret) -> bool:
    """Whether the URL names a PostgreSQL server; else it is one of SQLite's family."""
    return url.reveal().startswith(("postgresql://", "postgres://"))
