"""What a route of the interface for programs takes and answers: said once, for the code that reads and for the document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.web.fields import NOTHING, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Of one route."""

    says: str  # what it does, in one sentence
    answers: type[Any] | tuple[str, ...]  # a document; or the media types of what is no JSON of ours
    asks: Shape = NOTHING  # the parameters behind `?`
    takes: Shape | None = None  # the body; None: it has none
    refuses: bool = False  # 409 where it makes no sense as things are
    otherwise: Mapping[int, type[Any]] = field(default_factory=dict)  # by status: documents in place of an error
