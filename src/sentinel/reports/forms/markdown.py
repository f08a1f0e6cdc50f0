"""A report as Markdown, as GitHub, GitLab and most wikis and chats read it (CommonMark with GFM's tables).

No text of the report can be markup: what has a meaning there is escaped, and what would become a link or call somebody by
itself (an address, `@name`, `#12`) is parted by a sign that nobody sees.
"""

import re
from collections.abc import Iterator
from typing import Final

from sentinel.channels.clean import one_line
from sentinel.reports.forms.layout import Cell, Figure, Layout, Section, Table, Tile

#: Signs that mean something wherever they stand.
_SIGNS: Final = re.compile(r"([\\`*_\[\]<>|~&$^@])")

#: Signs that mean something at the beginning of a line: of a heading, a list, a rule.
_FIRST: Final = re.compile(r"^(\d{1,9})([.)])|^([#+=-])")

#: What becomes an address or a call without being asked to (GFM 0.29, section 6.9): pages, mail, and what GitHub and GitLab take
#: for a person, a group, an issue, a merge request, a snippet or a milestone.
_CALL: Final = re.compile(r"/(?=/)|\\@(?=\w)|[#!%](?=\d)")
_WWW: Final = re.compile(r"(?i)(?<=www)\.")

#: WORD JOINER: has no width, and nothing is broken at it.
_PARTED: Final = "\u2060"


def markdown(layout: Layout) -> str:
    """The report, as Markdown."""
    return "\n\n".join(_blocks(layout)) + "\n"


def escaped(text: str) -> str:
    """Text that is shown as it is, within a line."""
    text = _WWW.sub(r"\.", _SIGNS.sub(r"\\\1", one_line(text)))
    return _CALL.sub(lambda found: found[0] + _PARTED, text)


def _paragraph(text: str) -> str:
    """The same at the beginning of a line."""
    return _FIRST.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", escaped(text).lstrip())


def _blocks(layout: Layout) -> Iterator[str]:
    yield f"# {escaped(layout.title)}"
    yield f"**{escaped(layout.verdict)}** · {escaped(layout.subtitle)}"
    if layout.correction:
        yield _paragraph(layout.correction)
    yield from _tiles(layout.tiles)
    for section in layout.sections:
        yield from _section(section)
    yield "---"
    if layout.method:
        yield _paragraph(" ".join(layout.method))
    yield from map(_paragraph, layout.origin)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.heading)}"
    yield from map(_paragraph, section.intro)
    yield from _tiles(section.tiles)
    for figure in section.figures:
        if not figure.only_mail:
            yield _figure(figure)
    if section.table is not None:
        yield _table(section.table)
    yield from map(_paragraph, section.notes)


def _tiles(tiles: tuple[Tile, ...]) -> Iterator[str]:
    if tiles:
        yield "\n".join(f"- **{escaped(tile.value)}** {escaped(tile.label)}" for tile in tiles)


def _figure(figure: Figure) -> str:
    """A drawing in words: a text brings no pictures along."""
    return _paragraph(figure.words)


def _table(table: Table) -> str:
    if not table.rows:
        return _paragraph(table.empty)
    names = [escaped(column.heading) or " " for column in table.columns]
    rules = ["--:" if column.number else ":--" for column in table.columns]
    return "\n".join(map(_row, [names, rules, *([_cell(cell) for cell in row] for row in table.rows)]))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    """Its words, each on a line of its own."""
    said = escaped(cell.text)
    lines = [escaped(cell.word or cell.badge), f"**{said}**" if cell.strong and said else said]
    lines += [escaped(line.text) for line in cell.below]
    return "<br>".join(line for line in lines if line.strip()) or " "
