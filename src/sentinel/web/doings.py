"""What a person does with an incident, read from the body of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sentinel.core.incident import Acknowledge, Assign, Close, Comment, Event, Unacknowledge
from sentinel.web.fields import Given, Shape, hold, maybe_text, optional, text
from sentinel.web.payload import LONGEST_NAME
from sentinel.web.shapes import BY, BY_WHY, WHY

LONGEST_COMMENT = 2_000  # characters

HOLD = optional(hold("for", "until then nobody else is called; for good where nothing is said"), None)
TEXT = text("text", LONGEST_COMMENT)
TO = maybe_text("to", LONGEST_NAME, "who is to see to it; empty: nobody any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Something that people do with an incident."""

    says: str
    shape: Shape
    make: Callable[[Given], Event]

    def __call__(self, content: bytes) -> Event:
        """Read the body of a request; raises BadRequest."""
        return self.make(self.shape.read(content))


#: By the word in the address.
DOINGS: Final = {
    "acknowledge": Doing(
        says="Take an incident: nobody else is called until that runs out.",
        shape=Shape(BY, WHY, HOLD),
        make=lambda given: Acknowledge(by=given[BY], why=given[WHY], hold=given[HOLD]),
    ),
    "unacknowledge": Doing(
        says="Give an incident back: its escalation goes on.",
        shape=BY_WHY,
        make=lambda given: Unacknowledge(by=given[BY], why=given[WHY]),
    ),
    "resolve": Doing(
        says="Close an incident; a check that is still bad opens another.",
        shape=BY_WHY,
        make=lambda given: Close(by=given[BY], why=given[WHY]),
    ),
    "comment": Doing(
        says="Write on the timeline of an incident; also after its end.",
        shape=Shape(BY, TEXT),
        make=lambda given: Comment(by=given[BY], text=given[TEXT]),
    ),
    "assign": Doing(
        says="Say who is to see to an incident.",
        shape=Shape(BY, TO),
        make=lambda given: Assign(by=given[BY], to=given[TO]),
    ),
}
