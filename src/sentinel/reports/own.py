"""Sentinel itself, for a page: how it does, what it goes by, and how its channels do."""

from dataclasses import dataclass
from datetime import datetime

from sentinel.reports.channels import ChannelLine
from sentinel.reports.documents import FORMAT, Document, HealthDocument, OutboxLine, OwnHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDocument(Document):
    """What the page about Sentinel shows."""

    format: int = FORMAT
    at: datetime
    version: str
    source: str
    started_at: datetime
    health: HealthDocument
    own: OwnHealth
    outbox: OutboxLine
    config: str  # the file; absolute
    fingerprint: str  # of the configuration in force
    checks: int
    store: str  # `SQLite` or `PostgreSQL`
    schema: str  # revision of the store
    backup: str  # how old the newest backup of the store is, in words; empty: no check watches one
    lacks: tuple[str, ...]  # what this host lacks for checks and channels to work
    channels: tuple[ChannelLine, ...]
