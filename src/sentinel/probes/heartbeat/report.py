"""What a job reports of one of its runs."""

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """What happened."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"
    LOG = "log"  # it writes something, and nothing has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report, as it came in."""

    sign: Sign
    status: int | None = None  # exit status of the run, 0 to 255, if the job gave one
    run: str = ""  # an id that the reports of one run have in common; empty when the job gives none
    output: bytes = b""  # what the job sent along; shown to nobody, unless the check allows its first line
