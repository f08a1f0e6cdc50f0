"""The table of what becomes of each kind of message, in docs/alerting/more-channels.md, names every kind once."""

import re
from pathlib import Path

from sentinel.core.notification import Kind

PAGE = Path(__file__).parents[2] / "docs" / "alerting" / "more-channels.md"


def test_every_kind_that_a_channel_can_get_stands_in_the_table_once() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = [kind for row in rows for kind in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(kind.value for kind in Kind if kind is not Kind.COMMAND)
