"""A message as a mail: subject, text and HTML from the templates, headers, and the files of a report.

Headers cannot be broken out of: every value is cleaned by `render`, holds no encoded word, and is folded by
`email.policy.SMTP`. Bodies are encoded so
that no line is longer than 998 characters (RFC 5322, 2.1.1) and no server has to know of 8-bit mail.
"""

import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentinel.channels.render import Tone, Words, one_line, words
from sentinel.core.notification import Notification, Receipt

if TYPE_CHECKING:
    import jinja2

FILES_LIMIT: Final = 2_000_000  # bytes of all files of one mail

_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=78)
_SAFE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")

#: On white letters each of these has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
_COLOURS: Final = {Tone.CRITICAL: "#b3261e", Tone.WARNING: "#8f5a00", Tone.GOOD: "#1d7440", Tone.CALM: "#56606d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail ready to be sent."""

    message_id: str
    content: bytes  # headers and parts, lines ended by CRLF


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    name: str
    content: bytes


def compose(notification: Notification, *, sender: Address, source: str, first: Receipt | None, now: datetime) -> Mail:
    """The mail for a notification. Reads the files of a report, so it belongs on a thread when there are any.

    Args:
        first: the receipt of the first mail of the same incident and recipient, whose thread it continues.
        now: for the header `Date`.
    """
    said = words(notification.message)
    files, notes = _read(notification.message.files)
    mail = EmailMessage(policy=_POLICY)
    identity = message_id(notification.key, sender.domain)
    _head(mail, said, sender, notification.address.recipient, source, now)
    mail["Message-ID"] = identity
    _thread(mail, identity, first)
    mail.set_content(_render("text.txt", said, notes))
    mail.add_alternative(_page(files) or _render("mail.html", said, notes), subtype="html")
    for file in files:
        _attach(mail, file)
    return Mail(message_id=identity, content=mail.as_bytes())


def message_id(key: str, domain: str) -> str:
    """The same for the same key, so that a mail server or reader can tell a repeat."""
    left = key if _SAFE_KEY.fullmatch(key) and len(key) <= 64 else hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{left}@{domain}>"


def _head(mail: EmailMessage, said: Words, sender: Address, recipient: str, source: str, now: datetime) -> None:
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = _header(_render("subject.txt", said))
    mail["Date"] = format_datetime(now)
    # Keeps out-of-office replies and other robots from answering (RFC 3834; the second is Microsoft Exchange's).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["List-Id"] = f"<{_label(source)}.sentinel.{sender.domain}>"


def _header(text: str) -> str:
    """The text as a header's value. EmailMessage reads `=?utf-8?q?=0A?=` in it as an encoded line end, and before Python
    3.11.10 it wrote that line end out, which began a new header (CVE-2024-6923)."""
    return one_line(text).replace("=?", "= ?")


def _label(source: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:63] or "sentinel"


def _thread(mail: EmailMessage, identity: str, first: Receipt | None) -> None:
    begin = first.get("message_id", "") if first else ""
    if begin != identity and _MESSAGE_ID.fullmatch(begin):
        mail["In-Reply-To"] = begin
        mail["References"] = begin


# --- Files of a report -----------------------------------------------------------------------------------------------


def _read(names: Iterable[str]) -> tuple[list[_File], list[str]]:
    """The files that can be sent along, and a note for each that cannot."""
    files: list[_File] = []
    notes = []
    room = FILES_LIMIT
    for path in map(Path, names):
        content = _content(path, room)
        if content is None:
            notes.append(f"{one_line(path.name)} is not attached: it is missing or too large.")
        else:
            files.append(_File(name=_header(path.name), content=content))
            room -= len(content)
    return files, notes


def _content(path: Path, room: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(room + 1)
    except OSError:
        return None
    return content if len(content) <= room else None


def _page(files: list[_File]) -> str:
    """The first HTML file, taken out of the files: it becomes the mail's HTML part."""
    for number, file in enumerate(files):
        if file.name.endswith((".html", ".htm")):
            return files.pop(number).content.decode("utf-8", "replace")
    return ""


def _attach(mail: EmailMessage, file: _File) -> None:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)


# --- Templates -------------------------------------------------------------------------------------------------------


@cache
def templates() -> "jinja2.Environment":
    """The environment of the templates: sandboxed, HTML escaped, unknown names an error."""
    # 12 MB and 60 ms that only who sends mail pays for
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=lambda name: (name or "").endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def load_templates() -> None:
    """Read and compile every template, so that no mail has to wait for it."""
    for name in ("subject.txt", "text.txt", "mail.html"):
        templates().get_template(name)


def _render(name: str, said: Words, notes: Iterable[str] = ()) -> str:
    return templates().get_template(name).render(m=said, notes=tuple(notes), colour=_COLOURS[said.tone])
