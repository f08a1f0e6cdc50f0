"""What stands on a report, in which order: the same for the page, the PDF and the mail, which only draw it.

Everything is text that was written for people already; whoever draws it escapes it.
"""

from dataclasses import dataclass
from typing import Final

#: Tone of words that stand back.
SOFT: Final = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of small print beneath what stands in a cell."""

    text: str
    tone: str = SOFT  # a severity by its label, or `SOFT`


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Shares of a time, in per cent; together they are 100, or nothing is known."""

    up: float
    degraded: float
    down: float
    gap: float
    words: str  # the same for who does not see it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str = ""
    strong: bool = False
    badge: str = ""  # a severity by its label, shown in its colour
    word: str = ""  # what the badge says instead of the severity
    bar: Bar | None = None
    strip: str = ""  # SVG
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    heading: str
    number: bool = False  # aligned to the right, never broken
    weight: float = 0.0  # how much of the width that is left it takes; 0: as much as it needs
    in_mail: bool = True  # whether it stands in a mail, too, which has little width


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = ""  # what is said where there are no rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing."""

    name: str  # short, of letters, digits and hyphens; its file is named after it
    svg: str
    words: str  # what it shows, for who does not see it
    caption: str = ""
    in_mail: bool = False
    only_mail: bool = False  # stands in mails, in place of what these cannot show


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure that is to be seen at once."""

    value: str
    label: str
    tone: str = ""  # a severity by its label, where it is worse than it should be


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a report."""

    heading: str
    intro: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    figures: tuple[Figure, ...] = ()
    table: Table | None = None
    has_bars: bool = False  # whether colours have to be explained
    notes: tuple[str, ...] = ()  # beneath the table
    in_mail: bool = False
    brief: tuple[str, ...] = ()  # what a text in brief says of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A report, ready to be drawn."""

    title: str
    badge: str  # a severity by its label, which colours it
    verdict: str  # what the badge says
    subtitle: str  # the period
    correction: str  # which revision it is and what it corrects; empty for the first
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    method: tuple[str, ...]  # how the figures were computed
    origin: tuple[str, ...]  # who made it out of what
    running: str  # at the foot of each page of a PDF
    period: str  # at its head
    language: str = "en"
