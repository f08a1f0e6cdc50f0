"""Reports: which were made, in which forms, and their files."""

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.library import reports
from sentinel.core.access import Role
from sentinel.reports.forms.library import Library
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.reports import file_answer
from sentinel.web.sign_in.rules import Rule, rule


class ReportsPage:
    """Lists reports and hands out their files."""

    def __init__(self, monitor: Monitor, renderer: Renderer) -> None:
        self._monitor = monitor
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/reports", self.show, least=Role.VIEWER),
            rule("/reports/{name}", self.file, least=Role.VIEWER),
        )

    async def show(self, request: Request) -> Response:
        chosen = request.query_params.get("report", "")
        plan = self._monitor.plan
        away, found = "", Library(reports=())
        try:
            found = await reports(plan, chosen)
        except OSError as error:
            away = error.strerror or str(error)
        names = sorted({report.name for report in plan.reports} | {line.report for line in found.reports})
        return await self._renderer.answer(
            request,
            "reports.html",
            title="Reports",
            here="reports",
            lines=found.reports,
            left_out=found.left_out,
            names=names,
            chosen=chosen,
            away=away,
        )

    async def file(self, request: Request) -> Response:
        return await file_answer(self._monitor, request.path_params["name"])
