"""Why nobody is told of an incident, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from sentinel.core.incident import Because, Mute
from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once
from sentinel.core.silence import Silence
from sentinel.core.untold import why_untold
from sentinel.core.window import Window

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SILENCE = Silence(
    id=3, matcher=Matcher(), by="Ada", why="disk swap", starts_at=NOW - HOUR, ends_at=NOW + HOUR, created_at=NOW
)
WINDOW = Window(
    id="7", title="move", matcher=Matcher(), when=Once(starts_at=NOW - HOUR, ends_at=NOW + timedelta(days=1))
)


@pytest.mark.parametrize(
    ("mute", "words"),
    [
        (Mute(because=Because.SILENCE, by="3"), "silence 3 by Ada until 14:00 UTC: disk swap"),
        (Mute(because=Because.SILENCE, by="4"), "silence 4"),
        (Mute(because=Because.WINDOW, by="7"), "window 7 (move) until 2026-03-03 13:00 UTC"),
        (Mute(because=Because.WINDOW, by="nightly"), "window nightly"),
        (Mute(because=Because.DEPENDENCY, by="db"), "what it depends on is down: db"),
        (Mute(because=Because.DEPENDENCY, by="db", bundle=6), "what it depends on is down: db; it is told of with #6"),
        (Mute(because=Because.LOOKING, by="db"), "held back until db was looked at"),
        (Mute(because=Because.LOOKING, by="db, api"), "held back until db and api were looked at"),
        (
            Mute(because=Because.QUIET, by="default"),
            "quiet hours of policy default: only critical incidents are told of",
        ),
        (Mute(because=Because.GROUP, by="api", bundle=6), "it is told of with #6, as it broke together with api"),
    ],
)
def test_a_mute_is_said_as_a_person_would(mute: Mute, words: str) -> None:
    assert why_untold(mute, NOW, [SILENCE], [WINDOW]) == words


def test_a_window_that_is_over_has_no_end_to_come() -> None:
    assert (
        why_untold(Mute(because=Because.WINDOW, by="7"), NOW + 2 * timedelta(days=1), (), [WINDOW]) == "window 7 (move)"
    )
