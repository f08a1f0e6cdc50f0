"""A report as one page that needs nothing beside itself: it can be mailed, printed and kept."""

from functools import cache
from typing import TYPE_CHECKING

from sentinel.base.escaping import escaping
from sentinel.channels.clean import one_line
from sentinel.reports.forms.layout import Layout

if TYPE_CHECKING:
    from jinja2 import Template


def page(layout: Layout) -> str:
    """The page, in HTML."""
    return template("report.html").render(report=layout)


@cache
def template(name: str) -> "Template":
    """A template of reports: it shows nothing that it is not given, and escapes what it shows."""
    # Only a process that writes a report pays for the import.
    from markupsafe import Markup  # noqa: PLC0415

    environment = escaping("sentinel.reports")
    environment.finalize = lambda value: one_line(value) if type(value) is str else value  # Markup is left as it is
    # Drawings are made by `reports.drawing`, which has escaped every word in them.
    environment.globals["drawn"] = Markup
    return environment.get_template(name)
