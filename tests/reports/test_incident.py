"""What is said of one incident, from beginning to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.core.incident import Phase
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.incident import Record, build, happened
from tests.kit.scene import NOW, broken, check, history

PAST = history(check("login"), [broken()] * 3)


def kinds(*written: str) -> list[str]:
    assert PAST.incident is not None
    over = replace(PAST.incident, phase=Phase.RESOLVED, resolved_at=NOW)
    entries = [TimelineEntry(incident=1, at=NOW - timedelta(minutes=1), kind=kind) for kind in written]
    return [line.kind for line in build(Record(incident=over, timeline=entries), None, NOW).timeline]


def test_the_timeline_of_one_that_left_its_group_has_an_end() -> None:
    assert kinds("opened", "left") == ["opened", "left", "resolved"]
    assert kinds("opened", "resolved") == ["opened", "resolved"]


def test_what_happened_is_said_in_words() -> None:
    assert happened("acknowledgement_expired") == "acknowledgement expired"
    assert happened("progress") == "told how it stands"
