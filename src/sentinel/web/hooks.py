"""Incoming webhooks: `POST /hooks/deployments/<system>` of the TCP port, where GitHub, GitLab or a script tells of a deployment.

A signature over the body, or a token, is the access control; who has neither learns nothing, not even which systems there are.
What was told before changes nothing: senders repeat themselves, and whoever overheard one may, too.
"""

import asyncio
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.deploying.asking import AskedStart
from sentinel.app.keeper import NotDone
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.base.redact import Secret
from sentinel.core.access import Via
from sentinel.core.deployment.deployment import Phase
from sentinel.core.deployment.plan import DeploymentPlan, HookForm, HookPlan
from sentinel.core.journal import Deed
from sentinel.reports.deployment import DeploymentDocument, DeploymentLine
from sentinel.reports.documents import Document
from sentinel.web.answers import body as json_body
from sentinel.web.answers import document_answer, json_answer
from sentinel.web.hook_events import HookEvent, Step, read_event
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.journaling import line as one_line
from sentinel.web.sign_in.rules import Rule, rule
from sentinel.web.sign_in.tries import Tries

log = structlog.get_logger()

#: Bytes. An event of GitHub repeats what it says of the repository, and has about 30 KiB.
BODY_LIMIT: Final = 64 * 1024

#: What happened longer ago is told too late: nobody starts the watch of a deployment of yesterday.
OLDEST: Final = timedelta(hours=1)

#: Clocks differ, and a delivery takes its time: by so much an event may seem to lie ahead, or before what it is about.
SKEW: Final = timedelta(minutes=2)

#: Deliveries that are kept in mind; beyond, the oldest are forgotten, and what is known of the deployment decides alone.
MOST_SEEN: Final = 1_000

#: Who says so, on the timeline and in the journal.
_NAMES: Final = {HookForm.GITHUB: "GitHub", HookForm.GITLAB: "GitLab", HookForm.PLAIN: "webhook"}

#: What is compared with where there is no such system, so that the time of the answer says nothing either.
_NOBODYS: Final = HookPlan(secret=Secret(""))

_VERBS: Final = {
    Step.STARTED: "start",
    Step.WATCH: "watch",
    Step.FINISHED: "finish",
    Step.FAILED: "fail",
    Step.NOTE: "note",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer(Document):
    """What came of a delivery."""

    done: str  # the step that was taken; empty: none
    why: str = ""  # nothing was done
    deployment: int = 0  # its number; 0: of none


class Hooks:
    """Takes deliveries in."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock
        self._tries = Tries(clock)  # of senders that were wrong
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()  # system and key
        self._locks: dict[str, asyncio.Lock] = {}  # by system: two deliveries of one event may come at once

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/hooks/deployments/{system}", self.take, least=None, methods=("POST",)),)

    async def take(self, request: Request) -> Response:
        plan = self._monitor.plan.deployments.get(request.path_params["system"])
        content = await request.body()  # as it came: the signature is of these bytes
        if len(content) > BODY_LIMIT:
            raise HTTPException(413, "body too large")
        hook = plan.hook if plan is not None and plan.hook is not None else None
        if not is_from(hook or _NOBODYS, request, content) or plan is None or hook is None:
            return await self._stranger((request.scope.get("client") or ("",))[0])
        event = read_event(hook.form, request.headers, await json_body(request))
        async with self._locks.setdefault(plan.system, asyncio.Lock()):
            try:
                return document_answer(await self._follow(plan, hook, event))
            except NotDone as refusal:
                return json_answer({"error": str(refusal), "hint": refusal.hint}, 409)

    # --- Who sends --------------------------------------------------------------------------------------------------

    async def _stranger(self, address: str) -> Response:
        """Tell the journal, unless it has heard enough of this address for the moment. Who is right is never slowed down."""
        if wait := self._tries.wait(address, ""):
            answer = json_answer({"error": "too many requests that nobody signed", "hint": "see `retry-after`"}, 429)
            answer.headers["retry-after"] = str(int(wait) + 1)
            return answer
        self._tries.failed(address, "")
        detail = f"from {address}"
        deed = Deed(at=self._clock.now(), by="", via=Via.HOOK, action="hook.refused", subject="", detail=detail)
        try:
            await self._monitor.journal.note(deed)
        except StoreError as error:
            log.warning("hook.refused", address=address, not_in_the_journal=str(error))
        raise HTTPException(401, "this is not signed as it has to be")

    # --- What is said -----------------------------------------------------------------------------------------------

    async def _follow(self, plan: DeploymentPlan, hook: HookPlan, event: HookEvent) -> HookAnswer:
        """Do what an event asks for, unless it was done before; raises NotDone."""
        if event.step is None:
            return HookAnswer(done="", why=event.why)
        if event.environment and event.environment.casefold() != plan.environment.casefold():
            return HookAnswer(done="", why="it is of another environment than the one that is watched here")
        last = next((one for one in self._monitor.deployments.current() if one.system == plan.system), None)
        known = (plan.system, event.key)
        if known in self._seen or (last is not None and is_repeat(event, last)):
            return HookAnswer(done="", why="it was told before", deployment=last.id if last else 0)
        if why := _untimely(event, last, self._clock.now()):
            return HookAnswer(done="", why=why, deployment=last.id if last else 0)
        if why := _of_another(event, last):
            return await self._left_alone(hook, event, last, why)
        made = await self._do(plan, hook, event.step, event, last)
        self._seen[known] = None
        while len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return HookAnswer(done=event.step.value, deployment=made.line.id)

    async def _left_alone(self, hook: HookPlan, event: HookEvent, last: DeploymentLine | None, why: str) -> HookAnswer:
        """Do nothing about news of a version that is not the one that goes on; the journal says that they came."""
        number = last.id if last is not None else 0
        deed = Deed(
            at=self._clock.now(),
            by=_NAMES[hook.form],
            via=Via.HOOK,
            action="hook.left_alone",
            subject=f"deployment {number}",
            detail=one_line(f"{event.step}: {why}"),
        )
        await self._monitor.journal.note(deed)
        return HookAnswer(done="", why=why, deployment=number)

    async def _do(
        self, plan: DeploymentPlan, hook: HookPlan, step: Step, event: HookEvent, last: DeploymentLine | None
    ) -> DeploymentDocument:
        """Do it, with a word in the journal unless it is refused."""
        by = _NAMES[hook.form]
        subject = f"deployment {last.id}" if last is not None and step is not Step.STARTED else plan.system
        detail = one_line(
            f"system {plan.system}; version {event.version}" if event.version else f"system {plan.system}"
        )
        action = f"deployment.{_VERBS[step]}"
        deed = Deed(at=self._clock.now(), by=by, via=Via.HOOK, action=action, subject=subject, detail=detail)
        async with self._monitor.journal.doing(deed) as pen:
            if step is Step.STARTED:
                made = await self._monitor.deployments.start(_asked(plan, by, event))
            else:
                made = await self._go_on(_meant(plan, last), by, step, event)
            pen.say(subject=f"deployment {made.line.id}")
        return made

    async def _go_on(self, number: int, by: str, step: Step, event: HookEvent) -> DeploymentDocument:
        deployments = self._monitor.deployments
        match step:
            case Step.WATCH:
                return await deployments.watch(number, by, event.lasts)
            case Step.FINISHED:
                return await deployments.finish(number, by, event.text)
            case Step.FAILED:
                return await deployments.fail(number, by, event.text)
            case _:
                return await deployments.note(number, by, event.text, event.took)


def is_from(hook: HookPlan, request: Request, content: bytes) -> bool:
    """Whether whoever sends knows the secret: by GitHub's signature over the body, or by GitLab's token."""
    secret = hook.secret.reveal().encode()
    if hook.form is HookForm.GITLAB:
        shown, right = request.headers.get("x-gitlab-token", ""), secret
    else:
        shown = request.headers.get("x-hub-signature-256", "")
        right = b"sha256=" + hmac.new(secret, content, sha256).hexdigest().encode()
    return hmac.compare_digest(sha256(shown.encode("latin-1")).digest(), sha256(right).digest())


def _untimely(event: HookEvent, last: DeploymentLine | None, now: datetime) -> str:
    """Why an event means nothing now; empty where it does. Who has overheard one keeps it, and so does its signature."""
    if now - event.at > OLDEST:
        return f"it happened more than {OLDEST // timedelta(hours=1)} h ago"
    if event.at > now + SKEW:
        return "it has not happened yet, by the clock here"
    if last is None:
        return ""
    # A start is of a later deployment, and everything else of the one that goes on.
    before = last.started_at if event.step is Step.STARTED else last.started_at - SKEW
    return f"it happened before deployment {last.id} began" if event.at <= before else ""


def _of_another(event: HookEvent, last: DeploymentLine | None) -> str:
    """Why news are not of the deployment that goes on; empty where they are, or where none goes on. A start is of its own."""
    if last is None or last.phase is Phase.ENDED or event.step is Step.STARTED:
        return ""
    if not event.version or event.version == last.version:
        return ""
    return f"{last.system} {last.version} (deployment {last.id}) goes on, not {event.version}"


def is_repeat(event: HookEvent, last: DeploymentLine) -> bool:
    """Whether a deployment stands already as an event says, or further."""
    if event.version and event.version != last.version:
        return False
    over = last.phase is Phase.ENDED
    match event.step:
        case Step.STARTED:
            return not over
        case Step.WATCH:
            return last.phase is not Phase.UNDER_WAY
        case Step.FINISHED:
            return over
        case Step.FAILED:
            return last.phase not in (Phase.UNDER_WAY, Phase.WATCHING)
        case _:
            return False


def _asked(plan: DeploymentPlan, by: str, event: HookEvent) -> AskedStart:
    return AskedStart(
        by=by,
        version=event.version,
        system=plan.system,
        environment=plan.environment,
        ref=event.ref,
        from_version=event.from_version,
        backup_id=event.backup_id,
        window=event.window,
        expects_down=event.expects_down,
        impact=event.impact,
        anyway=event.anyway,
    )


def _meant(plan: DeploymentPlan, last: DeploymentLine | None) -> int:
    """The number of the deployment that an event is about; raises NotDone."""
    if last is None or last.phase is Phase.ENDED:
        raise NotDone(f"no deployment of {plan.system} goes on", "an event that it has started comes first")
    return last.id
