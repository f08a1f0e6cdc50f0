"""Makes a received mail readable."""

import base64
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from examples.sink.arrivals import Kind, Message
from examples.sink.smtp import Envelope

SHOWN_HEADERS = ("Message-ID", "In-Reply-To", "References")


def readable(envelope: Envelope, content: bytes) -> Message:
    mail = message_from_bytes(content, policy=default)
    to = ", ".join(envelope.recipients)
    headers = tuple((name, header(mail, name)) for name in SHOWN_HEADERS if header(mail, name))
    return Message(
        kind=Kind.MAIL,
        title=header(mail, "Subject") or "(no subject)",
        text=part(mail, "plain") or "(no text part)",
        html=with_pictures(mail, part(mail, "html")) or None,
        facts=(("From", header(mail, "From")), ("To", to), *headers),
        key=identity(header(mail, "Message-ID"), to),
        thread=identity(header(mail, "References") or header(mail, "In-Reply-To"), to),
    )


def identity(message_ids: str, to: str) -> str:
    """The first of the ids, the one a conversation began with, for these recipients; empty without any."""
    ids = message_ids.split()
    return f"mail {ids[0]} {to}" if ids else ""


def header(mail: EmailMessage, name: str) -> str:
    """A header's text; empty when it is not there or so broken that the library gives up."""
    try:
        return " ".join(str(mail[name] or "").split())
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def part(mail: EmailMessage, subtype: str) -> str:
    """The first part of that kind as text; empty when there is none or it cannot be read."""
    try:
        found = mail.get_body((subtype,))
        return "" if found is None else str(found.get_content()).replace("\r\n", "\n")
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def with_pictures(mail: EmailMessage, page: str) -> str:
    """The page with the pictures that the mail carries in place of their Content-IDs, which no browser can follow."""
    pictures = {
        identity: picture for found in mail.walk() if (identity := content_id(found)) and (picture := data(found))
    }
    return re.sub(r"\bcid:([^\"'\s>]+)", lambda match: pictures.get(match[1], match[0]), page)


def content_id(found: EmailMessage) -> str:
    return header(found, "Content-ID").strip("<>")


def data(found: EmailMessage) -> str:
    """A picture as an address that holds it; empty when it is none."""
    content = found.get_payload(decode=True)
    if found.get_content_maintype() != "image" or not isinstance(content, bytes):
        return ""
    return f"data:{found.get_content_type()};base64,{base64.b64encode(content).decode()}"
