"""The tables of the kinds of messages, in docs/channels.md and docs/alerting/more-channels.md, name every kind once."""

import re
from pathlib import Path

import pytest

from sentinel.core.notification import AT_MOST_ONCE, Kind

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["channels.md", "alerting/more-channels.md"])
def test_every_kind_that_a_channel_can_get_stands_in_the_table_once(page: str) -> None:
    table = (DOCS / page).read_text(encoding="utf-8").partition("| Kind |")[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = [kind for row in rows for kind in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(kind.value for kind in Kind if kind not in AT_MOST_ONCE)
