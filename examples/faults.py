"""Faults of a service that can be switched on to see what a monitor says about them."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.serving import read_json_object

EXEMPT = "/_faults"  # the switches themselves always answer, as everything below `/_` does


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """The one number a fault may take."""

    unit: str
    default: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a fault does."""

    what: str
    parameter: Parameter | None = None


def seconds(default: float) -> Parameter:
    return Parameter(unit="seconds", default=default, maximum=60.0)


def share(default: float) -> Parameter:
    return Parameter(unit="share of requests, 0 to 1", default=default, maximum=1.0)


class Switchboard:
    """Which faults of a catalogue are on, and each one's number. All are off at the start."""

    def __init__(self, catalogue: Mapping[StrEnum, Description]) -> None:
        self.catalogue = catalogue
        self._values: dict[StrEnum, float] = {}
        self._owed: dict[StrEnum, float] = {}

    def is_on(self, fault: StrEnum) -> bool:
        return fault in self._values

    def value(self, fault: StrEnum) -> float:
        """The fault's number while it is on, 0.0 while it is off."""
        return self._values.get(fault, 0.0)

    def switch_on(self, fault: StrEnum, value: float | None = None) -> None:
        """ValueError when the number does not suit the fault."""
        self._values[fault] = self._suitable(fault, value)

    def switch_off(self, fault: StrEnum) -> None:
        self._values.pop(fault, None)

    def is_due(self, fault: StrEnum) -> bool:
        """Whether this request is one of the share that the fault strikes; evenly spread, not by chance."""
        self._owed[fault] = self._owed.get(fault, 0.0) + self.value(fault)
        if self._owed[fault] < 1.0:
            return False
        self._owed[fault] -= 1.0
        return True

    def named(self, name: str) -> StrEnum:
        """The fault of that name; ValueError with the known ones."""
        for fault in self.catalogue:
            if fault.value == name:
                return fault
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(self.catalogue)}")

    def listing(self) -> list[dict[str, object]]:
        return [self._line(fault, description) for fault, description in self.catalogue.items()]

    def _line(self, fault: StrEnum, description: Description) -> dict[str, object]:
        line: dict[str, object] = {"name": fault.value, "what": description.what, "on": self.is_on(fault)}
        if description.parameter is not None:
            line["unit"] = description.parameter.unit
            line["value"] = self._values.get(fault, description.parameter.default)
        return line

    def _suitable(self, fault: StrEnum, value: float | None) -> float:
        """The number a fault is switched on with: the given one within its bounds, else its default."""
        parameter = self.catalogue[fault].parameter
        if parameter is None:
            if value is not None:
                raise ValueError(f"{fault} takes no value")
            return 1.0
        if value is None:
            return parameter.default
        if not math.isfinite(value) or not 0.0 < value <= parameter.maximum:
            raise ValueError(f"{fault} takes a value above 0 and up to {parameter.maximum:g} ({parameter.unit})")
        return value


#: Told of a fault that was switched, for those that change more than how requests are answered.
Switched = Callable[[StrEnum, bool], None]


def _nothing_more(_fault: StrEnum, _on: bool) -> None:
    """The switch alone does it."""


class Switches:
    """The endpoints that list and switch faults: `GET /_faults`, `POST /_faults/{name}` with `{"on": true, "value": 3}`."""

    def __init__(self, board: Switchboard, switched: Switched = _nothing_more) -> None:
        self._board = board
        self._switched = switched

    def routes(self) -> list[Route]:
        return [Route(EXEMPT, self._list), Route(f"{EXEMPT}/{{name}}", self._switch, methods=["POST"])]

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"faults": self._board.listing()})

    async def _switch(self, request: Request) -> Response:
        try:
            fault = self._board.named(request.path_params["name"])
        except ValueError as error:
            raise HTTPException(404, str(error)) from None
        wanted = await read_json_object(request)
        on, value = wanted.get("on"), wanted.get("value")
        if not isinstance(on, bool) or isinstance(value, bool) or not isinstance(value, int | float | None):
            raise HTTPException(422, 'expected is {"on": true or false}, with a number as "value" where it has one')
        self._put(fault, on, value)
        await run_in_threadpool(self._switched, fault, on)
        return await self._list(request)

    def _put(self, fault: StrEnum, on: bool, value: float | None) -> None:
        if not on:
            self._board.switch_off(fault)
            return
        try:
            self._board.switch_on(fault, value)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """The faults of a catalogue that strike a whole request, before any endpoint sees it."""

    down: StrEnum
    slow: StrEnum
    errors: StrEnum


class Trouble:
    """Middleware: down, slow and errors."""

    def __init__(self, app: ASGIApp, board: Switchboard, faults: General) -> None:
        self._app = app
        self._board = board
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not scope["path"].startswith("/_"):
            await asyncio.sleep(self._board.value(self._faults.slow))
            app = self._answer() or app
        await app(scope, receive, send)

    def _answer(self) -> JSONResponse | None:
        if self._board.is_on(self._faults.down):
            return JSONResponse({"detail": "the service is down"}, status_code=503)
        if self._board.is_due(self._faults.errors):
            return JSONResponse({"detail": "something went wrong"}, status_code=500)
        return None
