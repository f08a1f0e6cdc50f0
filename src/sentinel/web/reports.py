"""Reports, for programs: which there are, and their files."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sentinel.app.library import report_file, reports
from sentinel.core.access import Role
from sentinel.reports.forms.library import TYPES, Library
from sentinel.web.answers import document_answer
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, asked_text
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME
from sentinel.web.sign_in.rules import Rule, rule

#: A report is a page of its own: it may show its styles and drawings, and nothing else. It runs nothing and leads nowhere.
_PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

#: Media types that a browser shows by itself; the others it saves.
_SHOWN: Final = ("text/html", "application/pdf")

REPORT = asked_text("report", LONGEST_NAME, "of one name")
LIST = Shape(REPORT)


class ReportPages:
    """Answers about reports out of the reports folder."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        every = Contract(says="The reports that there are, the latest first.", answers=Library, asks=LIST)
        one = Contract(says="A file of a report.", answers=tuple(kind.partition(";")[0] for kind in TYPES.values()))
        return (
            rule("/api/v1/reports", self.all, least=Role.VIEWER, contract=every),
            rule("/api/v1/reports/{name}", self.file, least=Role.VIEWER, contract=one),
        )

    async def all(self, request: Request) -> Response:
        """The reports, the latest first; with `?report=NAME` those of one name."""
        name = LIST.among(request.query_params)[REPORT]
        try:
            return document_answer(await reports(self._monitor.plan, name))
        except OSError as error:
            raise HTTPException(503, f"the folder of reports cannot be read: {error.strerror or error}") from error

    async def file(self, request: Request) -> Response:
        return await file_answer(self._monitor, request.path_params["name"])


async def file_answer(monitor: Monitor, name: str) -> Response:
    """A file of a report. Only what a manifest names is found: a name is compared and never made a path.

    Raises:
        HTTPException: 404, there is no such file.
    """
    found = await report_file(monitor.plan, name)
    if found is None:
        raise HTTPException(404, "no report has such a file")
    path, kind = found
    shown = kind.partition(";")[0] in _SHOWN
    headers = {"content-security-policy": _PAGE_POLICY} if kind.startswith("text/html") else None
    disposition = "inline" if shown else "attachment"
    return FileResponse(
        path, media_type=kind, filename=path.name, content_disposition_type=disposition, headers=headers
    )
