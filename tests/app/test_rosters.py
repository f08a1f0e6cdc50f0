"""Who is on call in a running Sentinel: what people arrange, restarts, reloads, and calendar files that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.app.rosters import NotArranged, Rosters, StandIn
from sentinel.core.plan import Plan
from sentinel.reports.on_call import on_call_text
from sentinel.reports.text import Look
from sentinel.store.database import Store
from tests.config.test_ical import calendar
from tests.config.test_people import TREE
from tests.kit.clock import FakeClock
from tests.kit.config import ConfigFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR = timedelta(hours=1)

#: The whole life of a calendar file's events, far around whatever day the tests run on.
ALWAYS = "UID:1@example.org\nDTSTART:20200101T000000Z\nDTEND:20200102T000000Z\nRRULE:FREQ=DAILY\nSUMMARY:{}\n"


@pytest.fixture
def folder(tmp_path: Path) -> ConfigFolder:
    return ConfigFolder(tmp_path)


@pytest.fixture
async def store(folder: ConfigFolder) -> AsyncIterator[Store]:
    opened = await Store.open(folder.plan(TREE).store, FakeClock())
    yield opened
    await opened.close()


def planned(folder: ConfigFolder, **on_call: Any) -> Plan:
    return folder.plan(TREE | {"on_call": TREE["on_call"] | on_call})


def asked(clock: FakeClock, **more: Any) -> StandIn:
    lasting = {"starts_at": None, "ends_at": clock.now() + 8 * HOUR}
    return StandIn(**({"schedule": "primary", "person": "ben", "by": "anna", "why": "the dentist"} | lasting | more))


def on_duty(rosters: Rosters, clock: FakeClock, name: str = "primary") -> tuple[str, ...]:
    return rosters.schedules[name].on_duty(clock.now())


@pytest.fixture
async def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 3, 12, tzinfo=UTC))


async def test_whoever_stands_in_is_on_call_until_it_is_over(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    rosters = Rosters(clock, store)
    schedules = rosters.adopt(planned(folder))
    await rosters.arrange(asked(clock))
    assert schedules is rosters.schedules
    assert on_duty(rosters, clock) == ("ben",)
    assert schedules["primary"].on_duty(clock.now() + 8 * HOUR) == ("anna",)


async def test_it_is_remembered_over_a_restart_and_a_reload(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    before = Rosters(clock, store)
    before.adopt(planned(folder))
    await before.arrange(asked(clock))
    rosters = Rosters(clock, store)
    await rosters.recall()
    for _ in range(2):
        rosters.adopt(planned(folder))
        assert on_duty(rosters, clock) == ("ben",)


async def test_it_can_be_ended_before_its_time_once(folder: ConfigFolder, store: Store, clock: FakeClock) -> None:
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder))
    made = await rosters.arrange(asked(clock))
    assert (await rosters.end(made.id, "anna")).person == "ben"
    assert on_duty(rosters, clock) == ("anna",)
    with pytest.raises(NotArranged, match="there is no override 1 that lasts"):
        await rosters.end(made.id, "anna")


async def test_times_without_a_zone_are_those_of_the_schedule(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder))
    made = await rosters.arrange(asked(clock, ends_at=datetime(2026, 3, 4, 9)))  # noqa: DTZ001  that is the question
    assert made.ends_at == datetime(2026, 3, 4, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"schedule": "primry"}, "no schedule is called 'primry'"),
        ({"person": "bert"}, "nobody in `people` is called 'bert'"),
        ({"ends_at": datetime(2026, 3, 3, 11, tzinfo=UTC)}, "it would end before it starts"),
        (
            {"starts_at": datetime(2026, 3, 1, tzinfo=UTC), "ends_at": datetime(2026, 3, 2, tzinfo=UTC)},
            "it would be over already",
        ),
        ({"ends_at": datetime(2028, 3, 3, tzinfo=UTC)}, "it would last too long"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_hint(
    folder: ConfigFolder, store: Store, clock: FakeClock, wrong: dict[str, Any], words: str
) -> None:
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder))
    with pytest.raises(NotArranged, match=words):
        await rosters.arrange(asked(clock, **wrong))
    assert on_duty(rosters, clock) == ("anna",)


async def test_a_changed_calendar_file_counts_and_a_broken_one_keeps_the_old(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    file = folder.folder / "oncall.ics"
    file.write_text(calendar(ALWAYS.format("anna")), newline="")
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder, team={"file": "oncall.ics"}))
    file.write_text(calendar(ALWAYS.format("duty of Ben")), newline="")
    await rosters.look()
    assert on_duty(rosters, clock, "team") == ("ben",)
    file.write_text("broken")
    await rosters.look()
    assert (on_duty(rosters, clock, "team"), list(rosters.problems)) == (("ben",), ["team"])
    file.write_text(calendar(ALWAYS.format("anna, again")), newline="")
    await rosters.look()
    assert (on_duty(rosters, clock, "team"), rosters.problems) == (("anna",), {})


async def test_a_file_that_is_gone_is_said_and_what_was_arranged_goes_on(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    file = folder.folder / "oncall.ics"
    file.write_text(calendar(ALWAYS.format("anna")), newline="")
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder, team={"file": "oncall.ics"}))
    file.unlink()
    await rosters.arrange(asked(clock, schedule="team"))
    await rosters.look()
    assert on_duty(rosters, clock, "team") == ("ben",)
    text = on_call_text(rosters.document().to_json(), Look())
    assert "team  the calendar file oncall.ics" in text
    assert "the file oncall.ics: No such file or directory" in text


async def test_a_file_that_did_not_change_is_followed_further_as_time_passes(
    folder: ConfigFolder, store: Store, clock: FakeClock
) -> None:
    (folder.folder / "oncall.ics").write_text(calendar(ALWAYS.format("anna")), newline="")
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder, team={"file": "oncall.ics"}))
    for _ in range(4):
        await clock.advance(days=60)
        await rosters.look()
    assert on_duty(rosters, clock, "team") == ("anna",)


async def test_who_is_next_and_who_stands_in_is_shown(folder: ConfigFolder, store: Store, clock: FakeClock) -> None:
    rosters = Rosters(clock, store)
    rosters.adopt(planned(folder))
    await rosters.arrange(asked(clock))
    assert on_call_text(rosters.document().to_json(), Look()).splitlines() == [
        "primary  anna, ben in turn",
        "  now   ben  until 2026-03-03 20:00 UTC",
        "  then  anna  until 2026-03-09 08:00 UTC",
        "  then  ben  until 2026-03-16 08:00 UTC",
        "  then  anna  until 2026-03-23 08:00 UTC",
        "  override 1  ben from 2026-03-03 12:00 to 2026-03-03 20:00, by anna: the dentist",
    ]
