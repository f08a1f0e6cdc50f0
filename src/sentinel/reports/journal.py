"""The journal as people and programs see it."""

from dataclasses import dataclass
from datetime import datetime

from sentinel.core.access import Via
from sentinel.core.journal import START, Entry
from sentinel.reports.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine(Document):
    """What somebody had Sentinel do."""

    number: int
    at: datetime
    by: str  # empty where nobody said who they are
    via: str
    action: str
    subject: str
    detail: str

    @property
    def who(self) -> str:
        """Who did it, for people; what happens on the host by itself is Sentinel's own."""
        return self.by or ("Sentinel" if self.via == Via.HOST.value else "somebody")

    @property
    def what(self) -> str:
        """What was done, for people: the name of the deed, but of a start."""
        return "started" if self.action == START else self.action


def entry_line(entry: Entry) -> JournalLine:
    """An entry without the code that chains it."""
    deed = entry.deed
    return JournalLine(
        number=entry.number,
        at=deed.at,
        by=deed.by,
        via=deed.via.value,
        action=deed.action,
        subject=deed.subject,
        detail=deed.detail,
    )
