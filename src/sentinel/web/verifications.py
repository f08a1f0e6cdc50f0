"""Verifications, for programs: run the checks of a system once, and say how far that is."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.deploying.asking import AskedVerification
from sentinel.app.keeper import NotDone
from sentinel.core.access import Role, Scope
from sentinel.core.deployment.deployment import Verification
from sentinel.reports.verification import VerificationDocument, document
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, asked_flag, maybe_text, words
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME
from sentinel.web.shapes import BY
from sentinel.web.sign_in.rules import Rule, rule

#: Tags that one verification may name.
MOST_TAGS: Final = 20

SYSTEM = maybe_text("system", LONGEST_NAME, "which; none: the only one that is configured")
ENVIRONMENT = maybe_text("environment", LONGEST_NAME, "is refused unless it is the one that is configured")
TAGS = words("tags", MOST_TAGS, LONGEST_NAME, "one of which a check has to have; none: all checks of the system")
VERIFY = Shape(BY, SYSTEM, ENVIRONMENT, TAGS)

BRIEF = asked_flag("brief", "without the checks, to ask how far it is")
LOOK = Shape(BRIEF)


class VerificationPages:
    """Answers about verifications."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        every, operator, viewer = "/api/v1/verifications", Role.OPERATOR, Role.VIEWER
        says = "Begin to run the checks of a system once (202)."
        begun = {202: VerificationDocument}
        begin = Contract(says=says, answers=VerificationDocument, takes=VERIFY, refuses=True, otherwise=begun)
        look = Contract(says="How far a verification has come.", answers=VerificationDocument, asks=LOOK)
        return (
            rule(
                every,
                self.begin,
                least=operator,
                scope=Scope.DEPLOY,
                methods=("POST",),
                doing="deployment.verify",
                contract=begin,
            ),
            rule(f"{every}/{{number:number}}", self.look, least=viewer, scope=Scope.STATUS, contract=look),
        )

    async def begin(self, request: Request) -> Response:
        given = VERIFY.read(await signed(request))
        asked = AskedVerification(by=given[BY], system=given[SYSTEM], environment=given[ENVIRONMENT], tags=given[TAGS])
        try:
            return self._answer(await self._monitor.deployments.verify(asked), 202)
        except NotDone as refusal:
            return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)

    async def look(self, request: Request) -> Response:
        brief = LOOK.among(request.query_params)[BRIEF]
        try:
            return self._answer(self._monitor.deployments.verification(request.path_params["number"]), 200, brief=brief)
        except NotDone as refusal:
            return json_answer({"error": str(refusal), "hint": refusal.hint}, 404)

    def _answer(self, one: Verification, status: int, *, brief: bool = False) -> Response:
        plan = self._monitor.plan
        configured = plan.deployments.get(one.system)
        environment = configured.environment if configured else ""
        return document_answer(document(one, source=plan.name, environment=environment, brief=brief), status)
