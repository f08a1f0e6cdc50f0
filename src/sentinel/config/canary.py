"""Canaries through a channel: from the entry of the file to when one is due."""

from datetime import time

from sentinel.config.schema.canary import CanaryEntry
from sentinel.core.proof import Canary


def canary(entry: CanaryEntry | None) -> Canary | None:
    """The canary that a channel's entry asks for."""
    if entry is None:
        return None
    return Canary(
        every=entry.every,
        at=time.fromisoformat(entry.at) if entry.at else None,
        zone=entry.zone,
        silent_after=entry.silent_after or 2 * entry.every,
    )
