"""The two outside APIs that employees come from, as far as the service needs them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.faults import Switchboard
from examples.fhs_prosight.faults import Fault
from examples.fhs_prosight.settings import MADE_FOR_MONITORS, OUTSIDE_TOKEN

HRS = "/ads/api/Furnace/rest/json/hr/s10/{number}"
COVID = "/fhs_covid_api/api/reportVaccines/detail"


class Outside:
    """HRS, which answers everybody, and the COVID API, which wants a token."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def routes(self) -> list[Route]:
        return [Route(HRS, self._hrs), Route(COVID, self._covid)]

    async def _hrs(self, request: Request) -> Response:
        if self._board.is_on(Fault.HRS_DOWN):
            return Response("down", status_code=503)
        return JSONResponse(person(request.path_params["number"]))

    async def _covid(self, request: Request) -> Response:
        if self._board.is_on(Fault.COVID_DOWN):
            return Response("down", status_code=503)
        if request.headers.get("authorization") != f"Bearer {OUTSIDE_TOKEN}":
            return JSONResponse({"detail": "a token is needed"}, status_code=401)
        name = request.query_params.get("userName", "")
        return JSONResponse({"isFHS": request.query_params.get("isFHS") == "true", "userName": name, "doses": 3})


def person(number: str) -> dict[str, str]:
    """What HRS knows of somebody."""
    return {
        "id": number,
        "name_tw": "Sentinel" if number in MADE_FOR_MONITORS else "Canary",
        "name_en": "Mary Canary",
        "department_code": "D4",
        "job_title": "Technician",
    }
