"""What incoming webhooks say, in the words of whoever sends them, read into what it means for a deployment.

The fields are those of GitHub's event `deployment_status` and of GitLab's deployment events, as both document them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import orjson

from sentinel.base.moments import read_moment
from sentinel.core.deployment.plan import HookForm
from sentinel.web.deployment_shapes import (
    ANYWAY,
    BACKUP,
    ENVIRONMENT,
    EXPECT_DOWN,
    FOR,
    FROM,
    IMPACT,
    LASTS,
    PLAIN_NAME,
    REF,
    TOOK,
    maybe_name,
)
from sentinel.web.fields import Shape, choice, maybe_text, time
from sentinel.web.payload import LONGEST_REASON, BadRequest


class Step(StrEnum):
    """What a sender says of its deployment."""

    STARTED = "started"
    WATCH = "watch"  # it is made: now it is watched
    FINISHED = "finished"  # it is made, and nobody watches
    FAILED = "failed"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """One delivery, read."""

    step: Step | None  # None: nothing that is for Sentinel
    why: str = ""  # there is no step
    key: str = ""  # the same for each delivery of the same event
    at: datetime = datetime.max.replace(tzinfo=UTC)  # when it happened, as the sender says
    environment: str = ""
    version: str = ""  # empty: whichever goes on
    ref: str = ""
    from_version: str = ""
    backup_id: str = ""
    window: timedelta | None = None
    lasts: timedelta | None = None  # of the watch
    expects_down: bool = False
    impact: str = ""
    anyway: bool = True  # GitHub and GitLab tell of what goes on already: what ought to have held before is past asking
    text: str = ""
    took: timedelta | None = None


#: GitHub's states. `queued`, `pending` and `waiting` come before anything happens, `inactive` when the next one is there.
_GITHUB: Final = {
    "in_progress": Step.STARTED,
    "success": Step.WATCH,
    "failure": Step.FAILED,
    "error": Step.FAILED,
}

#: GitLab's. `created` and `blocked` come before anything happens.
_GITLAB: Final = {
    "running": Step.STARTED,
    "success": Step.WATCH,
    "failed": Step.FAILED,
    "canceled": Step.FAILED,
}

#: A tag that says which version it is; any other ref, such as `main`, is called together with its commit.
_VERSION: Final = re.compile(r"v?[0-9]")

#: Characters of a commit that name it.
_SHORT: Final = 8

STATE = choice("state", Step, "what is said of the deployment")
MAYBE_VERSION = maybe_name("version", "what is deployed; needed where it started, else none: whichever goes on")
MAYBE_TEXT = maybe_text("text", LONGEST_REASON, "what was done, or why it failed")
ID = maybe_name("id", "of the event, such as the number of the run: the same again changes nothing")
AT = time("at", "when it happened: what is overheard is of no use later")
PLAIN = Shape(
    STATE,
    MAYBE_VERSION,
    REF,
    FROM,
    ENVIRONMENT,
    BACKUP,
    LASTS,
    FOR,
    EXPECT_DOWN,
    IMPACT,
    ANYWAY,
    MAYBE_TEXT,
    TOOK,
    ID,
    AT,
)


def read_event(form: HookForm, headers: Mapping[str, str], body: bytes) -> HookEvent:
    """What a delivery says, whose sender is known already.

    Raises:
        BadRequest: it is nothing of that form.
    """
    match form:
        case HookForm.GITHUB:
            return _github(headers.get("x-github-event", ""), body)
        case HookForm.GITLAB:
            return _gitlab(body)
        case HookForm.PLAIN:
            return _plain(body)


def _github(kind: str, body: bytes) -> HookEvent:
    if kind == "ping":
        return HookEvent(step=None, why="this is where deployments are told of")
    if kind != "deployment_status":
        return HookEvent(step=None, why="only events of the kind `deployment_status` mean something here")
    event = _object(body)
    status, deployment = _part(event, "deployment_status"), _part(event, "deployment")
    state = _text(status, "state")
    if state not in _GITHUB:
        return HookEvent(step=None, why="this state changes nothing")
    sha = _text(deployment, "sha")
    return HookEvent(
        step=_GITHUB[state],
        key=_digest(body),
        at=_moment(_text(status, "created_at")),
        environment=_text(status, "environment") or _text(deployment, "environment"),
        version=_named(deployment) or _version(_text(deployment, "ref"), sha),
        ref=_plain_name(sha),
        text="GitHub says that it failed" if _GITHUB[state] is Step.FAILED else "",
    )


def _named(deployment: Mapping[str, Any]) -> str:
    """The version that whoever made the deployment put into its payload."""
    payload = deployment.get("payload")
    return _plain_name(_text(payload, "version")) if isinstance(payload, dict) else ""


def _gitlab(body: bytes) -> HookEvent:
    event = _object(body)
    if event.get("object_kind") != "deployment":
        return HookEvent(step=None, why="only deployment events mean something here")
    status = _text(event, "status")
    if status not in _GITLAB:
        return HookEvent(step=None, why="this state changes nothing")
    sha = _text(event, "short_sha")
    return HookEvent(
        step=_GITLAB[status],
        key=_digest(body),
        at=_moment(_text(event, "status_changed_at")),
        environment=_text(event, "environment"),
        version=_version(_text(event, "ref"), sha),
        ref=_plain_name(sha),
        text=f"GitLab says that it was {status}" if _GITLAB[status] is Step.FAILED else "",
    )


def _plain(body: bytes) -> HookEvent:
    given = PLAIN.read(body)
    step = given[STATE]
    if step is Step.STARTED and not given[MAYBE_VERSION]:
        raise BadRequest("`version` is needed where a deployment started")
    if step in (Step.NOTE, Step.FAILED) and not given[MAYBE_TEXT]:
        raise BadRequest("`text` is needed: what was done, or why it failed")
    return HookEvent(
        step=step,
        key=f"{step}\0{given[ID]}" if given[ID] else _digest(body),
        at=given[AT],
        environment=given[ENVIRONMENT],
        version=given[MAYBE_VERSION],
        ref=given[REF],
        from_version=given[FROM],
        backup_id=given[BACKUP],
        window=given[LASTS],
        lasts=given[FOR],
        expects_down=given[EXPECT_DOWN],
        impact=given[IMPACT],
        anyway=given[ANYWAY],
        text=given[MAYBE_TEXT],
        took=given[TOOK],
    )


def _version(ref: str, sha: str) -> str:
    """What is called deployed: a tag such as `v2.4.1`, or a branch with its commit."""
    name = _plain_name(ref.removeprefix("refs/tags/").removeprefix("refs/heads/"))
    if _VERSION.match(name):
        return name
    found = _plain_name(f"{name}@{sha[:_SHORT]}" if name and sha else name or sha)
    if not found:
        raise BadRequest("it names neither a ref nor a commit")
    return found


def _plain_name(text: str) -> str:
    """A name as a version is one; empty where it is none."""
    return text if PLAIN_NAME.fullmatch(text) else ""


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadRequest("expected an object")
    return found


def _part(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    if not isinstance(found, dict):
        raise BadRequest(f"`{name}` has to be an object")
    return found


def _text(event: Mapping[str, Any], name: str) -> str:
    found = event.get(name)
    return found if isinstance(found, str) else ""


def _moment(text: str) -> datetime:
    """`2026-11-22T12:00:00Z`, or GitLab's `2026-11-22 12:00:00 +0100`; raises BadRequest where it is no time with a zone."""
    try:
        found = read_moment(text.replace(" UTC", "Z").replace(" +", "+").replace(" -", "-"))
    except ValueError as error:
        raise BadRequest("it does not say when it happened") from error
    if found.tzinfo is None:
        raise BadRequest("it does not say when it happened: the time has no zone")
    return found


def _digest(body: bytes) -> str:
    """Each sender puts the time of the event into it; the id in the headers is not signed."""
    return sha256(body).hexdigest()
