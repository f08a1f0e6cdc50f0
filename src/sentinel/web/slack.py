"""Where Slack posts clicks: `/slack/interactions` of the TCP port. Slack's signature is the access control."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.clicks import Heard
from sentinel.web.monitor import Monitor

FORM = "application/x-www-form-urlencoded"

#: Bytes. A click repeats the message that was clicked; the largest of ours takes half of this.
BODY_LIMIT = 64 * 1024

_STATUS = {Heard.TAKEN: 200, Heard.NOT_SLACKS: 401, Heard.TOO_MANY: 503}


async def interaction(monitor: Monitor, request: Request) -> Response:
    """Take a click in. It is answered at once, as Slack wants to hear within three seconds, and acted upon afterwards."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise HTTPException(415, f"expected content-type {FORM}")
    body = await request.body()  # as it came: the signature is of these bytes
    if len(body) > BODY_LIMIT:
        raise HTTPException(413, "body too large")
    heard = monitor.slack_request(
        body,
        request.headers.get("x-slack-request-timestamp", ""),
        request.headers.get("x-slack-signature", ""),
    )
    return Response(status_code=_STATUS[heard])
