"""The Opsgenie channel: the Alert API v2 (docs.opsgenie.com/docs/alert-api), which Jira Service Management has as well.

The messages of one conversation have the same `alias`, so there is one open alert for it: to create it again only counts up.
What happens meanwhile is added as a note. Opsgenie answers 202 before it looks at the request, and drops what is about an alert
that it does not have; each request can be repeated without harm.
"""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from pydantic import Field

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.channels.base import ChannelKind, ChannelTools
from sentinel.channels.clean import block, one_line
from sentinel.channels.conversation import conversation
from sentinel.channels.fields import BaseUrl, CaFile, HeaderKey
from sentinel.channels.payload import dump
from sentinel.channels.plain import plain, within
from sentinel.channels.poster import TIMEOUT, Post, Poster
from sentinel.channels.render import Words
from sentinel.channels.wording import Wording
from sentinel.core.incident import Phase
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message, Notification, Outcome, Receipt
from sentinel.core.rule import Severity

#: docs.opsgenie.com/docs/alerts-and-alert-fields, in characters.
MESSAGE_LIMIT: Final = 130
DESCRIPTION_LIMIT: Final = 15_000
NOTE_LIMIT: Final = 25_000
ENTITY_LIMIT: Final = 512
NAME_LIMIT: Final = 100  # of user and source
TAG_LIMIT: Final = 50
TAGS: Final = 20
DETAILS_LIMIT: Final = 8_000  # of all keys and values
_VALUE_LIMIT: Final = 1_000  # so that all of ours fit
_REFUSED_FOR_GOOD: Final = frozenset({400})  # not understood; 422 is final anyway

_CLOSING: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN, Kind.STORE_UP, Kind.WINDOW_ENDED, Kind.DEPLOYMENT_ENDED})
#: Only noted in the alert, if there is one.
_NOTED: Final = frozenset({Kind.ASSIGNED, Kind.PROGRESS, Kind.FLAPPING, Kind.COMMAND_ENDED, Kind.WINDOW_PROGRESS}) | (
    OF_DEPLOYMENTS - {Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_ENDED}
)
_GIVEN_BACK: Final = frozenset({Kind.UNACKNOWLEDGED, Kind.ACKNOWLEDGEMENT_EXPIRED})
_TURNED: Final = frozenset({Kind.WORSENED, Kind.EASED})
#: With these an alert begins, so that there is nothing to add to it.
_BEGINNING: Final = frozenset(
    {Kind.OPENED, Kind.STORE_DOWN, Kind.DIGEST, Kind.REPORT, Kind.TEST, Kind.WINDOW_PLANNED, Kind.DEPLOYMENT_STARTED}
)

_PRIORITIES: Final = {Severity.CRITICAL: "P1", Severity.UNKNOWN: "P2", Severity.WARNING: "P3", Severity.OK: "P5"}

#: Signs that look alike and mean nothing.
_NO_HTML: Final = str.maketrans({"<": "\u2039", ">": "\u203a"})

Json = dict[str, Any]


class OpsgenieOptions(Options):
    """The key of an *API* integration."""

    api_key: HeaderKey
    """Key of the integration, with the right to create and update alerts."""

    url: BaseUrl = "https://api.opsgenie.com"
    """Where the API is: `https://api.eu.opsgenie.com` for accounts in Europe,
    `https://api.atlassian.com/jsm/ops/integration` for Jira Service Management, or a gateway of your own."""

    teams: tuple[str, ...] = Field(default=(), max_length=50)
    """Names of the teams that are called; empty: as the integration says."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this address instead of the system's."""


class Opsgenie:
    """Keeps alerts with one key."""

    def __init__(self, options: OpsgenieOptions, clock: Clock, wording: Wording) -> None:
        self._options = options
        self._wording = wording
        self._poster = Poster(Secret(options.url), clock, ca_file=options.ca_file, final=_REFUSED_FOR_GOOD)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        said = self._wording.words(notification.message)
        posts = tuple(map(self._post, requests(notification, said, self._options.teams)))
        return await self._poster.post(posts, deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""

    def _post(self, request: tuple[str, str, Json]) -> Post:
        method, path, body = request
        headers = {"Authorization": f"GenieKey {self._options.api_key.reveal()}"}
        return Post(method=method, url=Secret(self._options.url + path), content=dump(body), headers=headers)


def requests(notification: Notification, said: Words, teams: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Json]]:
    """The requests for a message, in their order: method, path, and body."""
    message = notification.message
    alias = conversation(notification)
    note = _signed(message) | {"note": _harmless(f"{said.subject}\n{plain(said, DESCRIPTION_LIMIT)}", NOTE_LIMIT)}
    if message.kind is Kind.CANARY:  # closes an alert that there is not: proves the way, and leaves no trace
        yield _of(alias, "close", _signed(message))
    elif message.kind in _CLOSING:
        yield _of(alias, "close", note)
    elif message.kind is Kind.ACKNOWLEDGED:
        yield _of(alias, "acknowledge", note)
    elif _is_news_only(message):
        yield _of(alias, "notes", note)
    else:
        yield "POST", "/v2/alerts", _alert(message, said, alias, teams)
        yield from _added(message, alias, note)


def _added(message: Message, alias: str, note: Json) -> Iterator[tuple[str, str, Json]]:
    """What an alert needs that may have been there before."""
    if message.kind in _GIVEN_BACK:
        yield _of(alias, "unacknowledge", note)
        return
    if message.kind in _TURNED:
        yield "PUT", _path(alias, "priority"), {"priority": _priority(message)}
    if message.kind not in _BEGINNING:
        yield _of(alias, "notes", note)


def _of(alias: str, what: str, body: Json) -> tuple[str, str, Json]:
    return "POST", _path(alias, what), body


def _path(alias: str, what: str) -> str:
    return f"/v2/alerts/{quote(alias, safe='')}/{what}?identifierType=alias"


def _is_news_only(message: Message) -> bool:
    """Whether it calls nobody: to create the alert could open one for what is over."""
    over = message.incident is not None and message.incident.phase is Phase.RESOLVED
    return over or message.kind in _NOTED or (message.kind is Kind.UPDATED and message.severity is Severity.OK)


def _alert(message: Message, said: Words, alias: str, teams: tuple[str, ...]) -> Json:
    check = message.check
    alert = {
        "message": _harmless(said.subject, MESSAGE_LIMIT),
        "alias": alias,
        "description": _harmless(plain(said, DESCRIPTION_LIMIT), DESCRIPTION_LIMIT),
        "entity": _harmless(check.name if check else message.source, ENTITY_LIMIT),
        "tags": [_harmless(tag, TAG_LIMIT) for tag in (check.tags if check else ())[:TAGS]],
        "details": _details(message, said),
        "priority": _priority(message),
        **_signed(message),
    }
    return alert | ({"responders": [{"type": "team", "name": name} for name in teams]} if teams else {})


def _priority(message: Message) -> str:
    return "P5" if message.kind is Kind.TEST else _PRIORITIES[message.severity]


def _signed(message: Message) -> Json:
    """Who does it."""
    source = _harmless(one_line(message.source), NAME_LIMIT)
    return {"user": within(f"Sentinel {source}", NAME_LIMIT), "source": source}


def _details(message: Message, said: Words) -> dict[str, str]:
    links = {line.label: line.link for line in said.lines if line.link}
    facts = {"kind": message.kind.value, "check": message.check.name if message.check else ""}
    if message.incident is not None:
        facts["incident"] = str(message.incident.id)
    return {name: _harmless(value, _VALUE_LIMIT) for name, value in (facts | links).items() if value}


def _harmless(text: str, limit: int) -> str:
    """The text, cut, without what Opsgenie would read as HTML; it shows some fields as HTML and others as they are."""
    return within(block(text).translate(_NO_HTML), limit)


def _build(_name: str, options: OpsgenieOptions, tools: ChannelTools) -> Opsgenie:
    return Opsgenie(options, tools.clock, tools.wording)


OPSGENIE: Final = ChannelKind(
    name="opsgenie",
    summary="Creates, acknowledges and closes alerts in Opsgenie or Jira Service Management.",
    options=OpsgenieOptions,
    build=_build,
    timeout=TIMEOUT,
    gap=0.5,  # how much Opsgenie takes depends on the plan and the number of its users; more get 429
)
