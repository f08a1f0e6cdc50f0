"""A dead channel through the real daemon: another stands in, and people hear of the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kit.http_receiver import Answer
from tests.kit.stage import level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_what_a_webhook_refuses_for_good_arrives_by_mail_and_so_does_the_end(stage: Stage) -> None:
    """H03."""
    stage.tell("hook", "mail")
    stage.levels(level(0, "hook"))
    stage.daemon.config["channels"]["hook"]["fallback"] = "mail"
    stage.hook.next_answers.append(Answer(status=410))
    await stage.daemon.start()
    stage.target.fail()
    await stage.mail.messages.reach(2, within=15)
    stage.target.recover()
    await stage.mail.messages.reach(4, within=15)
    rows = await stage.settles()
    told = {(row.channel, row.kind): row.state for row in rows}
    assert told == {
        ("hook", "opened"): "dead",
        ("mail", "opened"): "sent",
        ("hook", "resolved"): "sent",
        ("mail", "resolved"): "sent",
    }
    assert "in place of" not in (await stage.daemon.say("outbox")).text  # what is dead is listed, copies were sent


@story
async def test_a_storm_within_a_budget_names_every_check(stage: Stage) -> None:
    """H08."""
    stage.daemon.config["channels"]["hook"]["budget"] = {"messages": 5, "per": "20s"}
    entry = stage.daemon.config["checks"][0]
    names = {f"api-{number}" for number in range(30)}
    stage.checks(*({**entry, "name": name, "group": name} for name in sorted(names)))
    stage.target.fail()
    await stage.daemon.start()

    def named() -> set[str]:
        messages = [request.json() for request in stage.hook.requests]
        return {one["check"] for m in messages for one in m["news"]} | {
            m["check"]["name"] for m in messages if m["check"]
        }

    await stage.hook.requests.until(lambda _: named() >= names, within=40)
    assert len(stage.hook.requests) <= 12
