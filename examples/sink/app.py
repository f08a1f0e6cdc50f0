"""The sink's HTTP side: Slack's addresses, the webhook, and the page that shows what arrived."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from examples.serving import read_body, read_json_object
from examples.sink.arrivals import Arrival, Arrivals
from examples.sink.slack import Slack, SlackError
from examples.sink.webhook import WebhookRefusedError, readable

# A mail's HTML lives in a sandboxed frame under the same policy: no script runs, nothing is loaded from anywhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'"
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """An arrival and what answers it, oldest first."""

    first: Arrival
    replies: list[Arrival]


class Desk:
    """The endpoints. `key` is what webhooks must be signed with; None takes any."""

    def __init__(self, arrivals: Arrivals, slack: Slack, key: bytes | None) -> None:
        self._arrivals = arrivals
        self._slack = slack
        self._key = key
        self._alive: datetime | None = None  # when the last sign of life came

    async def page(self, request: Request) -> Response:
        content = PAGES.get_template("page.html").render(
            threads=threads(self._arrivals.newest_first()),
            alive=self._alive,
            still="still" in request.query_params,
        )
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    async def messages(self, _request: Request) -> Response:
        return JSONResponse({"messages": [arrival.as_json() for arrival in self._arrivals.newest_first()]})

    async def alive(self, _request: Request) -> Response:
        """A dead man's switch: it would raise the alarm when nobody asks for this any more."""
        self._alive = datetime.now(UTC)
        return Response(status_code=204)

    async def slack_method(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        arguments = await slack_arguments(request)
        token = token or str(arguments.pop("token", ""))
        return JSONResponse(await self._slack.call(request.path_params["method"], token, arguments))

    async def slack_hook(self, request: Request) -> Response:
        try:
            await self._slack.hook(await slack_arguments(request))
        except SlackError as error:
            return PlainTextResponse(str(error), status_code=400)
        return PlainTextResponse("ok")

    async def webhook(self, request: Request) -> Response:
        body = await read_body(request)
        try:
            message = readable(request.headers, body, self._key)
        except WebhookRefusedError as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=401 if self._key else 400)
        await self._arrivals.add(message, body)
        return Response(status_code=204)


def application(arrivals: Arrivals, slack: Slack, key: bytes | None) -> Starlette:
    desk = Desk(arrivals, slack, key)
    return Starlette(
        routes=[
            Route("/", desk.page),
            Route("/messages.json", desk.messages),
            Route("/alive", desk.alive),
            Route("/slack/api/{method}", desk.slack_method, methods=["POST"]),
            Route("/slack/hook", desk.slack_hook, methods=["POST"]),
            Route("/webhook", desk.webhook, methods=["POST"]),
        ]
    )


async def slack_arguments(request: Request) -> dict[str, object]:
    """What a Slack client sent: JSON, a form, or in the address; Slack takes all three."""
    arguments: dict[str, object] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        arguments.update(await read_json_object(request))
        return arguments
    form = dict(parse_qsl((await read_body(request)).decode(errors="replace"), max_num_fields=100))
    payload = form.pop("payload", None)  # the older way of calling an incoming webhook
    arguments.update(form)
    if payload is not None:
        arguments.update(payload_object(payload))
    return arguments


def payload_object(text: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def threads(newest_first: list[Arrival]) -> list[Thread]:
    """Answers gathered under what they answer; what has news comes first."""
    gathered: dict[str, list[Arrival]] = {}
    for arrival in newest_first:
        key = arrival.message.thread or arrival.message.key or f"#{arrival.number}"
        gathered.setdefault(key, []).append(arrival)
    return [Thread(first=group[-1], replies=group[-2::-1]) for group in gathered.values()]
