"""What a scenario made in the system that it watches and has to take away again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One run of a scenario whose clean-up is not done."""

    id: str  # of the run
    check: str
    # What its clean-up needs to know, such as the id of a record; no secret, no person's data.
    values: Mapping[str, str | int]
    at: datetime  # when the run began; UTC
