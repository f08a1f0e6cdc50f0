"""Fields that many requests have."""

from dataclasses import replace
from typing import Final

from sentinel.web.fields import Shape, text
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON

#: Over TCP it is filled in before it is read, so the document does not ask for it.
BY: Final = replace(
    text("by", LONGEST_NAME, "who does it; over TCP who signed in or the name of the token, and may be left out"),
    needed=False,
)
WHY: Final = text("why", LONGEST_REASON, "why; others read it")
ONLY_BY: Final = Shape(BY)
BY_WHY: Final = Shape(BY, WHY)
