"""Windows of a file: what is expected when."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once, Recurrence, Repeating
from tests.kit.config import CHECK, ConfigFolder

HOUR = timedelta(hours=1)


def when(folder: Path, **entry: Any) -> Recurrence:
    plan = ConfigFolder(folder).plan({"checks": [CHECK], "windows": {"move": entry}})
    [window] = plan.windows
    assert (window.id, window.configured) == ("move", True)
    return window.when


def test_once_is_by_the_clock_of_its_zone(tmp_path: Path) -> None:
    found = when(tmp_path, **{"from": "2026-12-24 22:00", "to": "2026-12-25T02:30", "zone": "Europe/Berlin"})
    assert found == Once(
        starts_at=datetime(2026, 12, 24, 21, tzinfo=UTC), ends_at=datetime(2026, 12, 25, 1, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"every": "day", "at": "02:05"}, "5 2 * * *"),
        ({"every": "week", "at": "02:00", "days": ["sun", "tue-wed"]}, "0 2 * * TUE,WED,SUN"),
        ({"every": "month", "at": "22:00", "month_days": [1, 15, -1]}, "0 22 1,15,L * *"),
        ({"cron": "0 2 * * SUN#1"}, "0 2 * * SUN#1"),
    ],
)
def test_what_comes_again_is_a_line_of_a_crontab(tmp_path: Path, entry: dict[str, Any], line: str) -> None:
    found = when(tmp_path, **entry, duration="1h", zone="Europe/Berlin")
    assert found == Repeating(line=line, zone="Europe/Berlin", duration=HOUR)


def test_a_window_says_what_is_expected_of_which_checks_and_who_is_told(tmp_path: Path) -> None:
    entry = {
        "title": "Move of the database",
        "match": {"checks": ["a*"], "kinds": ["http"]},
        "every": "day",
        "at": "02:00",
        "duration": "30m",
        "expect_down": True,
        "channels": ["hook", "hook"],
        "before": "1h",
        "update_every": "15m",
        "why": "backup",
    }
    channels = {"hook": {"kind": "webhook", "url": "http://127.0.0.1:8002/"}}
    tree = {"checks": [CHECK], "channels": channels, "windows": {"move": entry}}
    [window] = ConfigFolder(tmp_path).plan(tree, mode=0o600).windows
    assert window.matcher == Matcher(checks=("a*",), kinds=frozenset({"http"}))
    assert (window.expects_down, window.channels, window.before, window.why) == (True, ("hook",), HOUR, "backup")
    assert window.update_every == HOUR / 4


def test_toml_has_local_times_of_its_own(tmp_path: Path) -> None:
    text = """
[[checks]]
name = "api"
kind = "http"
options = { url = "http://127.0.0.1:8001/health" }

[windows.move]
from = 2026-12-24T22:00:00
to = 2026-12-24T23:00:00
"""
    [window] = ConfigFolder(tmp_path).plan(text, name="monitoring_config.toml").windows
    assert window.when.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is not None


def test_the_example_of_the_page_can_be_used(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "alerting" / "silences-and-windows.md"
    [example] = re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)
    mail = {"kind": "email", "host": "127.0.0.1", "sender": "s@example.org", "recipients": ["a@example.org"]}
    tree = {"checks": [{**CHECK, "name": "payroll-api", "tags": ["hr"]}], "channels": {"mail": mail}}
    windows = ConfigFolder(tmp_path).plan(tree | json.loads(example)).windows
    assert [window.id for window in windows] == ["backup", "patches", "move"]
