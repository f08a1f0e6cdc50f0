"""`sentinel config routes` and what `config check` says of telling."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.config.test_people import TREE
from tests.kit.command import forked, sentinel

if TYPE_CHECKING:
    from pathlib import Path


AGAIN = "; again every 10m, 3 times at most"


def written(folder: Path, **more: Any) -> Path:
    file = folder / "c.json"
    file.write_text(json.dumps(TREE | {"checks": [TREE["checks"][0] | {"tags": ["hr"]}]} | more))
    return file


async def test_who_would_be_told_is_shown(tmp_path: Path) -> None:
    ended = await sentinel("config", "routes", "api", "--at", "2026-03-10T22:00+01:00", "-c", written(tmp_path))
    assert ended.out.splitlines() == [
        "api, CRITICAL, at 2026-03-10 21:00 UTC",
        "policy default (routes[0]: tag hr; critical only, while night)",
        f"level 1  2026-03-10 21:00  ben on call (mail ben@example.org, team team@example.org){AGAIN}",
        "level 2  2026-03-10 21:15  team team@example.org",
        "kept informed: team",
    ]


async def test_quiet_hours_and_levels_that_are_never_reached_are_shown(tmp_path: Path) -> None:
    asked = ("config", "routes", "api", "--severity", "warning", "--at", "2026-03-10T22:00+01:00", "--json")
    found = (await forked(*asked, "-c", written(tmp_path))).json()
    assert (found["route"], found["quiet_until"]) == (None, "2026-03-11T06:00:00Z")
    assert [level["at"] for level in found["levels"]] == ["2026-03-11T06:00:00Z", None]


async def test_levels_within_a_minute_are_shown_by_the_second(tmp_path: Path) -> None:
    quick = [{"after": "0s", "channels": ["team"]}, {"after": "20s", "channels": ["mail"]}]
    policies = {"default": {"levels": quick}}
    file = written(tmp_path, policies=policies, routes=[])
    ended = await forked("config", "routes", "api", "--at", "2026-03-10T21:00Z", "-c", file)
    assert [line[:28] for line in ended.out.splitlines()[2:4]] == [
        "level 1  2026-03-10 21:00:00",
        "level 2  2026-03-10 21:00:20",
    ]


async def test_a_time_of_day_is_the_next_by_the_clock_of_this_host(tmp_path: Path) -> None:
    found = (await forked("config", "routes", "api", "--at", "10:30", "--json", "-c", written(tmp_path))).json()
    local = datetime.fromisoformat(found["at"]).astimezone()
    assert (local.hour, local.minute) == (10, 30)


async def test_without_a_check_the_ways_of_all_are_shown(tmp_path: Path) -> None:
    api = TREE["checks"][0]
    others = [{**api, "name": f"web-{number:02}"} for number in range(15)]
    file = written(tmp_path, checks=[{**api, "tags": ["hr"]}, *others])
    asked = ("config", "routes", "--at", "2026-03-10T22:00+01:00", "-c", file)
    lines = (await forked(*asked)).out.splitlines()
    assert lines[0] == "every check, CRITICAL, at 2026-03-10 21:00 UTC"
    assert lines[2:4] == ["api", "  policy default (routes[0]: tag hr; critical only, while night)"]
    assert any(line.startswith("web-00, web-01") and line.endswith("web-11 and 3 more") for line in lines)
    ways = (await forked(*asked, "--json")).json()["ways"]
    assert [len(way["checks"]) for way in ways] == [1, 15]


async def test_a_check_or_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path)
    unknown = await forked("config", "routes", "apy", "-c", file)
    assert (unknown.code, "did you mean api?" in unknown.err) == (64, True)
    assert (await forked("config", "routes", "api", "--at", "tonight", "-c", file)).code == 64
    assert (await forked("config", "routes", "api", "--at", "9999-12-31T23:59", "-c", file)).code == 64


async def test_the_check_of_a_configuration_warns_of_what_nobody_hears(tmp_path: Path) -> None:
    ended = await forked("config", "check", "-c", written(tmp_path, routes=[{"policy": "default"}, *TREE["routes"]]))
    assert (ended.code, "`routes[1]` never has a turn" in ended.err) == (0, True)


async def test_the_check_of_a_configuration_warns_of_buttons_that_do_nothing(tmp_path: Path) -> None:
    chat = {"kind": "slack", "token": "xoxb-1", "channel": "C0123456789", "signing_secret": "s" * 32}
    file = written(tmp_path, channels={**TREE["channels"], "chat": chat})
    file.chmod(0o600)
    ended = await forked("config", "check", "-c", file)
    assert "channel 'chat' has buttons that do nothing: `web.port` is not set" in ended.err
    file.write_text(json.dumps(json.loads(file.read_text()) | {"web": {"port": 8700}}))
    assert "buttons" not in (await forked("config", "check", "-c", file)).err
