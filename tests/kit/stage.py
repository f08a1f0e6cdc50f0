"""A target, the receivers of three channels, and a real daemon between them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from tests.kit.daemon import Daemon
from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.receipts import Receipt, faults, from_mail, from_slack, from_webhook
from tests.kit.smtp import SmtpServer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.kit.daemon import Json
    from tests.kit.ledger import Row
    from tests.kit.process import Children

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TOKEN = "xoxb-1-not-a-token-of-anybody"
RECIPIENTS = ("oncall@example.org", "lead@example.org")

#: What Slack says to a message that it took.
POSTED = Answer(headers={"content-type": "application/json"}, body=b'{"ok": true, "channel": "C1", "ts": "1.000001"}')

#: Undelivered states.
WAITING = ("queued", "sending")


class Target(HttpReceiver):
    """Something to watch, that a test breaks and mends."""

    def fail(self) -> None:
        self.answer = Answer(status=503)

    def recover(self) -> None:
        self.answer = Answer()


class Stage:
    """Everything that one story needs. Enter it, change `daemon.config` as the story wants, and start the daemon."""

    def __init__(
        self, children: Children, folder: Path, *, dsn: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.target = Target()
        self.hook = HttpReceiver()
        self.slack = HttpReceiver()
        self.slack.answer = POSTED
        self.mail = SmtpServer()
        self.daemon = Daemon(children, folder, {}, dsn=dsn, env=env)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for part in (self.target, self.hook, self.slack, self.mail, self.daemon):
            await self._stack.enter_async_context(part)
        self.daemon.config |= {
            "name": "ward",
            "checks": [check("api", self.target.url)],
            "reports": {"schedule": []},
            "logs": {"format": "json"},
        }
        self.tell("hook")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # --- The configuration ------------------------------------------------------------------------------------------

    def tell(self, *channels: str) -> None:
        """Have these channels, of `hook`, `slack` and `mail`, and tell all of them at once."""
        every = {"hook": webhook(self.hook.port), "slack": slack(self.slack.url), "mail": email(self.mail.port)}
        self.daemon.config["channels"] = {name: every[name] for name in channels}
        self.levels(level(0, *channels))

    def levels(self, *levels: Json) -> None:
        """Of the one escalation policy."""
        self.daemon.config["policies"] = {"default": {"levels": list(levels)}}

    def checks(self, *checks: Json) -> None:
        self.daemon.config["checks"] = list(checks)

    # --- What came of it --------------------------------------------------------------------------------------------

    @property
    def receipts(self) -> list[Receipt]:
        """What reached the receivers, in order per channel."""
        return [*from_webhook(self.hook), *from_slack(self.slack), *from_mail(self.mail)]

    @property
    def faults(self) -> list[str]:
        """What is wrong with what was told, seen against what was committed."""
        return faults(self.daemon.ledger, self.receipts)

    def told(self) -> list[str]:
        """What the webhook was told, in order, such as `opened`; repeats left out."""
        return list({request.headers["webhook-id"]: request.json()["kind"] for request in self.hook.requests}.values())

    async def hears(self, *kinds: str, within: float = 15.0) -> None:
        """Wait until the webhook has been told exactly this so far."""
        await self.hook.requests.until(lambda _: self.told()[: len(kinds)] == list(kinds), within=within)

    async def settles(self, *, within: float = 20.0) -> list[Row]:
        """Wait until no message is under way; the outbox then."""
        ledger = self.daemon.ledger
        await eventually(lambda: not any(row.state in WAITING for row in ledger.rows()), within=within)
        return ledger.rows()

    async def row(self, *, within: float = 15.0, **like: Any) -> Row:
        """Wait for a row of the outbox that has these values."""

        def find() -> list[Row]:
            rows = self.daemon.ledger.rows()
            return [row for row in rows if all(getattr(row, name) == value for name, value in like.items())]

        return (await eventually(find, within=within))[0]


def check(name: str, url: str, *, every: str = "300ms", **more: object) -> Json:
    """An HTTP check whose incident opens after two bad results and resolves after two good ones, and is told of by itself."""
    entry = {
        "name": name,
        "kind": "http",
        "interval": every,
        "open_after": 2,
        "close_after": 2,
        "group": "",
        "options": {"url": url},
    }
    return {**entry, **more}


def level(after: float, *channels: str) -> Json:
    return {"after": f"{round(after * 1000)}ms", "channels": list(channels)}


def webhook(port: int) -> Json:
    return {"kind": "webhook", "url": f"http://127.0.0.1:{port}/hook", "secret": SECRET}


def slack(url: str) -> Json:
    return {"kind": "slack", "token": TOKEN, "channel": "C1", "api_url": f"{url}/api/"}


def email(port: int, recipients: Sequence[str] = RECIPIENTS) -> Json:
    sender = "sentinel@example.org"
    return {"kind": "email", "host": "127.0.0.1", "port": port, "sender": sender, "recipients": list(recipients)}
