"""A report as a PDF, set by `press` in a process of its own."""

import asyncio
import json
import sys
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sentinel.base.process import ProgramFailed, run_program
from sentinel.channels.clean import one_line
from sentinel.reports.forms.layout import Layout, Section

#: Seconds that setting may take. A report of 2,000 checks takes some 5.
WITHIN: Final = 30.0

#: Rows of one table: 25 pages. A typesetter takes 200 KB and 3 ms for each.
MOST_ROWS: Final = 500

#: Bytes of one PDF at most.
LARGEST: Final = 32 << 20

#: Fields that are SVG.
_DRAWINGS: Final = ("svg", "strip")

#: A typesetter on two threads is quick enough, and leaves the rest of the host to what it watches.
_ENVIRONMENT: Final = {"RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}


class NotPressed(Exception):
    """There is no PDF. The text says why."""


async def pdf(layout: Layout, at: datetime) -> bytes:
    """The PDF of a report.

    Args:
        layout: what stands on it.
        at: the date that the file bears; the end of its period, not when it was made.

    Raises:
        NotPressed: it could not be made within its bounds.
    """
    deadline = asyncio.get_running_loop().time() + WITHIN
    given = json.dumps(sheet(layout, at), ensure_ascii=False).encode()
    arguments = (sys.executable, "-m", "sentinel.reports.forms.press")
    try:
        ended = await run_program(
            arguments, deadline, environment=_ENVIRONMENT, given=given, output_cap=LARGEST, end_when_full=True
        )
    except ProgramFailed as error:
        raise NotPressed(f"no PDF: {error}") from None
    if ended.status or ended.cut or not ended.output.startswith(b"%PDF"):
        raise NotPressed(f"no PDF: the typesetter ended with status {ended.status}{_last_words(ended.errors)}")
    return ended.output


def sheet(layout: Layout, at: datetime) -> dict[str, object]:
    """What the template is given."""
    sections = tuple(map(_bounded, layout.sections))
    said: dict[str, object] = _clean(asdict(replace(layout, sections=sections)))
    return said | {"author": "Sentinel", "date": (at.year, at.month, at.day)}


def _bounded(section: Section) -> Section:
    """The section with as many rows as a PDF has."""
    table = section.table
    if table is None or len(table.rows) <= MOST_ROWS:
        return section
    more = f"{len(table.rows) - MOST_ROWS:,} more rows stand in the page, the JSON and the tables of this report."
    return replace(section, table=replace(table, rows=table.rows[:MOST_ROWS]), notes=(more, *section.notes))


def _clean(value: Any, name: str = "") -> Any:
    """The values without signs that deceive the eye or that a PDF cannot have; drawings are left as they are."""
    match value:
        case str():
            return value if name in _DRAWINGS else one_line(value)
        case dict():
            return {name: _clean(one, name) for name, one in value.items()}
        case list() | tuple():
            return [_clean(one) for one in value]
        case _:
            return value


def _last_words(errors: bytes) -> str:
    """The kind of the error alone: what a typesetter says may quote what it was given."""
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    kind = lines[-1].partition(":")[0] if lines else ""
    return f" ({kind})" if kind.replace(".", "").isidentifier() else ""
