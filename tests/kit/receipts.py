"""What arrived at receivers, and whether it is what was promised, seen against what was committed."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING

from tests.kit.promises import Act, Receipt, broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kit.http_receiver import HttpReceiver, Received
    from tests.kit.ledger import Ledger
    from tests.kit.smtp import SmtpServer

__all__ = ["Act", "Receipt", "faults", "from_mail", "from_slack", "from_webhook"]


def from_webhook(receiver: HttpReceiver, channel: str = "hook") -> list[Receipt]:
    taken = (request for request in receiver.requests if _taken(request))
    return [Receipt(channel=channel, key=request.headers["webhook-id"], at=request.at) for request in taken]


def from_slack(receiver: HttpReceiver, channel: str = "slack") -> list[Receipt]:
    posts = (r for r in receiver.requests if _taken(r) and r.target.endswith("/chat.postMessage"))
    return [Receipt(channel=channel, key=_slack_key(post), at=post.at) for post in posts]


def from_mail(server: SmtpServer, channel: str = "mail") -> list[Receipt]:
    taken = (mail for mail in server.messages if (mail.reply or "250").startswith("2"))
    return [Receipt(channel=channel, key=_mail_key(mail.content), at=mail.at) for mail in taken]


def _slack_key(post: Received) -> str:
    return str(post.json()["metadata"]["event_payload"]["key"])


def _mail_key(content: bytes) -> str:
    return str(message_from_bytes(content)["Message-ID"]).strip("<>").partition("@")[0]


def _taken(request: Received) -> bool:
    """Whether the receiver has it: it said so, or said nothing."""
    return request.status is None or 200 <= request.status < 300


def faults(ledger: Ledger, receipts: Sequence[Receipt], acts: Sequence[Act] = ()) -> list[str]:
    """Everything that is wrong, in words; empty when each promise was kept. For when nothing is under way any more."""
    return broken(ledger.book(), receipts, acts)
