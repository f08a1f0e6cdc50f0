"""The forms of a report, from its document at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.page import page

if TYPE_CHECKING:
    from sentinel.reports.report import ReportDocument


def html(document: ReportDocument) -> str:
    """The page of a report."""
    return page(lay_out(document))
