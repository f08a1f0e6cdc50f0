"""The tables of a report as CSV: a file for each list of its document, all figures in base units (RFC 4180, UTF-8).

The tables and their columns follow from the types of the document, so that an empty table has the same columns as a full one.
What is a list within a row becomes a table of its own, whose first columns say which row it belongs to.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from sentinel.reports.documents import plain
from sentinel.reports.report import ReportDocument

#: A spreadsheet takes a text that begins so for a formula, and formulas can send data away.
#: OWASP names the first seven. The last four are the wide forms of the first, which some of them read alike.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
                   "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip

#: Digits after the point: a microsecond, a millionth of a share.
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """One table."""

    name: str  # such as `checks` or `operations-budgets`
    rows: int
    text: str


def tables(document: ReportDocument) -> tuple[CsvTable, ...]:
    """Every table of a report; the first has its single figures."""
    found: dict[str, _Table] = {}
    _walk(found, "", document, {})
    return tuple(
        CsvTable(name=name, rows=len(table.rows), text=_written(table.columns, table.rows))
        for name, table in found.items()
    )


@dataclass(slots=True)
class _Table:
    columns: tuple[str, ...]
    rows: list[Mapping[str, object]]


#: The table of figures that stand alone.
_SINGLE: Final = "report"


def _walk(found: dict[str, _Table], path: str, value: Any, parents: Mapping[str, object]) -> None:
    """The tables of one dataclass: its single fields, its lists, and the parts that it has."""
    kind: Any = type(value)
    single = found.setdefault(path or _SINGLE, _Table(_columns(kind), []))
    single.rows.append(dict(_cells(value)))
    for name, row_kind in _lists(kind).items():
        _list(found, f"{path}-{name}" if path else name, row_kind, getattr(value, name), parents)
    for name in _parts(kind):
        part = getattr(value, name)
        if part is not None:
            _walk(found, f"{path}-{name}" if path else name, part, parents)


def _list(found: dict[str, _Table], path: str, kind: Any, rows: Sequence[Any], parents: Mapping[str, object]) -> None:
    table = found.setdefault(path, _Table((*parents, *_columns(kind)), []))
    singular = path.rpartition("-")[2]
    for name, inner in _lists(kind).items():  # there even when no row is
        key = f"{singular}_{_key(kind)}"
        found.setdefault(f"{path}-{name}", _Table((*parents, key, *_columns(inner)), []))
    for row in rows:
        table.rows.append({**parents, **dict(_cells(row))})
        own = {**parents, f"{singular}_{_key(kind)}": plain(getattr(row, _key(kind)))}
        for name, inner in _lists(kind).items():
            _list(found, f"{path}-{name}", inner, getattr(row, name), own)


# --- What the types say -----------------------------------------------------------------------------------------------


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return {field.name: get_type_hints(kind)[field.name] for field in fields(kind)}


@cache
def _lists(kind: Any) -> dict[str, Any]:
    """The fields that are lists of rows, with what a row is."""
    return {name: inner for name, hint in _hints(kind).items() if (inner := _row_kind(hint)) is not None}


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    """The fields that are parts with lists of their own."""
    return tuple(name for name, hint in _hints(kind).items() if (inner := _class(hint)) and _lists(inner))


def _row_kind(hint: Any) -> Any:
    arguments = get_args(hint)
    return arguments[0] if get_origin(hint) is tuple and arguments and is_dataclass(arguments[0]) else None


def _class(hint: Any) -> Any:
    """The dataclass that a field holds, or may hold."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    found = [option for option in options if option is not NoneType and is_dataclass(option)]
    return found[0] if found else None


def _key(kind: Any) -> str:
    """The field that tells rows of a kind apart: its first."""
    return next(iter(_hints(kind)))


@cache
def _columns(kind: Any, prefix: str = "") -> tuple[str, ...]:
    """Single fields, with those of what a row holds: `line_id`."""
    names: list[str] = []
    for name, hint in _hints(kind).items():
        inner = _class(hint)
        if inner is not None and not _lists(inner):
            names += _columns(inner, f"{prefix}{name}_")
        elif inner is None and _row_kind(hint) is None:
            names.append(prefix + name)
    return tuple(names)


def _cells(value: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    kind: Any = type(value)
    for name, hint in _hints(kind).items():
        held, inner = getattr(value, name), _class(hint)
        if inner is not None:
            if held is not None and not _lists(inner):
                yield from _cells(held, f"{prefix}{name}_")
        elif _row_kind(hint) is None:
            yield prefix + name, plain(held)


# --- Writing ----------------------------------------------------------------------------------------------------------


def _written(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def cell(value: object) -> str:
    """A value as it stands in a cell; a text never as a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return repr(round(value, _DIGITS))
        case int():
            return str(value)
        case list():
            return _guarded("; ".join(map(_bare, value)))
        case Mapping():
            return _guarded("; ".join(f"{key}={_bare(one)}" for key, one in value.items()))
        case _:
            return _guarded(str(value))


def _bare(value: object) -> str:
    return cell(value).removeprefix("'") if isinstance(value, str) else cell(value)


def _guarded(text: str) -> str:
    text = text.replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) else text
