"""A critical incident is looked back at after its end, by the running daemon and by command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_a_review_is_written_and_sent_once_when_its_time_has_come(stage: Stage) -> None:
    schedule = [{"name": "monthly", "every": "month", "channels": ["hook"], "forms": ["json"]}]
    stage.daemon.config["reports"] = {"schedule": schedule, "reviews": ["1s"]}
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    stage.target.recover()
    await stage.hears("opened", "resolved", "report", within=30)
    written = json.loads((stage.daemon.folder / "reports" / "review-1-1s.json").read_text())
    assert written["contents"] == ["review"]
    assert (written["review"]["incident"]["line"]["check"], written["review"]["due"]) == ("api", "1s")
    assert [told["messages"] for told in written["review"]["told"]] == [2]
    assert stage.daemon.ledger.ask("SELECT period FROM reports WHERE name = 'review'") == [("1-1s",)]


@story
async def test_a_review_is_made_by_command_while_an_incident_goes_on(stage: Stage) -> None:
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    said = await stage.daemon.say("report", "review", "1", "--form", "json")
    assert (said.code, "It goes on." in said.text) == (0, True)
    refused = await stage.daemon.say("report", "review", "99")
    assert (refused.code, "there is no incident 99" in refused.text) == (1, True)
