"""Makes a received mail readable."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from examples.sink.arrivals import Kind, Message
from examples.sink.smtp import Envelope

SHOWN_HEADERS = ("Message-ID", "In-Reply-To", "References")


def readable(envelope: Envelope, content: bytes) -> Message:
    mail = message_from_bytes(content, policy=default)
    text, html = part(mail, "plain"), part(mail, "html")
    headers = tuple((name, header(mail, name)) for name in SHOWN_HEADERS if mail[name])
    facts = (("From", header(mail, "From")), ("To", ", ".join(envelope.recipients)), *headers)
    return Message(
        kind=Kind.MAIL,
        title=header(mail, "Subject") or "(no subject)",
        text=text or "(no text part)",
        html=html or None,
        facts=facts,
        key=f"mail {header(mail, 'Message-ID')} {' '.join(envelope.recipients)}" if mail["Message-ID"] else "",
    )


def header(mail: EmailMessage, name: str) -> str:
    return str(mail[name] or "")


def part(mail: EmailMessage, subtype: str) -> str:
    """The first part of that kind as text; empty when there is none or it cannot be read."""
    found = mail.get_body((subtype,))
    if found is None:
        return ""
    try:
        return str(found.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):
        return ""
