from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kit.command import Ended, sentinel

if TYPE_CHECKING:
    from tests.kit.monitor import StillMonitor


async def explained(monitor: StillMonitor, *arguments: str) -> Ended:
    return await sentinel("--config", monitor.plan.file, "explain", *arguments)


async def test_explain_shows_what_each_rule_of_a_check_sees(monitor: StillMonitor) -> None:
    ended = await explained(monitor, "health")
    assert ended.code == 0
    assert "OK        beyond bound: response_time is 250 ms; allowed: up to 2 s (warning), 5 s (critical)" in ended.out
    assert (
        "OK        error rate: error rate over 1 h (0 of 1 runs failed): 1 of 1000 results that it needs" in ended.out
    )


async def test_explain_of_an_incident_ends_with_its_timeline(monitor: StillMonitor) -> None:
    ended = await explained(monitor, "12")
    assert ended.code == 0
    assert ended.out.index("What each rule sees") < ended.out.index("What comes next") < ended.out.index("Timeline")
    assert "login" in ended.out


async def test_explain_as_json_is_the_document(monitor: StillMonitor) -> None:
    document = await monitor.explain("login")
    assert document is not None
    assert (await explained(monitor, "login", "--json")).json() == document.to_json()


async def test_what_is_neither_a_check_nor_an_incident_is_said_so(monitor: StillMonitor) -> None:
    ended = await explained(monitor, "nobody")
    assert ended.code != 0
    assert "there is no such check or incident" in ended.err
