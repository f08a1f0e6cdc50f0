"""A report for programs."""

import json

from sentinel.reports.report import ReportDocument


def as_json(document: ReportDocument) -> str:
    """The document as JSON; readable for people, too."""
    return json.dumps(document.to_json(), indent=1, ensure_ascii=False) + "\n"
