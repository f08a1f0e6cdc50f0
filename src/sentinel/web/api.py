"""The pages for programs: what is asked, who may ask it where, and how the answer looks.

Both listeners have the same routes, each of which says who may ask it. Whoever may open the local socket may everything; over
TCP it depends on the role of who signed in, or of the token. Beside them stand the addresses where jobs report, each of which
holds a secret, the one where Slack posts clicks, and those where pipelines tell of deployments, both of which are signed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_hex
from typing import ParamSpec, TypeVar

import orjson
import structlog
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from sentinel.base.clock import Clock
from sentinel.base.errors import SentinelError
from sentinel.core.access import Role, Scope
from sentinel.reports.documents import Document, HealthDocument, RunLine, StatusDocument
from sentinel.web import openapi, payload, slack
from sentinel.web.answers import body, document_answer, json_answer
from sentinel.web.channels import ChannelPages
from sentinel.web.contract import Contract
from sentinel.web.deployments import DeploymentPages
from sentinel.web.explaining import ExplainingPages
from sentinel.web.exposition import Exposition
from sentinel.web.faces import FacePages
from sentinel.web.fields import NOTHING
from sentinel.web.hooks import Hooks
from sentinel.web.incidents import IncidentPages
from sentinel.web.journal import JournalPages, WrittenDown
from sentinel.web.leftovers import LeftPages
from sentinel.web.monitor import Monitor
from sentinel.web.on_call import OnCallPages
from sentinel.web.outbox import OutboxPages
from sentinel.web.payload import BadRequest
from sentinel.web.posts import PostPages
from sentinel.web.quiet import QuietPages
from sentinel.web.reports import ReportPages
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Rule, rule
from sentinel.web.verifications import VerificationPages

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

#: An answer that takes long to make is good for others who ask within so many seconds.
FRESH = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded(Document):
    """The new configuration is in force."""

    reloaded: bool


class Api:
    """Answers requests out of a monitor."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock
        self._exposition = Exposition()
        # Encoding thousands of checks takes tens of milliseconds: not on the loop that schedules probes.
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="web")
        self._status = _Shared(self._encoded_status)
        self.hooks = Hooks(monitor, clock)
        self._deployments = DeploymentPages(monitor, clock)
        changed = self._status.forget
        self._parts = (
            FacePages(monitor),
            ChannelPages(monitor, clock),
            IncidentPages(monitor, clock, changed),
            QuietPages(monitor, clock, changed),
            self._deployments,
            PostPages(monitor, clock),
            OutboxPages(monitor, clock, changed),
            OnCallPages(monitor),
            ExplainingPages(monitor),
            JournalPages(monitor, clock),
            ReportPages(monitor),
            LeftPages(monitor, clock),
            VerificationPages(monitor),
        )
        self.rules = self._routes()

    def let_go(self) -> None:
        """Answer those who wait for something to happen."""
        self._deployments.close()

    def close(self) -> None:
        self._encoder.shutdown(wait=False, cancel_futures=True)

    def for_tcp(self) -> Starlette:
        """What can be asked over TCP; who may ask what, each route says."""
        slack = rule("/slack/interactions", self.slack, least=None, methods=("POST",))
        return _application(*self.rules, *self.hooks.routes(), slack)

    def for_everything(self) -> Starlette:
        """What the owner of the socket may ask."""
        return _application(*self.rules)

    def _routes(self) -> tuple[Rule, ...]:
        viewer, says = Role.VIEWER, "Whether probing, judging and sending make progress."
        health = Contract(says=says, answers=HealthDocument, otherwise={503: HealthDocument})
        metrics = Contract(says="Metrics for Prometheus.", answers=("text/plain", "application/openmetrics-text"))
        status = Contract(says="How everything is now.", answers=StatusDocument)
        own = Contract(says="This document.", answers=("application/json",))
        return (
            rule("/healthz", self.health, least=None, contract=health),
            rule("/metrics", self.metrics, least=viewer, scope=Scope.METRICS, contract=metrics),
            rule("/api/v1/status", self.status, least=viewer, scope=Scope.STATUS, contract=status),
            rule("/api/v1/openapi.json", self.openapi, least=viewer, contract=own),
            *(route for part in self._parts for route in part.routes()),
            *self._doings(),
            *self._pings(),
        )

    def _doings(self) -> tuple[Rule, ...]:
        """What is done with the whole, and with a check."""
        admin, post, path = Role.ADMIN, ("POST",), "/api/v1/checks/{name}/run"
        run = Contract(says="Run a check now, and answer what it found.", answers=RunLine, takes=NOTHING)
        says = "Read the configuration again; answered when the new one is in force."
        reload = Contract(says=says, answers=Reloaded, takes=NOTHING, refuses=True)
        says = "Have everything in the store that is known; answered then."
        write_down = Contract(says=says, answers=WrittenDown, takes=NOTHING)
        return (
            rule(path, self.run_check, least=Role.OPERATOR, methods=post, doing="check.run", contract=run),
            rule(
                "/api/v1/reload",
                self.reload,
                least=admin,
                methods=post,
                doing="configuration.reload",
                contract=reload,
            ),
            rule("/api/v1/write-down", self.write_down, least=admin, methods=post, contract=write_down),
        )

    def _pings(self) -> tuple[Rule, ...]:
        """Where jobs report; the same addresses as those of healthchecks.io, so that scripts made for it work."""
        methods = ("GET", "POST")  # and HEAD
        return (
            rule("/ping/{token}", self.ping, least=None, methods=methods),
            rule("/ping/{token}/{word}", self.ping, least=None, methods=methods),
        )

    async def health(self, _request: Request) -> Response:
        health = self._monitor.health()
        return document_answer(health, 200 if health.healthy else 503)

    async def metrics(self, request: Request) -> Response:
        accept = request.headers.get("accept", CONTENT_TYPE_LATEST)
        body, content_type = await self._encode(
            self._exposition.write,
            accept,
            self._monitor.snapshot(),
            self._monitor.own_health(),
            self._monitor.health(),
            self._monitor.deployments.current(),
        )
        return Response(body, headers={"content-type": content_type})

    async def status(self, _request: Request) -> Response:
        return Response(await self._status.get(), media_type="application/json")

    async def openapi(self, _request: Request) -> Response:
        return Response(await self._encode(openapi.encoded, self.rules), media_type="application/json")

    async def ping(self, request: Request) -> Response:
        """A job reports. Who knows the token may; that is all that it is good for."""
        token, word = request.path_params["token"], request.path_params.get("word", "")
        report = payload.report(word, request.query_params.get("rid", ""), await request.body())
        if report is None or not await self._monitor.report(token, report):
            raise HTTPException(404, "no check has that address")
        return PlainTextResponse("OK")

    async def slack(self, request: Request) -> Response:
        """Somebody clicked in Slack; its signature says so."""
        return await slack.interaction(self._monitor, request)

    async def run_check(self, request: Request) -> Response:
        NOTHING.read(await body(request))
        line = await self._monitor.run_check(request.path_params["name"])
        self._status.forget()
        if line is None:
            return json_answer(
                {"error": "there is no such check", "hint": "a new one needs `sentinel reload` first"}, 404
            )
        return document_answer(line)

    async def reload(self, request: Request) -> Response:
        NOTHING.read(await body(request))
        before = self._monitor.plan.fingerprint
        problem = await self._monitor.reload()
        tell(request, detail=f"fingerprint {before} before, {self._monitor.plan.fingerprint} after")
        self._status.forget()
        return (
            json_answer({"error": problem, "refusal": "configuration"}, 409)
            if problem
            else document_answer(Reloaded(reloaded=True))
        )

    async def write_down(self, request: Request) -> Response:
        """For a command that is about to read the store: everything that is known is committed first."""
        NOTHING.read(await body(request))
        await self._monitor.write_down()
        return document_answer(WrittenDown(written=True))

    async def _encoded_status(self) -> bytes:
        return await self._encode(_encoded, await self._monitor.status())

    async def _encode(self, write: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._encoder, write, *arguments)


class _Shared:
    """An answer that is made once for all who ask at the same time, and for a moment after."""

    def __init__(self, make: Callable[[], Awaitable[bytes]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._body = b""
        self._good_until = 0.0

    async def get(self) -> bytes:
        async with self._lock:
            if asyncio.get_running_loop().time() >= self._good_until:
                self._body = await self._make()
                self._good_until = asyncio.get_running_loop().time() + FRESH
            return self._body

    def forget(self) -> None:
        """Make the next answer anew: something was changed."""
        self._good_until = 0.0


def _application(*routes: Rule) -> Starlette:
    handlers = {HTTPException: _http_error, SentinelError: _own_error, ClientDisconnect: _left, Exception: _fault}
    return Starlette(routes=routes, exception_handlers=handlers)


def _encoded(document: Document) -> bytes:
    return orjson.dumps(document.to_json())


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = json_answer({"error": error.detail}, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _own_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SentinelError)
    if isinstance(error, BadRequest):
        return json_answer({"error": str(error)}, 400)
    return json_answer({"error": str(error), "hint": error.hint}, 503)


async def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # reaches nobody: the client has gone


async def _fault(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has its traceback under a number, and the client learns the number alone."""
    number = token_hex(4)
    log.error("web.request_failed", path=request.url.path, number=number, exc_info=error)
    return json_answer({"error": "a fault in Sentinel; its log has the details", "number": number}, 500)
