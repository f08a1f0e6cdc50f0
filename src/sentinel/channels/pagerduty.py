"""The PagerDuty channel: events of the Events API v2 (developer.pagerduty.com/docs/events-api-v2).

The messages of one conversation have the same `dedup_key`, so PagerDuty keeps one alert for it: the first trigger opens it,
later ones are noted in its log and page nobody anew, a resolve closes it. PagerDuty drops an acknowledge or a resolve for which
it has no open alert. What is nobody's call goes as a change event, which pages nobody.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from pydantic import field_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.channels.attachments import row_text
from sentinel.channels.base import ChannelKind, ChannelTools
from sentinel.channels.clean import one_line, shorten
from sentinel.channels.conversation import conversation
from sentinel.channels.fields import BaseUrl, CaFile
from sentinel.channels.payload import dump, size
from sentinel.channels.plain import more
from sentinel.channels.poster import TIMEOUT, Post, Poster
from sentinel.channels.render import Words
from sentinel.channels.wording import Wording
from sentinel.core.incident import Phase
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message, Notification, Outcome, Receipt
from sentinel.core.rule import Severity

SUMMARY_LIMIT: Final = 1_024  # characters
#: PagerDuty takes 512 KB; this much a person can still read.
ROWS_LIMIT: Final = 30_000  # bytes
_REFUSED_FOR_GOOD: Final = frozenset({400})  # "Check that the JSON is valid", not to be sent again


class Action(StrEnum):
    """What PagerDuty is to do."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    CHANGE = "change"  # tell of it without paging anybody


_ACTIONS: Final = {
    Kind.ACKNOWLEDGED: Action.ACKNOWLEDGE,
    Kind.RESOLVED: Action.RESOLVE,
    Kind.WITHDRAWN: Action.RESOLVE,
    Kind.STORE_UP: Action.RESOLVE,
    Kind.CANARY: Action.RESOLVE,  # of an alert that there is not: proves the way and the key, and leaves no trace
    Kind.ASSIGNED: Action.CHANGE,
    Kind.PROGRESS: Action.CHANGE,
    Kind.WINDOW_PLANNED: Action.CHANGE,
    Kind.WINDOW_STARTED: Action.CHANGE,
    Kind.WINDOW_PROGRESS: Action.CHANGE,
    Kind.WINDOW_ENDED: Action.CHANGE,
    Kind.REPORT: Action.CHANGE,
    **dict.fromkeys(OF_DEPLOYMENTS, Action.CHANGE),  # what a change event is for
}

_SEVERITIES: Final = {
    Severity.OK: "info",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "critical",
    Severity.UNKNOWN: "error",
}


class PagerDutyOptions(Options):
    """The key of an integration of the type *Events API v2*."""

    routing_key: SecretField
    """The integration key: 32 letters and digits."""

    url: BaseUrl = "https://events.pagerduty.com"
    """Where the Events API is; `https://events.eu.pagerduty.com` for accounts in Europe, or a gateway of your own."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this address instead of the system's."""

    @field_validator("routing_key")
    @classmethod
    def _routing_key(cls, value: Secret) -> Secret:
        if not re.fullmatch(r"[A-Za-z0-9]{32}", value.reveal()):
            raise ValueError("an integration key: 32 letters and digits")
        return value


def action(message: Message) -> Action:
    """What PagerDuty is to do about a message."""
    incident = message.incident
    if (known := _ACTIONS.get(message.kind)) is not None:
        return known
    if incident is not None and incident.phase is Phase.RESOLVED:
        return Action.CHANGE  # a trigger would open a new alert for what is over
    if message.kind in (Kind.UPDATED, Kind.DIGEST) and message.severity is Severity.OK:
        return Action.CHANGE
    return Action.TRIGGER


class PagerDuty:
    """Sends events with one key."""

    def __init__(self, options: PagerDutyOptions, clock: Clock, wording: Wording) -> None:
        self._options = options
        self._wording = wording
        self._poster = Poster(Secret(options.url), clock, ca_file=options.ca_file, final=_REFUSED_FOR_GOOD)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        todo = action(notification.message)
        path = "/v2/change/enqueue" if todo is Action.CHANGE else "/v2/enqueue"
        key = {"routing_key": self._options.routing_key.reveal()}
        content = dump(key | event(notification, self._wording.words(notification.message)))
        return await self._poster.post(
            (Post(url=Secret(self._options.url + path), content=content, headers={}),), deadline
        )

    async def close(self) -> None:
        """Holds nothing between attempts."""


def event(notification: Notification, said: Words) -> dict[str, Any]:
    """The event for a message, without the key of the integration."""
    message = notification.message
    match action(message):
        case Action.CHANGE:
            payload = {**_payload(message, said), "source": one_line(message.source)}
            return {"payload": payload, "links": list(_links(said))}
        case Action.TRIGGER as todo:
            happened = {"payload": _payload(message, said) | _about(message), "links": list(_links(said))}
            return {
                "event_action": todo.value,
                "dedup_key": conversation(notification),
                **_client(message, said),
                **happened,
            }
        case todo:
            return {"event_action": todo.value, "dedup_key": conversation(notification)}


def _payload(message: Message, said: Words) -> dict[str, Any]:
    return {
        "summary": shorten(said.subject, SUMMARY_LIMIT),
        "timestamp": message.at.isoformat(timespec="milliseconds"),
        "custom_details": _details(said),
    }


def _about(message: Message) -> dict[str, Any]:
    check = message.check
    about = {
        "severity": "info" if message.kind is Kind.TEST else _SEVERITIES[message.severity],
        "source": one_line(check.name if check else message.source),
        "component": one_line(check.kind if check else "sentinel"),
        "group": one_line(", ".join(check.tags) if check else ""),
        "class": message.kind.value,
    }
    return {name: text for name, text in about.items() if text}


def _client(message: Message, said: Words) -> dict[str, str]:
    client = {"client": shorten(f"Sentinel {one_line(message.source)}", 100)}
    return client | ({"client_url": said.link} if said.link else {})


def _details(said: Words) -> dict[str, Any]:
    """The lines by their labels; the texts of labels that come more than once stand below each other."""
    details: dict[str, Any] = {}
    for line in said.lines:
        before = details.get(line.label)
        details[line.label] = line.text if before is None else f"{before}\n{line.text}"
    if said.body:
        details["Text"] = said.body
    if said.rows:
        details["All"] = _rows(said)
    return details


def _rows(said: Words) -> list[str]:
    rows: list[str] = []
    room = ROWS_LIMIT
    for row in map(row_text, said.rows):
        room -= size(row) + 2
        if room < 0:
            return [*rows, more(len(said.rows) - len(rows))]
        rows.append(row)
    return rows


def _links(said: Words) -> Iterator[dict[str, str]]:
    yield from ({"href": line.link, "text": line.label} for line in said.lines if line.link)


def _build(_name: str, options: PagerDutyOptions, tools: ChannelTools) -> PagerDuty:
    return PagerDuty(options, tools.clock, tools.wording)


PAGERDUTY: Final = ChannelKind(
    name="pagerduty",
    summary="Opens, acknowledges and resolves alerts in PagerDuty by its Events API v2.",
    options=PagerDutyOptions,
    build=_build,
    timeout=TIMEOUT,
    gap=0.5,  # PagerDuty limits the events of a service, and moves the limit by itself; a barrage would only get 429
)
