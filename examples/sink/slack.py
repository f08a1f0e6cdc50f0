"""A stand-in for Slack: chat.postMessage, chat.update, conversations.history and .replies, auth.test and an incoming webhook,
answering as Slack does. Buttons are shown, and nobody can press them."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from examples.sink.arrivals import Arrivals, Kind, Message

TEXT_CAP = 40_000  # characters of a message
SECTION_CAP = 3_000  # characters of a section's text
HEADER_CAP = 150  # characters of a header block
MOST_BLOCKS = 50
RICH_TEXT = ("rich_text_section", "rich_text_preformatted")  # their pieces are one text

Arguments = Mapping[str, Any]


class SlackError(Exception):
    """Slack's own word for what is wrong, such as channel_not_found."""


class Slack:
    """The workspace: every channel exists. `token` is the one bot token accepted; without it any xoxb- one is."""

    def __init__(self, arrivals: Arrivals, token: str | None) -> None:
        self._arrivals = arrivals
        self._token = token
        self._posts = 0
        self._names: dict[str, str] = {}  # of channels, by their ids

    async def call(self, method: str, token: str, arguments: Arguments) -> dict[str, object]:
        """What a Web API method answers; errors are answers too, as with Slack."""
        try:
            self._authenticate(token)
            if method == "auth.test":
                return {"ok": True, "team": "Sink", "user": "sentinel", "team_id": "T0SINK", "user_id": "U0SINK"}
            if method == "chat.postMessage":
                return await self._post(arguments)
            if method == "chat.update":
                return await self._update(arguments)
            if method in ("conversations.history", "conversations.replies"):
                return {"ok": True, "messages": []}  # nothing is lost on the way to this sink
            raise SlackError("unknown_method")
        except SlackError as error:
            return {"ok": False, "error": str(error)}

    async def hook(self, arguments: Arguments) -> None:
        """What an incoming webhook does; SlackError when it refuses."""
        content = checked(arguments)
        await self._arrivals.add(self._message(content, "webhook", ""), encoded(arguments))

    def _authenticate(self, token: str) -> None:
        if not token:
            raise SlackError("not_authed")
        if token != self._token if self._token else not token.startswith("xoxb-"):
            raise SlackError("invalid_auth")

    async def _post(self, arguments: Arguments) -> dict[str, object]:
        named = str(arguments.get("channel", ""))
        channel = channel_id(named)
        name = self._names.setdefault(channel, named)  # a reply has only the id
        content = {**checked(arguments)}
        self._posts += 1
        ts = f"{int(time.time())}.{self._posts:06d}"
        if self._arrivals.find(f"{channel} {content.get('thread_ts')}") is None:
            content.pop("thread_ts", None)  # as Slack does without a word when the first message is gone
        message = self._message(content, name, f"{channel} {ts}")
        await self._arrivals.add(message, encoded(arguments))
        threaded = {"thread_ts": content["thread_ts"]} if content.get("thread_ts") else {}
        return {
            "ok": True,
            "channel": channel,
            "ts": ts,
            "message": {"ts": ts, "text": content.get("text"), **threaded},
        }

    async def _update(self, arguments: Arguments) -> dict[str, object]:
        channel, ts = str(arguments.get("channel", "")), str(arguments.get("ts", ""))
        if not is_channel_id(channel):
            raise SlackError("channel_not_found")  # chat.update takes an id, never a name
        content = checked(arguments)
        posted = self._arrivals.find(f"{channel} {ts}")
        if posted is None:
            raise SlackError("message_not_found")
        where = dict(posted.message.facts)["Channel"]
        message = self._message(content, where, posted.message.key, posted.message.thread)
        await self._arrivals.update(posted, message, encoded(arguments))
        return {"ok": True, "channel": channel, "ts": ts, "text": arguments.get("text", "")}

    def _message(self, content: Arguments, channel: str, key: str, thread: str = "") -> Message:
        lines = [line for block in blocks(content) for line in texts(block)]
        text = str(content.get("text") or "")
        title = (text or (lines[0] if lines else "")).split("\n")[0]
        if content.get("thread_ts") and key:
            thread = f"{key.partition(' ')[0]} {content['thread_ts']}"
        facts = (("Channel", channel), *buttons(content), *metadata(content))
        body = "\n".join(lines) or text
        return Message(kind=Kind.SLACK, title=title, text=body, facts=facts, key=key, thread=thread)


def checked(arguments: Arguments) -> Arguments:
    """The arguments with blocks and attachments decoded; SlackError where Slack would refuse them."""
    content = {**arguments}
    for name in ("blocks", "attachments", "metadata"):
        if isinstance(content.get(name), str):
            content[name] = decoded(content[name])
    if not str(content.get("text") or "").strip() and not content.get("blocks") and not content.get("attachments"):
        raise SlackError("no_text")
    if len(str(content.get("text") or "")) > TEXT_CAP:
        raise SlackError("msg_too_long")
    found = blocks(content)
    if len(found) > MOST_BLOCKS or not all(is_sound(block) for block in found):
        raise SlackError("invalid_blocks")
    return content


def decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise SlackError("invalid_arguments") from None


def encoded(arguments: Arguments) -> bytes:
    return json.dumps({**arguments}, indent=2, ensure_ascii=False).encode()


def blocks(content: Arguments) -> list[Any]:
    """The blocks of the message, then those of its attachments."""
    found = list(listed(content.get("blocks")))
    for attachment in listed(content.get("attachments")):
        if isinstance(attachment, dict):
            found.extend(listed(attachment.get("blocks")))
    return found


def listed(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SlackError("invalid_blocks")
    return value


def is_sound(block: object) -> bool:
    """Whether a block has a type and texts within Slack's limits."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    cap = HEADER_CAP if block["type"] == "header" else SECTION_CAP
    return all(len(text) <= cap for text in texts(block))


def texts(part: object) -> Iterator[str]:
    """Every text within a block, in order."""
    if isinstance(part, list):
        for item in part:
            yield from texts(item)
    elif isinstance(part, dict) and part.get("type") in RICH_TEXT:
        yield "".join(text for item in listed(part.get("elements")) for text in texts(item))
    elif isinstance(part, dict) and part.get("type") != "button":
        if isinstance(part.get("text"), str):
            yield part["text"]
        for name in ("text", "fields", "elements", "accessory"):
            yield from texts(part.get(name))


def buttons(content: Arguments) -> tuple[tuple[str, str], ...]:
    """What the message's buttons say."""
    parts = [part for block in blocks(content) for part in listed(block.get("elements")) if isinstance(part, dict)]
    said = [str(part["text"].get("text", "")) for part in parts if part.get("type") == "button" and "text" in part]
    shown = " · ".join(said)
    also = (("Also in the channel", "yes"),) if content.get("reply_broadcast") and content.get("thread_ts") else ()
    return ((("Buttons", shown),) if shown else ()) + also


def metadata(content: Arguments) -> tuple[tuple[str, str], ...]:
    """The message's metadata, where a sender keeps its idempotency key."""
    found = content.get("metadata")
    if not isinstance(found, dict):
        return ()
    return (("Metadata", json.dumps(found, sort_keys=True)),)


def channel_id(channel: str) -> str:
    """The id of a channel; one given by name has an id that is always the same."""
    if not channel:
        raise SlackError("channel_not_found")
    if is_channel_id(channel):
        return channel
    return "C" + hashlib.sha256(channel.removeprefix("#").encode()).hexdigest()[:10].upper()


def is_channel_id(channel: str) -> bool:
    return len(channel) >= 9 and channel[0] in "CDG" and channel.isalnum() and channel.isupper()
