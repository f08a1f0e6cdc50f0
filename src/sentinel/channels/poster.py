"""One request over HTTP that carries a message: what every channel shares that posts JSON to a URL.

Each request has a connection of its own: a kept one may be dead, and then nobody could say whether the message arrived.
Redirects are not followed. Of an answer the status counts; its body is read only where a channel asks for it, and no more
than `REPLY_LIMIT` of it.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from sentinel import __version__
from sentinel.base.clock import Clock
from sentinel.base.redact import Secret
from sentinel.channels.answer import cut_off, judge_status, not_connected, retry_after, timed_out
from sentinel.core.notification import Ambiguous, Cause, Failed, Outcome, Sent

if TYPE_CHECKING:
    import httpx2

log = structlog.get_logger()

TIMEOUT: Final = 20.0  # seconds for one attempt; Standard Webhooks advise 15 to 30
REPLY_LIMIT: Final = 4_096  # bytes read of an answer that is looked into

#: Reads from the body of an answer how long to wait; None when it does not say.
WaitOf = Callable[[bytes], timedelta | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A request to make."""

    url: Secret
    content: bytes  # JSON
    headers: Mapping[str, str]
    method: str = "POST"


class Poster:
    """Makes requests to one receiver."""

    def __init__(
        self,
        url: Secret,
        clock: Clock,
        *,
        ca_file: Path | None = None,
        wait_of: WaitOf | None = None,
        final: Collection[int] = (),
    ) -> None:
        """Load what the requests need, which takes 60 ms: better now than with the first alert.

        Args:
            url: where the requests go, as far as its scheme is concerned.
            clock: for answers that name a time to wait for.
            ca_file: authorities to trust instead of the system's.
            wait_of: finds a time to wait in the body of an answer 429 without a `Retry-After`.
            final: statuses by which this receiver says that it will never take this request.
        """
        import httpx2  # noqa: PLC0415  heavy, and only needed where a channel of such a kind is configured

        self._httpx = httpx2
        self._clock = clock
        self._wait_of = wait_of
        self._final = final
        self._context = _context(url, ca_file)
        self._transport()

    async def post(self, posts: Sequence[Post], deadline: float) -> Outcome:
        """Make the requests one after the other, until one of them is not taken; how that went.

        Args:
            posts: the requests. The first tells, the others add to it; each may be repeated without harm.
            deadline: for all of them, on the running loop's clock.
        """
        telling, *adding = posts
        outcome = await self._attempt(telling, deadline)
        for post in adding:
            if not isinstance(outcome, Sent):
                break
            outcome = _of_addition(await self._attempt(post, deadline))
        return outcome

    async def _attempt(self, post: Post, deadline: float) -> Outcome:
        progress = _Progress()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._ask(post, progress)
        except TimeoutError:
            return timed_out(left=progress.left)
        except self._httpx.ConnectError as error:
            return not_connected(error)
        except (self._httpx.TransportError, OSError):
            return cut_off(left=progress.left)

    async def _ask(self, post: Post, progress: "_Progress") -> Outcome:
        headers = {**post.headers, "Content-Type": "application/json", "Connection": "close"}
        headers["User-Agent"] = f"Sentinel/{__version__}"
        request = self._httpx.Request(
            post.method,
            post.url.reveal(),
            headers=headers,
            content=post.content,
            extensions={"trace": progress.trace},
        )
        # The transport without a client around it: no redirects, no cookies, no proxies from the environment, no log
        # line with the URL in it.
        async with self._transport() as transport:
            response = await transport.handle_async_request(request)
            try:
                wait = await self._wait(response)
            finally:
                await response.aclose()
        outcome = judge_status(response.status_code, wait)
        if isinstance(outcome, Failed) and response.status_code in self._final:
            return replace(outcome, permanent=True)
        return outcome

    async def _wait(self, response: "httpx2.Response") -> timedelta | None:
        """How long the receiver asks to wait."""
        wait = retry_after(response.headers.get("retry-after"), self._clock.now())
        if wait is not None or self._wait_of is None or response.status_code != 429:
            return wait
        try:
            return self._wait_of(await _beginning(response))
        except (self._httpx.TransportError, OSError):
            return None  # the status has arrived, which is what counts

    def _transport(self) -> "httpx2.AsyncHTTPTransport":
        return self._httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)


#: With these a receiver that has taken the message itself does not take, today and tomorrow, what is to be added to it.
_WILL_NOT: Final = frozenset({Cause.REFUSED, Cause.GONE, Cause.CREDENTIAL_REFUSED})


def _of_addition(outcome: Outcome) -> Outcome:
    """What the outcome of a request means after another one that has told already.

    It is no failure that leaves no trace: else somebody who was told would not hear of the end. And what will never be taken
    must not hold up what comes after it.
    """
    if not isinstance(outcome, Failed):
        return outcome
    if outcome.cause in _WILL_NOT:
        log.warning("channel.addition_refused", reason=outcome.cause.value, detail=outcome.detail)
        return Sent()
    return Ambiguous(cause=outcome.cause, detail=outcome.detail)


async def _beginning(response: "httpx2.Response") -> bytes:
    """The first bytes of an answer, as they are on the wire: what is compressed is not looked into."""
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk[: REPLY_LIMIT - len(body)]
        if len(body) >= REPLY_LIMIT:
            break
    return body


class _Progress:
    """How far one request came."""

    def __init__(self) -> None:
        self.left = False  # the whole request was handed to the network

    async def trace(self, event: str, _: Any) -> None:
        if event == "http11.send_request_body.complete":
            self.left = True


def _context(url: Secret, ca_file: Path | None) -> ssl.SSLContext:
    if url.reveal().startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used: spares reading the system's authorities
    return ssl.create_default_context(cafile=ca_file)
