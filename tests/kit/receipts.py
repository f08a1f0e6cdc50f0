"""What arrived, compared with what was committed: nothing lost, repeats only where a repeat is due, everything in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.kit.http_receiver import HttpReceiver, Received
    from tests.kit.ledger import Ledger, Row
    from tests.kit.smtp import SmtpServer

#: The first and the last news of an incident; whoever gets the one gets the other.
ENDINGS = ("resolved", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One message that reached a receiver whole, and that it did not refuse."""

    channel: str
    key: str


def from_webhook(receiver: HttpReceiver, channel: str = "hook") -> list[Receipt]:
    return [Receipt(channel=channel, key=r.headers["webhook-id"]) for r in receiver.requests if _taken(r)]


def from_slack(receiver: HttpReceiver, channel: str = "slack") -> list[Receipt]:
    posts = (r.json() for r in receiver.requests if _taken(r) and r.target.endswith("/chat.postMessage"))
    return [Receipt(channel=channel, key=post["metadata"]["event_payload"]["key"]) for post in posts]


def from_mail(server: SmtpServer, channel: str = "mail") -> list[Receipt]:
    contents = (message_from_bytes(mail.content) for mail in server.messages if (mail.reply or "250").startswith("2"))
    return [Receipt(channel=channel, key=mail["Message-ID"].strip("<>").partition("@")[0]) for mail in contents]


def _taken(request: Received) -> bool:
    """Whether the receiver has it: it said so, or said nothing."""
    return request.status is None or 200 <= request.status < 300


def faults(ledger: Ledger, receipts: Sequence[Receipt]) -> list[str]:
    """Everything that is wrong, in words; empty when each promise was kept. For when nothing is under way any more."""
    rows = {row.key: row for row in ledger.rows()}
    return [
        *_lost(rows.values(), receipts),
        *_repeated(rows, receipts),
        *_out_of_order(rows, receipts),
        *_untold(rows.values()),
        *_unqueued(ledger, rows.values()),
    ]


def _lost(rows: Iterable[Row], receipts: Sequence[Receipt]) -> Iterator[str]:
    """I1: what was committed arrived."""
    arrived = {receipt.key for receipt in receipts}
    for row in rows:
        if row.state not in ("sent", "cancelled"):
            yield f"not sent: {row}"
        if row.state == "sent" and row.key not in arrived:
            yield f"counts as sent and never arrived: {row}"


def _repeated(rows: dict[str, Row], receipts: Sequence[Receipt]) -> Iterator[str]:
    """I2: nothing arrives more often than once and once more per attempt of which nobody knows how it ended."""
    for key, times in Counter(receipt.key for receipt in receipts).items():
        row = rows.get(key)
        if row is None:
            yield f"told and never committed: {key}"
        elif times > 1 + row.ambiguous or row.state == "cancelled":
            yield f"arrived {times} times: {row}"


def _out_of_order(rows: dict[str, Row], receipts: Sequence[Receipt]) -> Iterator[str]:
    """I3: the messages of one incident reach one address in the order in which they came about."""
    latest: dict[tuple[int | None, str, str], int] = {}
    for receipt in receipts:
        if row := rows.get(receipt.key):
            address = (row.incident, row.channel, row.recipient)
            if row.sequence < latest.get(address, 0):
                yield f"came after number {latest[address]}: {row}"
            latest[address] = max(latest.get(address, 0), row.sequence)


def _untold(rows: Iterable[Row]) -> Iterator[str]:
    """Whoever heard of an incident hears of its end, once it has one."""
    told = {(row.incident, row.channel, row.recipient) for row in rows if row.state != "cancelled"}
    ended = {row.incident for row in rows if row.kind in ENDINGS}
    heard = {(row.incident, row.channel, row.recipient) for row in rows if row.kind in ENDINGS}
    for address in told - heard:
        if address[0] in ended:
            yield f"never told of the end: {address}"


def _unqueued(ledger: Ledger, rows: Iterable[Row]) -> Iterator[str]:
    """Every transition that is on a timeline is in the outbox."""
    noted = Counter(incident for incident, _ in ledger.timeline())
    queued = Counter(incident for incident, _ in {(row.incident, row.sequence) for row in rows})
    for incident, number in noted.items():
        if queued[incident] != number:
            yield f"incident {incident}: {number} entries on the timeline, {queued[incident]} messages"
