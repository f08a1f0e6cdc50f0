"""A message as a mail: subject, text and HTML, headers, the chart, and the files that it brings along.

Headers cannot be broken out of: every value is cleaned by `render`, holds no encoded word, and is folded by
`email.policy.SMTP`. Bodies are encoded so that no line is longer than 998 characters (RFC 5322, 2.1.1) and no server has to know
of 8-bit mail.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from sentinel.channels.attachments import (
    LIST_NAME,
    NOTES_HERE,
    ROWS_SHOWN,
    File,
    OwnPage,
    header,
    left_out,
    read_files,
    take_page,
    whole_list,
)
from sentinel.channels.chart import Chart
from sentinel.channels.render import Words
from sentinel.channels.wording import Picture, Wording
from sentinel.core.notification import Notification, Receipt

_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=78)
_SAFE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_CID: Final = re.compile(r"cid:([a-z0-9-]+\.png)")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail ready to be sent."""

    message_id: str
    content: bytes  # headers and parts, lines ended by CRLF


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What all mails of a channel have in common."""

    sender: Address
    source: str  # name of this Sentinel
    wording: Wording


def compose(
    notification: Notification,
    sheet: Sheet,
    *,
    first: Receipt | None,
    now: datetime,
    chart: Chart | None = None,
    most: int = 0,
) -> Mail:
    """The mail for a notification. Reads the files of a report and may list thousands of rows, so it belongs on a thread then
    (see `is_long`).

    Args:
        first: the receipt of the first mail of the same conversation and recipient, whose thread it continues.
        now: for the header `Date`.
        most: bytes that the server takes; 0 where it names no bound. As many files are left out, the biggest first, as it
            takes to be no larger; a mail without any is as large as it is.
    """
    message = notification.message
    said = sheet.wording.words(message)
    files, notes = read_files(message.files)
    if (everything := whole_list(said)) is not None:
        files.append(everything)
        notes.append(f"{len(said.rows) - ROWS_SHOWN} more are in {LIST_NAME}, which holds all {len(said.rows)}.")
    own = take_page(files)
    load = _Load(files=files, notes=notes, own=own, chart=chart)
    mail = _written(notification, sheet, said, load, first, now)
    while 0 < most < len(mail.content) and load.lighten():
        mail = _written(notification, sheet, said, load, first, now)
    return mail


@dataclass(slots=True, kw_only=True)
class _Load:
    """What a mail brings along, and what is said of what it does not."""

    files: list[File]
    notes: list[str]
    own: OwnPage | None
    chart: Chart | None

    def lighten(self) -> bool:
        """Leave out what is biggest of what can best be done without; False when nothing is left."""
        if self.files:
            biggest = max(self.files, key=lambda file: len(file.content))
            self.files.remove(biggest)
            self.notes.append(left_out(biggest.name))
        elif self.own is not None:
            self.own = None
            self.notes.append(left_out("The page of the report"))
        elif self.chart is not None:
            self.chart = None
        else:
            return False
        return True


def _written(
    notification: Notification, sheet: Sheet, said: Words, load: _Load, first: Receipt | None, now: datetime
) -> Mail:
    identity = message_id(notification.key, sheet.sender.domain)
    picture = Picture(cid=f"chart.{identity[1:-1]}", alt=load.chart.alt) if load.chart else None
    texts = sheet.wording.mail(said, notification.message, notes=load.notes, picture=picture)
    mail = EmailMessage(policy=_POLICY)
    _head(mail, sheet, texts.subject, notification.address.recipient, now)
    mail["Message-ID"] = identity
    _thread(mail, identity, first)
    mail.set_content(texts.text)
    if load.own is not None:
        _add_own(mail, load.own, identity, load.notes)
    else:
        mail.add_alternative(texts.html, subtype="html")
    if load.chart is not None and picture is not None:
        _embed(_page_of(mail), File(name="chart.png", content=load.chart.png), picture.cid)
    for file in load.files:
        file.attach_to(mail)
    return Mail(message_id=identity, content=mail.as_bytes())


def is_long(notification: Notification) -> bool:
    """Whether composing it would hold up others: it reads files, or has much to list."""
    message = notification.message
    return bool(message.files) or len(message.news) + len(message.others) > ROWS_SHOWN


def message_id(key: str, domain: str) -> str:
    """The same for the same key, so that a mail server or reader can tell a repeat."""
    left = key if _SAFE_KEY.fullmatch(key) and len(key) <= 64 else hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{left}@{domain}>"


def _head(mail: EmailMessage, sheet: Sheet, subject: str, recipient: str, now: datetime) -> None:
    mail["From"] = sheet.sender
    mail["To"] = recipient
    mail["Subject"] = header(subject)
    mail["Date"] = format_datetime(now)
    # Keeps out-of-office replies and other robots from answering (RFC 3834; the second is Microsoft Exchange's).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["List-Id"] = f"<{_label(sheet.source)}.sentinel.{sheet.sender.domain}>"


def _label(source: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:63] or "sentinel"


def _thread(mail: EmailMessage, identity: str, first: Receipt | None) -> None:
    begin = first.get("message_id", "") if first else ""
    if begin != identity and _MESSAGE_ID.fullmatch(begin):
        mail["In-Reply-To"] = begin
        mail["References"] = begin


def _add_own(mail: EmailMessage, own: OwnPage, identity: str, notes: Sequence[str]) -> None:
    """The page that came as a file, with what could not be sent along, and its pictures under identifiers of this mail."""
    named = {picture.name: f"{picture.name}.{identity[1:-1]}" for picture in own.pictures}
    page = _CID.sub(lambda found: f"cid:{named.get(found[1], found[1])}", own.html)
    said = "".join(f'<tr><td style="padding:0 24px 12px; font-size:13px;">{escape(note)}</td></tr>' for note in notes)
    mail.add_alternative(page.replace(NOTES_HERE, said, 1), subtype="html")
    part = _page_of(mail)
    for picture in own.pictures:
        _embed(part, picture, named[picture.name])


def _page_of(mail: EmailMessage) -> EmailMessage:
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage), "the page was just added"
    return page


def _embed(page: EmailMessage, picture: File, cid: str) -> None:
    """Put a picture beside the page that shows it (RFC 2387)."""
    page.add_related(
        picture.content, maintype="image", subtype="png", cid=f"<{cid}>", disposition="inline", filename=picture.name
    )
