"""The pipeline on a real store: news at once, plain results together, and nothing that matters lost while it fails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.incident import Acknowledge, Incident, Refusal
from sentinel.engine.pipeline import LINGER, MOST_RESULTS
from tests.kit.broken_store import MissingTable
from tests.kit.desk import Desk
from tests.kit.eventually import eventually
from tests.kit.scene import check

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock
    from tests.kit.ledger import Ledger


async def passing(desk: Desk) -> None:
    """Time passes until the store has taken everything."""
    for _ in range(200):
        await desk.clock.advance(seconds=0.25)
        await desk.idle()
        if not desk.pipeline.failing_since and not desk.pipeline.waiting_messages:
            return
    raise AssertionError("the store never took it")


async def until_committed(desk: Desk, commits: int = 1) -> None:
    await eventually(lambda: desk.pipeline.commits >= commits)


async def test_a_first_failure_is_news_and_is_committed_at_once(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as desk:
        desk.fail()
        await until_committed(desk)
        assert ledger.ask("SELECT check_name FROM states") == [("api",)]


async def test_plain_results_wait_for_company(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as desk:
        desk.pass_()
        await desk.pipeline.flush()
        desk.pass_(3)
        await desk.idle()
        assert desk.pipeline.backlog == 3
        await clock.advance(seconds=LINGER)
        await eventually(lambda: not desk.pipeline.backlog)
        assert ledger.ask("SELECT count(*) FROM results") == [(4,)]
        assert desk.pipeline.commits == 2


async def test_whoever_sends_is_told_after_the_commit(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as desk:
        desk.fail(3)
        await eventually(lambda: desk.told)
        assert desk.told == [{"mail"}]
        assert [(row.kind, row.channel, row.state) for row in ledger.rows()] == [("opened", "mail", "queued")]


async def test_a_stop_commits_what_is_left(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as desk:
        desk.pass_(2)
    assert ledger.ask("SELECT count(*) FROM results") == [(2,)]
    assert ledger.ask("SELECT sum(samples) FROM rollups") == [(2,)]


async def test_while_the_store_fails_everything_is_kept_and_told_when_it_works(
    store: Store, clock: FakeClock, ledger: Ledger, store_file: Path
) -> None:
    async with Desk(store, clock) as desk:
        with MissingTable(store_file, "incidents"):
            desk.fail(3)
            await eventually(lambda: desk.pipeline.failing_since)
            desk.fail()
            assert desk.told == []
            assert desk.pipeline.waiting_messages == 1
        await passing(desk)
        assert desk.pipeline.failing_since is None
        assert desk.told == [{"mail"}]
        assert ledger.ask("SELECT count(*) FROM results") == [(4,)]


async def test_while_the_store_fails_the_oldest_results_give_way_and_no_message_does(
    store: Store, clock: FakeClock, store_file: Path
) -> None:
    async with Desk(store, clock) as desk:
        with MissingTable(store_file, "incidents"):
            desk.fail(3)
            await eventually(lambda: desk.pipeline.failing_since)
            desk.fail(MOST_RESULTS)
        await passing(desk)
        assert desk.pipeline.dropped_results == 3
        assert desk.told == [{"mail"}]


async def test_a_stop_gives_up_in_time_when_the_store_does_not_come_back(
    store: Store, clock: FakeClock, store_file: Path
) -> None:
    with MissingTable(store_file, "incidents"):
        async with Desk(store, clock) as desk:
            desk.fail(3)
            await eventually(lambda: desk.pipeline.failing_since)
            began = clock.monotonic()
        assert clock.monotonic() - began < 15
        assert desk.pipeline.waiting_messages == 1


async def test_an_acknowledgement_cancels_what_waits_and_answers_after_the_commit(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock) as desk:
        desk.fail(3)
        await until_committed(desk)
        await clock.advance(minutes=15)
        desk.pipeline.tick()
        await eventually(lambda: len(ledger.rows()) == 3)
        answer = await desk.pipeline.meet(1, Acknowledge(by="Ada", why="on it", hold=None))
        assert isinstance(answer, Incident)
        states = [(row.kind, row.channel, row.state) for row in ledger.rows()]
        assert states == [
            ("opened", "mail", "queued"),
            ("escalated", "mail", "cancelled"),
            ("escalated", "chat", "cancelled"),
            ("acknowledged", "mail", "queued"),  # nobody in the chat had heard of it
        ]


async def test_an_acknowledgement_stops_the_levels_until_it_expires(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock) as desk:
        desk.fail(3)
        await until_committed(desk)
        await desk.pipeline.meet(1, Acknowledge(by="Ada", why="on it", hold=timedelta(minutes=20)))
        await clock.advance(minutes=19)
        desk.pipeline.tick()
        assert [row.kind for row in ledger.rows()] == ["opened", "acknowledged"]
        await clock.advance(minutes=2)
        desk.pipeline.tick()
        await desk.pipeline.flush()
        assert [row.kind for row in ledger.rows()][2:] == ["acknowledgement_expired"]


@pytest.mark.parametrize("number", [1, 7])
async def test_an_incident_that_is_not_there_cannot_be_acknowledged(
    store: Store, clock: FakeClock, number: int
) -> None:
    async with Desk(store, clock) as desk:
        desk.fail(2)
        assert await desk.pipeline.meet(number, Acknowledge(by="Ada", why="", hold=None)) is Refusal.NO_INCIDENT


async def test_incidents_are_numbered_in_the_order_in_which_they_open(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock, check("api", rules=()), check("login", rules=())) as desk:
        desk.fail(3, "login")
        desk.fail(3, "api")
        await desk.pipeline.flush()
        assert [(known.id, known.check) for known in ledger.incidents()] == [(1, "login"), (2, "api")]


async def test_the_result_of_a_check_that_is_gone_is_nothing(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as desk:
        desk.fail(3, "gone")
        desk.pass_()
        await desk.pipeline.flush()
        assert ledger.ask("SELECT count(*) FROM results") == [(1,)]
