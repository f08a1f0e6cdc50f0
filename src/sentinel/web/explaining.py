"""Why things are as they are, for programs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sentinel.web.answers import json_answer
from sentinel.web.monitor import Monitor


class ExplainingPages:
    """Answers about what decides."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def for_everything(self) -> tuple[Route, ...]:
        """What the owner of the socket may ask."""
        return (Route("/api/v1/explain/{what}", self.explain),)

    async def explain(self, request: Request) -> Response:
        document = await self._monitor.explain(request.path_params["what"])
        if document is None:
            hint = "`sentinel --status` names the checks, `sentinel incidents --all` the incidents"
            return json_answer({"error": "there is no such check or incident", "hint": hint}, 404)
        return json_answer(document.to_json())
