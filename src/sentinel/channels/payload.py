"""The webhook's payload: the Message as JSON, and the JSON Schema that is published for it.

Both are derived from the fields of the values in `core`, so they cannot drift apart. A test compares the published schema.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePath
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from sentinel.channels.render import Words, block, shorten, words
from sentinel.core.incident import Acknowledgement
from sentinel.core.judge import Finding
from sentinel.core.notification import (
    VERSION,
    AboutCheck,
    AboutDeployment,
    AboutIncident,
    AboutOther,
    AboutWindow,
    Message,
    News,
    Notification,
)
from sentinel.core.rule import Severity

Json = dict[str, Any]

#: The payload as JSON in UTF-8 is never longer; Standard Webhooks advises 20 kB, which all but storms keep to.
PAYLOAD_LIMIT: Final = 50_000  # bytes
_FRAME: Final = 2_000  # bytes of it that `key`, `summary` and counts may take
_REST_LIMIT: Final = 30_000  # bytes of it for all but `others` and `news`, so that these have room

ITEMS_LIMIT: Final = 10  # of findings, tags, files
ROW_LIMIT: Final = 200  # characters of one text of a row of `others` and `news`


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """How long texts may be, in characters."""

    text: int
    body: int  # of a report


#: Tried in turn until the message fits: what is written outside of ASCII, or in quotes, takes more bytes.
_CUTS: Final = (_Cut(text=1_000, body=6_000), _Cut(text=300, body=3_000), _Cut(text=100, body=1_000))
_ROW: Final = _Cut(text=ROW_LIMIT, body=ROW_LIMIT)


def payload(notification: Notification, say: Callable[[Message], Words] = words) -> Json:
    """What a webhook gets: the message, its key, and one line that says it all. The address is left out.

    Args:
        say: finds the words of that line.
    """
    message = notification.message
    return {
        "key": notification.key,
        "summary": say(message).subject,
        "news_count": len(message.news),
        **facts(message),
    }


def facts(message: Message) -> Json:
    """The message as JSON: its texts cut, and as many of `others` and `news` as there is room for, the worst first."""
    body = _fitting(message)
    room = PAYLOAD_LIMIT - _FRAME - size(body)
    for name, rows in (("others", message.others), ("news", message.news)):
        body[name] = _as_many_as_fit(rows, room)
        room -= size(body[name])
    body["others_count"] = max(message.others_count, len(message.others))
    return body


def size(body: object) -> int:
    """Bytes of something as JSON in UTF-8, as `dump` writes it."""
    return len(dump(body))


def dump(body: object) -> bytes:
    """Something as JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _fitting(message: Message) -> Json:
    """The message without `others` and `news`, its texts cut as far as need be."""
    alone = replace(message, others=(), news=())
    body: Json = {}
    for cut in _CUTS:
        body = _message(alone, cut)
        if size(body) <= _REST_LIMIT:
            break
    return body


#: What an incident says of the deployment that it may come of; of the rest nothing is known there.
OF_SUSPECT: Final = (
    *("id", "system", "version", "from_version", "ref", "environment", "by"),
    *("started_at", "window_ends_at", "phase", "ending", "ended_at"),
)


def _message(message: Message, cut: _Cut) -> Json:
    body = _object(message, cut)
    if message.suspect is not None:
        body["suspect"] = {name: body["suspect"][name] for name in OF_SUSPECT}
    body["text"] = shorten(block(message.text), cut.body)
    body["files"] = [PurePath(name).name for name in body["files"]]  # where they lie on this host is nobody's concern
    return body


def _as_many_as_fit(rows: Sequence[AboutOther | News], room: int) -> list[Json]:
    fitting: list[Json] = []
    for row in rows:
        written = _object(row, _ROW)
        room -= size(written) + 2  # and what stands between two
        if room < 0:
            break
        fitting.append(written)
    return fitting


def _encode(value: Any, cut: _Cut) -> Any:
    match value:
        case Severity():
            return value.name.lower()
        case StrEnum():
            return value.value
        case str():
            return shorten(block(value), cut.text)
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case tuple():
            return [_encode(one, cut) for one in value[:ITEMS_LIMIT]]
        case _ if is_dataclass(value):
            return _object(value, cut)
        case _:
            return value


def _object(value: Any, cut: _Cut) -> Json:
    return {field.name: _encode(getattr(value, field.name), cut) for field in fields(value)}


# --- The schema ------------------------------------------------------------------------------------------------------

#: What each field means, for who writes a receiver.
MEANINGS: Final[Mapping[type, Mapping[str, str]]] = {
    Message: {
        "version": "Version of this form. Within a version fields are added, never changed or removed.",
        "kind": "What happened.",
        "at": "When it happened.",
        "source": "Name of the Sentinel that says so.",
        "sequence": "Number of this message within its incident, from 1; 0 without an incident.",
        "check": "The check that the message is about.",
        "incident": "The incident as it was when the message was written.",
        "severity": "How bad it is now; `ok` once it is over.",
        "explanation": "One sentence: the value beside its bound, or how the check failed.",
        "hint": "What a person can do now.",
        "findings": "What each rule says, the worst first.",
        "title": "Title of a report or a test.",
        "text": "Text of a report or a test.",
        "files": "Names of the files that belong to a report. The files are not sent.",
        "link": "Where to look; empty when there is no page.",
        "others": "Other checks in the same trouble, the worst first, as many as there is room for.",
        "others_count": "How many there are, listed or not; of a digest, how many messages it stands for.",
        "window": "The window that the message is about.",
        "deployment": "The deployment that the message is about.",
        "suspect": "Of an incident: the deployment that it may come of.",
        "news": "Of a digest: how each incident is now, what is urgent first, as many as there is room for.",
        "note": "Why it comes late, or through this channel; empty when it comes as usual.",
    },
    AboutCheck: {
        "name": "Unique name of the check.",
        "title": "What people call it.",
        "kind": "Kind of its probe, such as `http`.",
        "tags": "Its tags.",
        "runbook": "Where to read what to do; may be empty.",
    },
    AboutIncident: {
        "id": "Number of the incident, for `sentinel ack`.",
        "phase": "Where the incident stands.",
        "severity": "Severity of the incident, also after it is over.",
        "began_at": "When the first bad result came.",
        "opened_at": "When it was confirmed.",
        "level": "Level of escalation that this message is for; 0: everybody who was told before.",
        "levels": "How many levels its policy has.",
        "resolved_at": "When it was over.",
        "acknowledgement": "Who has taken it.",
        "assigned_to": "Who is to see to it; may be empty.",
        "thread": "Number of the incident whose conversation this continues; 0: its own.",
    },
    AboutOther: {
        "check": "Unique name of the check.",
        "title": "What people call it.",
        "incident": "Number of its incident.",
        "severity": "How bad it is now; `ok`: it is well again.",
        "bond": "What it has to do with the incident.",
    },
    AboutWindow: {
        "id": "Name or number of the window.",
        "title": "What people call it.",
        "starts_at": "When it starts.",
        "ends_at": "When it ends.",
        "expects_down": "Whether the checks are expected to be down meanwhile.",
        "by": "Who planned it.",
        "why": "What for.",
        "covers": "Which checks, in words.",
        "checks": "While it goes on: how many checks it covers; 0 in other messages.",
        "well": "How many of them are well.",
        "unjudged": "Of how many it is not known.",
        "troubled": "Names of those that are not well, the worst first, at most ten.",
    },
    AboutDeployment: {
        "id": "Number of the deployment, for `sentinel deploy`.",
        "system": "What is deployed.",
        "version": "The new version; empty: a rollback of something that Sentinel did not see deployed.",
        "from_version": "The version before; empty: not known.",
        "ref": "Such as a commit.",
        "environment": "Such as `production`.",
        "by": "Who started it: a person or a program.",
        "started_at": "When it started.",
        "window_ends_at": "When what is expected is over.",
        "expects_down": "Whether its system is expected to be down meanwhile.",
        "impact": "What users notice.",
        "phase": "How far it has come: `under_way`, `watching`, `proposed`, `rolling_back`, `verifying` or `ended`.",
        "verdict": "Of its watch: `pass`, `fail` or `inconclusive`; empty while it is not known.",
        "ending": (
            "What came of it: `passed`, `failed`, `inconclusive`, `unwatched`, `rolled_back`, `rollback_failed` or "
            "`accepted`; empty while it goes on."
        ),
        "ended_at": "When it was over.",
        "down_for": "Seconds for which its system was seen down during it; null: not known.",
        "checks": "How many checks its system has; 0 where that is not told.",
        "well": "How many of them are well.",
        "unjudged": "Of how many it is not known.",
        "troubled": "Names of those that are not well, the worst first, at most ten.",
        "findings": "The figures that decided, a sentence each, the worst first: those that are worse, if any is.",
        "as_before": "How many figures are no worse than before.",
        "timeline": "The latest lines of its timeline; times are UTC.",
        "backup_id": "Of a rollback: the backup it goes back to; else the one that was made before.",
        "quick": "Of a rollback: whether it goes to the version before, not to a backup.",
        "reason": "Of a rollback: why.",
        "runs_at": "Of a rollback that anybody may stop: when it runs.",
        "rollback": (
            "How far a rollback has come: `ordered`, `started`, `done`, `failed`, `interrupted` or `stopped`; empty: there "
            "is none."
        ),
        "on_fail": "What is done when it fails: `tell`, `propose` or `act`.",
        "watched_until": "When its watch ends; null: it is not watched, or not yet.",
        "components": "How each check of its system is, the worst first, at most ten.",
    },
    News: {
        "kind": "What happened.",
        "at": "When.",
        "check": "Unique name of the check.",
        "title": "What people call it.",
        "incident": "Number of the incident; 0 without one.",
        "severity": "How bad it was then; `ok` once it was over.",
        "explanation": "One sentence.",
    },
    Acknowledgement: {
        "by": "Who acknowledged.",
        "why": "What they said.",
        "at": "When.",
        "until": "When the acknowledgement runs out.",
    },
    Finding: {
        "severity": "How bad this rule finds it.",
        "reason": "Which kind of rule speaks.",
        "explanation": "One sentence.",
        "hint": "What a person can do now.",
        "reading": "Name of the value that was judged; empty for a failure.",
        "value": "The value, in the base unit.",
        "bound": "The bound that the value lies beyond.",
        "unit": "Base unit of value and bound; a ratio goes from 0 to 1.",
    },
}

_KEY: Final = "The same at every attempt, and equal to the header `webhook-id`: a repeat can be told by it."
_SUMMARY: Final = "One line for people that says it all."
_NEWS_COUNT: Final = "Of a digest: how many `news` there are, listed or not."


def schema() -> Json:
    """The JSON Schema (draft 2020-12) of the payload."""
    message = _schema_of(Message)
    own = {
        "key": {"type": "string", "description": _KEY},
        "summary": {"type": "string", "description": _SUMMARY},
        "news_count": {"type": "integer", "description": _NEWS_COUNT},
    }
    known = message["properties"]["deployment"]["anyOf"][0]["properties"]
    suspect = {"type": "object", "properties": {name: known[name] for name in OF_SUSPECT}, "required": [*OF_SUSPECT]}
    message["properties"]["suspect"]["anyOf"] = [suspect, {"type": "null"}]
    message["properties"] = {**own, **message["properties"]}
    message["properties"]["version"]["const"] = VERSION
    message["required"] = [*own, *message["required"]]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What Sentinel sends to a webhook",
        "description": "Signed as Standard Webhooks describe. Receivers ignore fields that they do not know.",
    }
    return {**head, **message}


def schema_text() -> str:
    """The schema as it stands in `docs/webhook.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _schema_of(kind: Any) -> Json:
    if (simple := _SIMPLE.get(kind)) is not None:
        return dict(simple)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema_of(get_args(kind)[0])}
    if NoneType in get_args(kind):
        (other,) = (one for one in get_args(kind) if one is not NoneType)
        return {"anyOf": [_schema_of(other), {"type": "null"}]}
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [one.value for one in kind]}
    return _schema_of_object(kind)


def _schema_of_object(kind: Any) -> Json:
    hints = get_type_hints(kind)
    meanings = MEANINGS[kind]
    properties = {f.name: {**_schema_of(hints[f.name]), "description": meanings[f.name]} for f in fields(kind)}
    return {"type": "object", "properties": properties, "required": list(properties)}


_SIMPLE: Final[Mapping[Any, Json]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    timedelta: {"type": "number"},
    Severity: {"type": "string", "enum": [one.name.lower() for one in Severity]},
}
