"""Why things are as they are, for programs."""

from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.access import Role
from sentinel.web.answers import json_answer
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule


class ExplainingPages:
    """Answers about what decides."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/api/v1/explain/{what}", self.explain, least=Role.VIEWER),)

    async def explain(self, request: Request) -> Response:
        document = await self._monitor.explain(request.path_params["what"])
        if document is None:
            hint = "`sentinel --status` names the checks, `sentinel incidents --all` the incidents"
            return json_answer({"error": "there is no such check or incident", "hint": hint}, 404)
        return json_answer(document.to_json())
