"""What a person does with an incident, read from the body of a request."""

from sentinel.core.incident import Acknowledge, Assign, Close, Comment, Unacknowledge
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, duration, line, object_of

LONGEST_COMMENT = 2_000  # characters


def acknowledge(body: bytes) -> Acknowledge:
    """Read `{"by": "ann", "why": "on it", "for": "2h"}`; `for` may be missing.

    Raises:
        BadRequest: it is not that.
    """
    fields = object_of(body, {"by", "why", "for"})
    return Acknowledge(
        by=line(fields, "by", LONGEST_NAME),
        why=line(fields, "why", LONGEST_REASON),
        hold=duration(fields["for"]) if fields.get("for") is not None else None,
    )


def unacknowledge(body: bytes) -> Unacknowledge:
    """Read `{"by": "ann", "why": "not mine"}`; raises BadRequest."""
    fields = object_of(body, {"by", "why"})
    return Unacknowledge(by=line(fields, "by", LONGEST_NAME), why=line(fields, "why", LONGEST_REASON))


def close(body: bytes) -> Close:
    """Read `{"by": "ann", "why": "mended by hand"}`; raises BadRequest."""
    fields = object_of(body, {"by", "why"})
    return Close(by=line(fields, "by", LONGEST_NAME), why=line(fields, "why", LONGEST_REASON))


def comment(body: bytes) -> Comment:
    """Read `{"by": "ann", "text": "the disk was full"}`; raises BadRequest."""
    fields = object_of(body, {"by", "text"})
    return Comment(by=line(fields, "by", LONGEST_NAME), text=line(fields, "text", LONGEST_COMMENT))


def assign(body: bytes) -> Assign:
    """Read `{"by": "ann", "to": "bob"}`; `to` may be empty: nobody's any more. Raises BadRequest."""
    fields = object_of(body, {"by", "to"})
    to = "" if fields.get("to") == "" else line(fields, "to", LONGEST_NAME)
    return Assign(by=line(fields, "by", LONGEST_NAME), to=to)
