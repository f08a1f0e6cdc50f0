"""The daemon with its store in PostgreSQL, while that is paused or ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.daemon.test_kills import killed_unheard, until_failed, until_pending

if TYPE_CHECKING:
    from tests.kit.postgres import PostgresServer
    from tests.kit.stage import Stage


async def test_killed_before_the_commit_to_postgres_nothing_was_told_either(
    postgres_stage: Stage, postgres: PostgresServer
) -> None:
    stage = postgres_stage
    stage.daemon.config["checks"][0]["open_after"] = 3
    await stage.daemon.start()
    stage.target.fail()
    await until_pending(stage)
    postgres.pause()
    await until_failed(stage, 4)
    await stage.daemon.kill()
    postgres.resume()
    await killed_unheard(stage)


async def test_while_postgres_is_down_checks_go_on_and_all_is_told_when_it_is_back(
    postgres_stage: Stage, postgres: PostgresServer
) -> None:
    stage = postgres_stage
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    await asyncio.to_thread(postgres.stop, immediate=True)
    stage.target.fail()
    await stage.daemon.process.line("store.down")
    await stage.daemon.shows(lambda status: status["incidents"])
    stage.target.recover()
    await stage.daemon.shows(lambda status: not status["incidents"])
    await asyncio.to_thread(postgres.start)
    await stage.hears("opened", "resolved")
    await stage.settles()
    assert stage.faults == []
