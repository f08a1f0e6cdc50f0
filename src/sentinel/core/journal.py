"""The journal: what people and programs had Sentinel do, chained so that nothing can be changed or left out unseen."""

from dataclasses import dataclass
from datetime import datetime

from sentinel.core.access import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody did, or tried and was refused."""

    at: datetime  # UTC
    by: str  # who; a program by the name of its token
    via: Via
    action: str  # such as `incident.acknowledge`, `session.refused`
    subject: str  # what it was done to, such as `incident 12`; never a secret
    detail: str = ""  # one line, cleaned; never a secret, a body or a person's data
