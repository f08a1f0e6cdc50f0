"""The buttons below a message, and what each of them carries: for which incident, or deployment, of which Sentinel it is.

Several Sentinels may share one app of Slack, and a click then reaches any of them; so a button says whose it is.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from sentinel.channels.clean import one_line, shorten, web_address
from sentinel.channels.slack.blocks import LINK_LIMIT, Block
from sentinel.core.incident import Phase
from sentinel.core.notification import AboutDeployment, Kind, Message

VALUE_LIMIT: Final = 2_000  # characters that Slack lets a button carry
SILENCED_FOR_HOURS: Final = 1

_DIALOG_LIMIT: Final = 300  # characters of the question that a button asks


class Action(StrEnum):
    """What a button is for."""

    ACKNOWLEDGE = "sentinel_acknowledge"
    SILENCE = "sentinel_silence"
    VETO = "sentinel_veto"  # stops the rollback of a deployment
    RUNBOOK = "sentinel_runbook"  # a link; Slack reports the click all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a click is about."""

    source: str  # name of the Sentinel
    channel: str  # name of the channel in its configuration
    incident: int  # 0: of none
    conversation: int  # number of the incident that the thread began with
    check: str  # its name
    deployment: int = 0  # 0: of none

    def encoded(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def aimed(value: object) -> Aim | None:
    """What the value of a button says; None when it is none of ours."""
    if not isinstance(value, str) or len(value) > VALUE_LIMIT:
        return None
    try:
        aim = Aim(**json.loads(value))
    except (ValueError, TypeError, RecursionError):
        return None
    names = (aim.source, aim.channel, aim.check)
    numbers = (aim.incident, aim.conversation, aim.deployment)
    sound = all(type(number) is int for number in numbers) and all(isinstance(name, str) for name in names)
    return aim if sound else None


def buttons(message: Message, channel: str) -> Block | None:
    """The buttons for a message of that channel; None when there is nothing to take (any more)."""
    if message.deployment is not None:
        return _veto(message, message.deployment, channel)
    incident, check = message.incident, message.check
    if incident is None or check is None or incident.phase is not Phase.OPEN or message.kind is Kind.PROGRESS:
        return None
    value = Aim(
        source=message.source,
        channel=channel,
        incident=incident.id,
        conversation=incident.thread or incident.id,
        check=check.name,
    ).encoded()
    if len(value) > VALUE_LIMIT:
        return None
    label = shorten(one_line(check.title or check.name), 100)
    elements = [
        {**_button(Action.ACKNOWLEDGE, "Acknowledge"), "value": value, "style": "primary"},
        {**_button(Action.SILENCE, f"Silence {SILENCED_FOR_HOURS} h"), "value": value, "confirm": _silencing(label)},
    ]
    runbook = web_address(check.runbook)
    if runbook and len(runbook) <= LINK_LIMIT:
        elements.append({**_button(Action.RUNBOOK, "Runbook"), "url": runbook})
    return {"type": "actions", "elements": elements}


def _veto(message: Message, deployment: AboutDeployment, channel: str) -> Block | None:
    """The button that stops a rollback, as long as it can be stopped."""
    if deployment.runs_at is None:
        return None
    aim = Aim(source=message.source, channel=channel, incident=0, conversation=0, check="", deployment=deployment.id)
    label = shorten(one_line(f"{deployment.system} {deployment.version}"), 100)
    button = {**_button(Action.VETO, "Stop the rollback"), "value": aim.encoded(), "style": "danger"}
    return {"type": "actions", "elements": [{**button, "confirm": _vetoing(label)}]}


def _button(action: Action, text: str) -> Block:
    return {"type": "button", "action_id": action.value, "text": _plain(text)}


def _silencing(label: str) -> Block:
    question = (
        f"For an hour nobody will be told of {label}, however bad it gets. When it is well again, people hear of it."
    )
    return _confirm("Silence this check?", question, "Silence it")


def _vetoing(label: str) -> Block:
    return _confirm("Stop the rollback?", f"{label} failed, and will stay as it is.", "Stop it")


def _confirm(title: str, question: str, yes: str) -> Block:
    return {
        "title": _plain(title),
        "text": _plain(shorten(question, _DIALOG_LIMIT)),
        "confirm": _plain(yes),
        "deny": _plain("Leave it"),
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
