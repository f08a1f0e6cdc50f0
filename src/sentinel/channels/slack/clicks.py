"""What Slack reports of a click on a button: checked into a value before anybody acts on it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from sentinel.base.redact import Secret
from sentinel.channels.slack.blocks import BLOCKS_LIMIT, Block, note
from sentinel.channels.slack.buttons import Action, Aim, aimed

_USER: Final = re.compile(r"[UW][A-Z0-9]{2,20}")
_ADDRESS_LIMIT: Final = 1_000  # characters of a response_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Somebody pressed a button."""

    action: Action
    aim: Aim
    user: str  # Slack's id, such as `U0123456789`
    response_url: Secret | None  # where to answer; whoever has it can write into the channel
    text: str  # of the message
    blocks: tuple[Block, ...]  # of the message, as Slack has them


def click(payload: Mapping[str, Any]) -> Click | None:
    """The click that a payload reports; None for everything else, such as a click on a link."""
    if payload.get("type") != "block_actions":
        return None
    pressed = next(iter(_objects(payload.get("actions"))), {})
    action, aim = pressed.get("action_id"), aimed(pressed.get("value"))
    user = _object(payload.get("user")).get("id")
    if aim is None or action not in (Action.ACKNOWLEDGE, Action.SILENCE, Action.VETO):
        return None
    if not isinstance(user, str) or not _USER.fullmatch(user):
        return None
    message, url = _object(payload.get("message")), payload.get("response_url")
    return Click(
        action=Action(action),
        aim=aim,
        user=user,
        response_url=Secret(url) if isinstance(url, str) and 0 < len(url) <= _ADDRESS_LIMIT else None,
        text=str(message.get("text", "")),
        blocks=tuple(_objects(message.get("blocks"))[:BLOCKS_LIMIT]),
    )


def read(body: bytes) -> Mapping[str, Any] | None:
    """The payload of a request: a form whose field `payload` is JSON. None when it is none."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=10)
        payload = json.loads(fields["payload"][0])
    except (ValueError, KeyError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def without_buttons(click: Click, gone: frozenset[Action], said: str) -> list[Block]:
    """The blocks of the clicked message without these buttons, and with a line about why."""
    kept = [left for block in click.blocks if (left := _without(block, gone)) is not None]
    return [*kept[: BLOCKS_LIMIT - 1], note(said)]


def _without(block: Block, gone: frozenset[Action]) -> Block | None:
    if block.get("type") != "actions":
        return block
    elements = [one for one in _objects(block.get("elements")) if one.get("action_id") not in gone]
    return {**block, "elements": elements} if elements else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
