"""Starts that must not be: a second daemon, and a configuration that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_a_second_daemon_on_the_same_store_is_refused_and_the_first_goes_on(stage: Stage) -> None:
    await stage.daemon.start()
    stage.daemon.config["web"] = {"socket": "other.sock"}
    stage.daemon.write()
    second = await stage.daemon.say("run")
    assert second.code == 75
    assert "another Sentinel" in second.text
    assert "Traceback" not in second.text
    asked = len(stage.target.requests)
    await stage.target.requests.reach(asked + 2)


@story
async def test_a_configuration_that_is_wrong_ends_the_start_with_78_and_names_the_place(stage: Stage) -> None:
    stage.daemon.config["checks"][0]["intervall"] = "5s"
    stage.daemon.write()
    said = await stage.daemon.say()
    assert said.code == 78
    assert "checks[0].intervall" in said.text
    assert "Traceback" not in said.text
