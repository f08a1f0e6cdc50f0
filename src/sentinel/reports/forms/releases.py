"""The deployments of a period, as a section."""

from collections.abc import Iterator

from sentinel.reports.deployment import outcome, severity
from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table, Tile
from sentinel.reports.forms.words import NOTHING, Zone, amount, counted, lasted, per_cent
from sentinel.reports.releases import ReleaseLine, Releases


def sections(part: Releases, when: Zone) -> Iterator[Section]:
    """What was deployed, by whom, and what came of it."""
    columns = (
        Column(heading=""),
        Column(heading="Deployment", weight=3),
        Column(heading="Started"),
        Column(heading="By", in_mail=False),
        Column(heading="Took", number=True, in_mail=False),
        Column(heading="Seen down", number=True, in_mail=False),
        Column(heading="What came of it", weight=3),
    )
    more = ("There were more deployments than are listed here.",) if part.left_out else ()
    yield Section(
        heading="Deployments",
        tiles=tuple(_tiles(part)),
        table=Table(columns=columns, rows=tuple(_row(one, when) for one in part.lines)),
        notes=(*more, _METHOD),
        in_mail=True,
        brief=(_brief(part),),
    )


_METHOD = (
    "Failed: it was found worse than before, or somebody said so, whether it was rolled back, taken as it is, or stands so. "
    "Restored: from when it was found to fail to the end of the proven rollback, or until somebody took it as it is."
)


def _tiles(part: Releases) -> Iterator[Tile]:
    yield Tile(value=amount(part.started), label=f"deployments, {amount(part.started_before)} before")
    yield Tile(
        value=per_cent(part.failure_rate),
        label=f"of {amount(part.ended)} failed{_before(per_cent(part.failure_rate_before))}",
        tone="WARNING" if part.failed else "",
    )
    yield Tile(
        value=lasted(part.restore),
        label=f"to restore, on the mean of {amount(part.restored)}{_before(lasted(part.restore_before))}",
    )
    yield Tile(value=lasted(part.down), label="seen down during them")


def _before(figure: str) -> str:
    return "" if figure == NOTHING else f", {figure} before"


def _brief(part: Releases) -> str:
    failed = f", {part.failed} of {part.ended} failed" if part.failed else ""
    return f"{counted(part.started, 'deployment')}{failed}."


def _row(one: ReleaseLine, when: Zone) -> tuple[Cell, ...]:
    line, bad = one.line, severity(one.line)
    came = f"from {line.from_version}" if line.from_version else ""
    where = " · ".join(filter(None, (f"#{line.id}", came, line.environment, line.ref)))
    restored = f"restored after {lasted(one.restored_after)}" if one.restored_after is not None else ""
    undone = f"rollback: {one.rollback.value}" if one.rollback is not None else ""
    why = "" if line.text in ("", outcome(line)) else line.text
    return (
        Cell(badge=bad.label, word="GOES ON" if line.ending is None else outcome(line).upper()),
        Cell(text=line.label, strong=True, below=(Line(text=where),)),
        Cell(text=when.short(line.started_at)),
        Cell(text=line.by),
        Cell(text=lasted(one.lasted)),
        Cell(text=lasted(one.down_for) if one.down_for else NOTHING),
        Cell(
            text=why or outcome(line),
            below=tuple(Line(text=text) for text in (undone, restored) if text),
        ),
    )
