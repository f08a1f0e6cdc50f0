"""Deployments, for programs: which there are, and what people and pipelines do with them."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.keeper import NotDone
from sentinel.app.library import deployment_file
from sentinel.base.clock import Clock
from sentinel.core.access import Role, Scope
from sentinel.reports.deployment import DeploymentDocument, DeploymentLine, DryRun
from sentinel.reports.documents import Document
from sentinel.reports.forms.library import TYPES
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.deployment_shapes import (
    CHANGES,
    DRY_RUN,
    EXTEND,
    FINISH,
    FOR,
    FORM,
    LIST,
    LONGER,
    MAYBE_WHY,
    NOTE,
    OF,
    REPORT,
    ROLLBACK,
    SEEN,
    START,
    TEXT,
    TOOK,
    WATCH,
    WITHIN,
    asked_rollback,
    asked_start,
)
from sentinel.web.fields import Shape
from sentinel.web.monitor import Monitor
from sentinel.web.reports import file_answer
from sentinel.web.shapes import BY, BY_WHY, WHY
from sentinel.web.sign_in.journaling import tell
from sentinel.web.sign_in.rules import Endpoint, Rule, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentList(Document):
    """Deployments, the newest first."""

    at: datetime
    deployments: tuple[DeploymentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEdition(Document):
    """How far a deployment has come; the edition is another one with everything that happens to it."""

    edition: int
    deployment: DeploymentLine


class DeploymentPages:
    """Answers about deployments."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Answer everybody who waits: the listeners stop, and whoever follows comes back later."""
        self._closing.set()

    def routes(self) -> tuple[Rule, ...]:
        every, one = "/api/v1/deployments", "/api/v1/deployments/{number:number}"
        says = "Deployments that go on, and the last of each system."
        current = Contract(says=says, answers=DeploymentList, asks=LIST)
        listed = Contract(says="Deployments.", answers=DeploymentList, asks=LIST)
        whole = Contract(says="Everything that is known of a deployment.", answers=DeploymentDocument)
        says = "Wait until something happens to a deployment, and say how it stands then."
        changes = Contract(says=says, answers=DeploymentEdition, asks=CHANGES)
        kinds = tuple(TYPES[form].partition(";")[0] for form in ("html", "pdf", "markdown", "json"))
        report = Contract(says="The document that was written of a deployment.", answers=kinds, asks=REPORT)
        return (
            rule(every, self.all, least=Role.VIEWER, scope=Scope.STATUS, contract=listed),
            rule(f"{every}/current", self.current, least=Role.VIEWER, scope=Scope.STATUS, contract=current),
            rule(one, self.one, least=Role.VIEWER, contract=whole),
            rule(f"{one}/changes", self.changes, least=Role.VIEWER, scope=Scope.STATUS, contract=changes),
            rule(f"{one}/report", self.report, least=Role.VIEWER, contract=report),
            *self._doings(every, one),
        )

    def _doings(self, every: str, one: str) -> tuple[Rule, ...]:
        says = "Undo a deployment, once (202); or only say what that would run (200)."
        undone = {202: DeploymentDocument}
        rollback = Contract(says=says, answers=DryRun, takes=ROLLBACK, refuses=True, otherwise=undone)
        return (
            _doing(every, self.start, "start", "Begin a deployment: its window opens.", START),
            _doing(f"{one}/note", self.note, "note", "Put a step on the timeline of a deployment.", NOTE),
            _doing(f"{one}/extend", self.extend, "extend", "Have the window of a deployment end later.", EXTEND),
            _doing(f"{one}/watch", self.watch, "watch", "End the window of a deployment, and begin its watch.", WATCH),
            _doing(f"{one}/finish", self.finish, "finish", "End a deployment as it is.", FINISH),
            _doing(f"{one}/fail", self.fail, "fail", "Say that a step of a deployment failed.", BY_WHY),
            _doing(f"{one}/accept", self.accept, "accept", "Take a deployment that failed as it is.", BY_WHY),
            _doing(f"{one}/veto", self.veto, "veto", "Stop a rollback that has not begun.", BY_WHY),
            rule(
                "/api/v1/rollbacks",
                self.rollback,
                least=Role.OPERATOR,
                scope=Scope.DEPLOY,
                methods=("POST",),
                doing="deployment.rollback",
                contract=rollback,
            ),
        )

    # --- Questions --------------------------------------------------------------------------------------------------

    async def all(self, request: Request) -> Response:
        try:
            lines = await self._monitor.deployments.all(LIST.among(request.query_params)[OF])
        except NotDone as refusal:
            return _refused(refusal, 404)
        return document_answer(DeploymentList(at=self._clock.now(), deployments=tuple(lines)))

    async def current(self, request: Request) -> Response:
        system = LIST.among(request.query_params)[OF].casefold()
        lines = [one for one in self._monitor.deployments.current() if system in ("", one.system.casefold())]
        return document_answer(DeploymentList(at=self._clock.now(), deployments=tuple(lines)))

    async def one(self, request: Request) -> Response:
        try:
            return document_answer(await self._monitor.deployments.one(request.path_params["number"]))
        except NotDone as refusal:
            return _refused(refusal, 404)

    async def changes(self, request: Request) -> Response:
        given, number = CHANGES.among(request.query_params), request.path_params["number"]
        try:
            edition = await self._changed(number, given[SEEN], float(given[WITHIN]))
            line = await self._line(number)
        except NotDone as refusal:
            return _refused(refusal, 404)
        return document_answer(DeploymentEdition(edition=edition, deployment=line))

    async def _changed(self, number: int, seen: int, within: float) -> int:
        """The edition after the next change, the wait, or the end of the listeners."""
        changed = asyncio.ensure_future(self._monitor.deployments.changed(number, seen, within))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((changed, closing), return_when=asyncio.FIRST_COMPLETED)
            return changed.result() if changed.done() else seen
        finally:
            changed.cancel()
            closing.cancel()

    async def _line(self, number: int) -> DeploymentLine:
        """From memory where it goes on, which many may wait for."""
        deployments = self._monitor.deployments
        known = next((line for line in deployments.current() if line.id == number), None)
        return known or (await deployments.one(number)).line

    async def report(self, request: Request) -> Response:
        """The document that lies in the folder of reports. It is written when the deployment is over."""
        form, number = REPORT.among(request.query_params)[FORM], request.path_params["number"]
        try:
            name = await deployment_file(self._monitor.plan, number, form)
        except OSError as error:
            raise HTTPException(503, f"the folder of reports cannot be read: {error.strerror or error}") from error
        if name is None:
            hint = f"it is written when the deployment is over; `sentinel deploy report {number}` writes one now"
            return json_answer({"error": f"no document of deployment {number} in the form {form}", "hint": hint}, 404)
        return await file_answer(self._monitor, name)

    # --- What is done -----------------------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        given = START.read(await signed(request))
        return await _answer(request, self._monitor.deployments.start(asked_start(given)))

    async def note(self, request: Request) -> Response:
        given, number = NOTE.read(await signed(request)), request.path_params["number"]
        noted = self._monitor.deployments.note(number, given[BY], given[TEXT], given[TOOK])
        return await _answer(request, noted)

    async def extend(self, request: Request) -> Response:
        given, number = EXTEND.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.extend(number, given[BY], given[LONGER]))

    async def watch(self, request: Request) -> Response:
        given, number = WATCH.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.watch(number, given[BY], given[FOR]))

    async def finish(self, request: Request) -> Response:
        given, number = FINISH.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.finish(number, given[BY], given[MAYBE_WHY]))

    async def fail(self, request: Request) -> Response:
        given, number = BY_WHY.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.fail(number, given[BY], given[WHY]))

    async def accept(self, request: Request) -> Response:
        given, number = BY_WHY.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.accept(number, given[BY], given[WHY]))

    async def veto(self, request: Request) -> Response:
        given, number = BY_WHY.read(await signed(request)), request.path_params["number"]
        return await _answer(request, self._monitor.deployments.veto(number, given[BY], given[WHY]))

    async def rollback(self, request: Request) -> Response:
        given, deployments = ROLLBACK.read(await signed(request)), self._monitor.deployments
        wanted = asked_rollback(given)
        if not given[DRY_RUN]:
            return await _answer(request, deployments.rollback(wanted), 202)
        try:
            run = await deployments.dry_run(wanted)
        except NotDone as refusal:
            return _refused(refusal)
        tell(request, subject=f"deployment {run.deployment}", detail="a dry run: nothing was changed")
        return document_answer(run)


def _doing(path: str, endpoint: Endpoint, verb: str, says: str, shape: Shape) -> Rule:
    contract = Contract(says=says, answers=DeploymentDocument, takes=shape, refuses=True)
    doing, scope = f"deployment.{verb}", Scope.DEPLOY
    return rule(path, endpoint, least=Role.OPERATOR, scope=scope, methods=("POST",), doing=doing, contract=contract)


async def _answer(request: Request, change: Awaitable[DeploymentDocument], status: int = 200) -> Response:
    try:
        document = await change
    except NotDone as refusal:
        return _refused(refusal)
    tell(request, subject=f"deployment {document.line.id}")
    # A timeline of hundreds of lines takes milliseconds to write: not on the loop that schedules probes.
    return await asyncio.to_thread(document_answer, document, status)


def _refused(refusal: NotDone, status: int = 409) -> Response:
    return json_answer({"error": str(refusal), "hint": refusal.hint}, status)
