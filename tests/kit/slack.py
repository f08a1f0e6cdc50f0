"""A workspace of Slack on loopback: its API, Socket Mode, and people who delete messages and press buttons."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from sentinel.base.clock import SystemClock
from tests.kit.arrivals import Arrivals
from tests.kit.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

BOT_TOKEN = "xoxb-1-not-a-token-of-anybody"
APP_TOKEN = "xapp-1-not-a-token-of-anybody"
KIM = "U0KIM"

Json = dict[str, Any]


@dataclass(kw_only=True)
class Posted:
    """A message as it stands now."""

    channel: str
    ts: str
    text: str
    blocks: list[Json]
    thread_ts: str = ""  # of the message that it answers
    broadcast: bool = False
    metadata: Json = field(default_factory=dict)
    updates: int = 0
    deleted: bool = False

    @property
    def header(self) -> str:
        said: str = self.blocks[0]["text"]["text"]
        return said

    @property
    def actions(self) -> list[str]:
        """The action of each button."""
        return [one["action_id"] for block in self.blocks if block["type"] == "actions" for one in block["elements"]]

    @property
    def note(self) -> str:
        """The last line."""
        said: str = self.blocks[-1]["elements"][0]["text"]
        return said

    def button(self, action: str) -> Json:
        every = [one for block in self.blocks if block["type"] == "actions" for one in block["elements"]]
        found: Json = next(one for one in every if one["action_id"] == action)
        return found


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the API, or one answer to a click (`response`)."""

    method: str
    arguments: Json


class SlackError(Exception):
    """Slack's own word for what is wrong."""


class SlackServer:
    """Every channel exists. `refusals` holds words that the next calls of a method are refused with."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: Arrivals[Call] = Arrivals()
        self.messages: list[Posted] = []
        self.refusals: dict[str, deque[str]] = {}
        self.silent: deque[str] = deque()  # methods whose next call is followed and then not answered
        self.connections: Arrivals[web.WebSocketResponse] = Arrivals()
        self.confirmed: Arrivals[str] = Arrivals()  # envelopes
        self.tokens = {BOT_TOKEN, APP_TOKEN}
        self._envelopes = 0
        app = web.Application(client_max_size=1 << 20)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._call),
                web.get("/link", self._link),
                web.post("/respond/{ts}", self._respond),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/api/"

    @property
    def socket(self) -> web.WebSocketResponse:
        """The latest connection."""
        return self.connections[-1]

    @property
    def told_privately(self) -> list[str]:
        """What clickers alone were told."""
        answers = (call.arguments for call in self.calls if call.method == "response")
        return [answer["text"] for answer in answers if answer.get("response_type") == "ephemeral"]

    def top(self) -> list[Posted]:
        """What stands in the channels, outside of threads."""
        return [one for one in self.messages if not one.thread_ts and not one.deleted]

    def replies(self, to: Posted) -> list[Posted]:
        return [one for one in self.messages if one.thread_ts == to.ts]

    def delete(self, posted: Posted) -> None:
        """Somebody deletes a message."""
        posted.deleted = True

    def refuse(self, method: str, *words: str) -> None:
        self.refusals.setdefault(method, deque()).extend(words)

    async def shows(self, holds: Any, *, within: float = 10.0) -> None:
        """Wait until it is so; looked at after each call."""
        await self.calls.until(lambda _: holds(), within=within)

    # --- Clicks -----------------------------------------------------------------------------------------------------

    async def click(self, posted: Posted, action: str, user: str = KIM, *, within: float = 3.0) -> bool:
        """Press a button by Socket Mode; whether the click was confirmed within the time that Slack gives."""
        return await self.press(self.payload(posted, action, user), within=within)

    async def press(self, payload: Json, *, within: float = 3.0) -> bool:
        """The same for a button as it was before: whoever clicks may see an older message."""
        self._envelopes += 1
        envelope = f"envelope-{self._envelopes}"
        said = {"type": "interactive", "envelope_id": envelope, "payload": payload}
        await self.socket.send_json({**said, "accepts_response_payload": False})
        try:
            await self.confirmed.until(lambda seen: envelope in seen, within=within)
        except AssertionError:
            return False
        return True

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Say that the connection will be closed."""
        await self.socket.send_json({"type": "disconnect", "reason": reason})

    def payload(self, posted: Posted, action: str, user: str = KIM) -> Json:
        message = {"ts": posted.ts, "text": posted.text, "blocks": posted.blocks}
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "kim", "team_id": "T1"},
            "container": {"type": "message", "message_ts": posted.ts, "channel_id": posted.channel},
            "channel": {"id": posted.channel},
            "message": message,
            "response_url": f"http://{LOOPBACK}:{self.port}/respond/{posted.ts}",
            "actions": [{**posted.button(action), "type": "button"}],
        }

    # --- The API ----------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        try:
            answer = {"ok": True, **self._follow(method, request.headers.get("authorization", ""), arguments)}
        except SlackError as error:
            answer = {"ok": False, "error": str(error)}
        self.calls.add(Call(method=method, arguments=arguments))
        if self.silent and self.silent[0] == method:
            self.silent.popleft()
            assert request.transport is not None
            request.transport.close()
        return web.json_response(answer)

    def _follow(self, method: str, authorization: str, arguments: Json) -> Json:
        if authorization.removeprefix("Bearer ") not in self.tokens:
            raise SlackError("invalid_auth")
        if words := self.refusals.get(method):
            raise SlackError(words.popleft())
        match method:
            case "chat.postMessage":
                return self._post(arguments)
            case "chat.update":
                return self._update(arguments)
            case "conversations.history":
                return {"messages": [_shown(one) for one in reversed(self.top()) if _after(one, arguments)]}
            case "conversations.replies":
                of_it = [one for one in self.messages if arguments["ts"] in (one.ts, one.thread_ts)]
                return {"messages": [_shown(one) for one in of_it if _after(one, arguments)]}
            case "apps.connections.open":
                return {"url": f"ws://{LOOPBACK}:{self.port}/link?ticket=1"}
            case _:
                raise SlackError("unknown_method")

    def _post(self, arguments: Json) -> Json:
        thread = str(arguments.get("thread_ts") or "")
        if thread and not any(one.ts == thread and self._is_there(one) for one in self.messages):
            thread = ""  # without a word, the message is put into the channel
        posted = Posted(
            channel=_id(str(arguments["channel"])),
            ts=f"{SystemClock().now().timestamp():.0f}.{len(self.messages) + 1:06d}",
            text=arguments["text"],
            blocks=_checked(arguments["blocks"]),
            thread_ts=thread,
            broadcast=bool(arguments.get("reply_broadcast")),
            metadata=arguments.get("metadata") or {},
        )
        self.messages.append(posted)
        return {"channel": posted.channel, "ts": posted.ts, "message": _shown(posted)}

    def _is_there(self, posted: Posted) -> bool:
        """Of a message that had replies something is left when it is deleted: a line that says so, above its thread."""
        return not posted.deleted or bool(self.replies(posted))

    def _update(self, arguments: Json) -> Json:
        found = [one for one in self.messages if one.ts == arguments["ts"] and one.channel == arguments["channel"]]
        if not found or found[0].deleted:
            raise SlackError("message_not_found")
        found[0].text, found[0].blocks = arguments["text"], _checked(arguments["blocks"])
        found[0].updates += 1
        return {"channel": found[0].channel, "ts": found[0].ts}

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        answer = await request.json()
        posted = next(one for one in self.messages if one.ts == request.match_info["ts"])
        if answer.get("replace_original"):
            posted.text, posted.blocks = answer["text"], _checked(answer["blocks"])
        self.calls.add(Call(method="response", arguments=answer))
        return web.Response(text="ok")

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.connections.add(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.confirmed.add(json.loads(message.data)["envelope_id"])
        return socket

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(socket.close() for socket in self.connections))
        await self._runner.cleanup()


def signed(payload: Json, secret: str, at: int) -> tuple[bytes, dict[str, str]]:
    """A request as Slack posts it: body and headers."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    signature = hmac.new(secret.encode(), b"v0:%d:" % at + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(at),
        "x-slack-signature": f"v0={signature}",
    }


async def _arguments(request: web.Request) -> Json:
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        given.update(await request.json())
    else:
        given.update(await request.post())
    return given


def _shown(posted: Posted) -> Json:
    threaded = {"thread_ts": posted.thread_ts} if posted.thread_ts else {}
    return {"ts": posted.ts, "text": posted.text, "metadata": posted.metadata, **threaded}


def _after(posted: Posted, arguments: Mapping[str, Any]) -> bool:
    return float(posted.ts) > float(arguments.get("oldest") or 0)


def _id(channel: str) -> str:
    """The id of a channel given by name, or of the conversation with a person."""
    if channel.startswith(("U", "W")):
        return f"D{channel[1:]}"
    return "C0" + channel[1:].upper() if channel.startswith("#") else channel


def _checked(blocks: Any) -> list[Json]:
    """The blocks, if Slack would take them."""
    found: list[Json] = json.loads(blocks) if isinstance(blocks, str) else blocks
    if len(found) > 50 or any(len(text) > 3_000 for block in found for text in _texts(block)):
        raise SlackError("invalid_blocks")
    if sum(len(text) for block in found for text in _texts(block)) > 9_597:
        raise SlackError("msg_blocks_too_long")
    return found


def _texts(part: object) -> list[str]:
    if isinstance(part, list):
        return [text for item in part for text in _texts(item)]
    if not isinstance(part, dict):
        return []
    return [part["text"]] if isinstance(part.get("text"), str) else [t for v in part.values() for t in _texts(v)]
