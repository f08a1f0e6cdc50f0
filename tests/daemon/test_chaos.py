"""Kills at random moments, by seed, while the target comes and goes and receivers misbehave."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, Drop
from tests.kit.stage import POSTED, Stage, level

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.process import Children

BACKOFF = 90.0  # seconds that a message may wait after the many attempts that were spoilt; hardly ever more than a few
KILLS = 10  # of each daemon
LONGEST_LIFE = 1.2  # seconds from the start of probing to the kill
LONGEST_START = 0.9  # seconds from the start of the process to a kill while it starts


async def test_after_random_kills_everybody_has_heard_everything(
    children: Children, tmp_path: Path, postgres_database: str
) -> None:
    """One daemon with SQLite and one with PostgreSQL, at the same time."""
    await asyncio.gather(
        survive(children, tmp_path / "sqlite", "", Random(20)),
        survive(children, tmp_path / "postgres", postgres_database, Random(21)),
    )


async def survive(children: Children, folder: Path, dsn: str, rng: Random) -> None:
    await asyncio.to_thread(folder.mkdir)
    async with Stage(children, folder, dsn=dsn) as stage:
        stage.tell("hook", "slack", "mail")
        stage.levels(level(0, "hook", "mail"), level(0.6, "slack"))
        for number in range(KILLS):
            (stage.target.recover if number // 2 % 2 else stage.target.fail)()
            misbehave(stage, rng)
            await live(stage, rng)
        await heal(stage)
        assert stage.faults == []
        assert stage.daemon.ledger.incidents(), "the kills met no outage"


def misbehave(stage: Stage, rng: Random) -> None:
    """One receiver or another swallows, hangs or refuses."""
    receiver = rng.choice((stage.hook, stage.slack))
    strange = (
        Drop(),
        Answer(status=500),
        Answer(status=429, headers={"retry-after": "1"}),
        Answer(after=asyncio.Event()),
    )
    receiver.next_answers.append(rng.choice(strange))


async def live(stage: Stage, rng: Random) -> None:
    """One life of the daemon, to a violent end: while it starts, or some time after."""
    if rng.random() < 0.2:
        await stage.daemon.launch()
        await asyncio.sleep(rng.uniform(0.1, LONGEST_START))
    else:
        await stage.daemon.start()
        await asyncio.sleep(rng.uniform(0.0, LONGEST_LIFE))
    await stage.daemon.kill()


async def heal(stage: Stage) -> None:
    """All is well again: the daemon runs, until no incident is open and no message waits."""
    stage.target.recover()
    for receiver, well in ((stage.hook, Answer()), (stage.slack, POSTED)):
        receiver.next_answers.clear()
        receiver.answer = well
    await stage.daemon.start()
    ledger = stage.daemon.ledger
    await eventually(lambda: not any(incident.is_open for incident in ledger.incidents()), within=20)
    await stage.settles(within=BACKOFF)
