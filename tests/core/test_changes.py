"""What effects ask to be written down."""

from datetime import UTC, datetime, timedelta

import pytest

from sentinel.core.changes import cancels
from sentinel.core.incident import Effect, EffectKind, Incident, Policy

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
INCIDENT = Incident(id=7, check="api", policy=Policy(name="default", levels=()), began_at=AT - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("effects", "conversations"),
    [
        ((EffectKind.MUTED,), [7]),
        ((EffectKind.RESOLVED,), [7]),
        ((EffectKind.OPENED, EffectKind.MUTED), []),  # nothing was told of it that could be taken back
        ((EffectKind.ESCALATED,), []),
    ],
)
def test_what_was_told_before_is_taken_back(effects: tuple[EffectKind, ...], conversations: list[int]) -> None:
    asked = cancels(INCIDENT, (Effect(kind=kind) for kind in effects), AT)
    assert [cancel.conversation for cancel in asked] == conversations
