"""Histories of several checks through the real daemon, with real receivers: whatever happens, each promise is kept.

What the receivers got is compared with what was committed, by `tests.kit.promises`. One history is written by hand and holds
what five seeded bugs break (`test_seeded_bugs`); the others are made by a seed.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING

from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, Drop
from tests.kit.town import NAMES, Town

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.ledger import Known
    from tests.kit.process import Children

EVENTS = 14
LONGEST_PAUSE = 0.9  # seconds between two events
CHANNELS = ("hook", "slack", "mail")


#: Much more than a step takes, unless a host has hardly any time: then results are unknown and nothing opens.
WITHIN = 40.0  # seconds


async def test_a_history_with_every_trap_keeps_every_promise(children: Children, tmp_path: Path) -> None:
    """Refused, swallowed, acknowledged, in a window, and killed with a counter that had begun to count."""
    async with Town(children, tmp_path) as town:
        town.checks(*(town.check(name, open_after=8 if name == "login" else 2, group="") for name in NAMES))
        del town.daemon.config["connectivity"]
        await town.daemon.start()
        await counts_on_across_a_kill(town)
        await is_refused_and_swallowed(town)
        await is_taken(town)
        await ends_in_a_window(town)
        await town.heal()
        assert town.faults == [], "\n".join(town.faults)
        assert town.idle("killed", "ack", "window start", "spoilt", "unclear") == []


async def counts_on_across_a_kill(town: Town) -> None:
    """What was counted before a kill counts after it."""
    town.fail("login")
    await eventually(lambda: counted(town, "login") >= 3, within=WITHIN)
    await town.kill()
    opened = await town.row(kind="opened", within=WITHIN)
    started = datetime.fromisoformat((await town.daemon.status())["started_at"]).timestamp()
    [[body]] = town.daemon.ledger.ask(f"SELECT body FROM incidents WHERE id = {opened.about}")
    assert datetime.fromisoformat(json.loads(body)["began_at"]).timestamp() < started, "it began to count anew"
    town.mend("login")


def counted(town: Town, check: str) -> int:
    """Bad results in a row of a check whose incident is not open yet, as they are committed."""
    found = town.daemon.ledger.ask(f"SELECT body FROM states WHERE check_name = '{check}'")
    incident = json.loads(found[0][0])["incident"] if found else None
    return int(incident["breaches"]) if incident and incident["phase"] == "pending" else 0


async def is_refused_and_swallowed(town: Town) -> None:
    """The first try is refused, of the second one nobody knows."""
    town.hook.next_answers += [Answer(status=503), Drop()]
    town.fail("web")
    await eventually(lambda: not town.hook.next_answers, within=WITHIN)


async def is_taken(town: Town) -> None:
    """Somebody takes what would escalate and be reminded of, and time passes."""
    town.fail("db")
    incident = (await incident_of(town, "db")).id
    assert (await town.does("ack", str(incident), "--for", "1h")).code == 0
    await asyncio.sleep(3.5)  # a reminder comes after 2.5 seconds


async def ends_in_a_window(town: Town) -> None:
    """People were told of it before the window began; it is well again while the window lasts."""
    town.fail("shop")
    incident = (await incident_of(town, "shop")).id
    assert (await town.does("window start", "--check", "shop", "--for", "1h")).code == 0
    town.mend("shop")
    await eventually(lambda: incident not in town.open_incidents(), within=WITHIN)


async def incident_of(town: Town, check: str) -> Known:
    """The open incident of a check, once there is one and people were told of it."""

    def look() -> list[Known]:
        rows = {row.about for row in town.daemon.ledger.rows() if row.state == "sent"}
        known = town.daemon.ledger.incidents()
        return [one for one in known if one.is_open and one.check == check and one.id in rows]

    return (await eventually(look, within=WITHIN))[0]
