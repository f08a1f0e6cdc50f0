"""What a mail shows of a report: its main figures as HTML that common mail programs draw, and pictures beside it.

Tables for the layout, styles in every element, no script, nothing loaded from anywhere. A picture is named by `cid:NAME.png`;
the mail channel puts in the identifier under which it goes along.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sentinel.reports.forms.layout import Figure, Layout
from sentinel.reports.forms.page import template

#: Rows of a table that a mail shows: as many as keep it below what mail programs cut, some of them at 102 KB.
MOST_ROWS: Final = (15, 8, 4, 2)
_LARGEST: Final = 90_000  # bytes

#: Pixels of a picture for each point, for screens that have two.
_ZOOM: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """The HTML of a mail and its pictures by name."""

    html: str
    pictures: Mapping[str, bytes]


def mail_page(layout: Layout, link: str = "") -> MailPage:
    """What a mail shows. It blocks: some 20 ms for each picture.

    Args:
        layout: the report.
        link: address of a page; empty when there is none.
    """
    shown = [
        figure
        for section in layout.sections
        if section.in_mail
        for figure in section.figures
        if figure.in_mail or figure.only_mail
    ]
    pictures = {figure.name: png for figure in shown if (png := picture(figure)) is not None}
    html = ""
    for most in MOST_ROWS:
        html = template("report_mail.html").render(report=layout, pictures=pictures, most=most, link=link)
        if len(html.encode()) <= _LARGEST:
            break
    return MailPage(html=html, pictures=pictures)


def picture(figure: Figure) -> bytes | None:
    """A drawing as PNG; None where nothing here can make one: there are machines for which nobody built it."""
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415  4 MB that only who sends reports pays for
    except ImportError:
        return None
    try:
        return bytes(svg_to_bytes(svg_string=figure.svg, zoom=_ZOOM, background="#ffffff"))
    except ValueError:
        return None
