"""Why things are as they are, for programs."""

from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.access import Role
from sentinel.reports.explanation import ExplanationDocument
from sentinel.web.answers import document_answer, json_answer
from sentinel.web.contract import Contract
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule


class ExplainingPages:
    """Answers about what decides."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        contract = Contract(says="Why a check or an incident is as it is.", answers=ExplanationDocument)
        return (rule("/api/v1/explain/{what}", self.explain, least=Role.VIEWER, contract=contract),)

    async def explain(self, request: Request) -> Response:
        document = await self._monitor.explain(request.path_params["what"])
        if document is None:
            hint = "`sentinel --status` names the checks, `sentinel incidents --all` the incidents"
            return json_answer({"error": "there is no such check or incident", "hint": hint}, 404)
        return document_answer(document)
