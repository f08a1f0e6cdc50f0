"""Random histories of several checks through the real daemon, each by a seed: whatever happens, each promise is kept.

Targets fail and come back, the network of the host is gone, people take incidents and give them back, silence, start windows and
comment; receivers refuse, swallow and hang; the configuration changes, and the daemon is stopped and killed. In the end all is
well again, and what the receivers got is compared with what was committed, by `tests.kit.promises`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tests.kit.process import Children
from tests.kit.stage import level
from tests.kit.town import CHANNELS, NAMES, Town, policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Event = Callable[[Town, Random], Awaitable[object]]

SEEDS = (1, 2, 36)  # between them they have every event
EVENTS = 14
LONGEST_PAUSE = 1.0  # seconds between two events


# --- What can happen --------------------------------------------------------------------------------------------------


async def fail(town: Town, rng: Random) -> None:
    town.fail(*rng.sample(NAMES, rng.randint(1, 4)))


async def mend(town: Town, rng: Random) -> None:
    town.mend(*rng.sample(NAMES, rng.randint(1, 4)))


async def lose_the_network(town: Town, rng: Random) -> None:
    await town.blind(rng.uniform(0.3, 2.5))


async def spoil(town: Town, rng: Random) -> None:
    rng.choice((town.refuse, town.swallow, town.hang))(rng.choice(CHANNELS))


async def spoil_the_webhook(town: Town, rng: Random) -> None:
    rng.choice((town.refuse, town.swallow))("hook")


async def cure(town: Town, rng: Random) -> None:
    town.cure(rng.choice(CHANNELS))


async def take(town: Town, rng: Random) -> None:
    if incidents := town.open_incidents():
        await town.does("ack", str(rng.choice(incidents)), "--for", rng.choice(("2s", "1h")))


async def give_back(town: Town, rng: Random) -> None:
    if incidents := town.open_incidents():
        await town.does("unack", str(rng.choice(incidents)))


async def close(town: Town, rng: Random) -> None:
    if incidents := town.open_incidents():
        await town.does("resolve", str(rng.choice(incidents)))


async def silence(town: Town, rng: Random) -> None:
    await town.does("silence add", "--check", rng.choice(NAMES), "--for", rng.choice(("2s", "1h")))


async def window(town: Town, rng: Random) -> None:
    await town.does("window start", "--check", rng.choice(NAMES), "--for", rng.choice(("2s", "1h")))


async def take_a_check_out(town: Town, rng: Random) -> None:
    gone = rng.choice(NAMES)
    left = [town.check(name) for name in NAMES if name != gone]
    await town.reload(lambda config: config.update(checks=left), "taken out")


async def put_every_check_back(town: Town, rng: Random) -> None:
    every = [town.check(name) for name in NAMES]
    await town.reload(lambda config: config.update(checks=every), "put back")


async def change_the_policy(town: Town, rng: Random) -> None:
    levels = (level(0, "hook", "mail"), level(rng.choice((0.5, 1.2, 3.0)), "slack"))
    await town.reload(lambda config: config["policies"].update(default=policy(*levels)), "changed")


async def kill(town: Town, rng: Random) -> None:
    await town.kill()


async def restart(town: Town, rng: Random) -> None:
    await town.restart()


#: How often each happens, relative to the others.
EVENTS_BY_WEIGHT: dict[Event, int] = {
    fail: 10,
    mend: 7,
    lose_the_network: 1,
    spoil: 4,
    cure: 3,
    take: 4,
    give_back: 1,
    close: 1,
    silence: 2,
    window: 2,
    take_a_check_out: 1,
    put_every_check_back: 1,
    change_the_policy: 1,
    kill: 2,
    restart: 1,
}


# --- Histories --------------------------------------------------------------------------------------------------------


def script(rng: Random) -> list[Event]:
    """What happens, in order. There is always trouble to begin with, a receiver that fails in it, and a kill after that."""
    drawn = rng.choices(list(EVENTS_BY_WEIGHT), weights=list(EVENTS_BY_WEIGHT.values()), k=EVENTS)
    return [spoil_the_webhook, fail, *drawn[: EVENTS // 2], kill, *drawn[EVENTS // 2 :]]


async def live(town: Town, seed: int) -> None:
    """One history, to its good end."""
    rng = Random(seed)
    await town.daemon.start()
    for event in script(rng):
        town.story.append(event.__name__)
        await event(town, rng)
        await asyncio.sleep(rng.uniform(0.0, LONGEST_PAUSE))
    if "take_a_check_out" in town.story:
        await put_every_check_back(town, rng)
    await town.heal()


async def test_random_histories_keep_every_promise(tmp_path: Path) -> None:
    """Several at once, since they wait more than they compute; together they have everything in them."""
    async with asyncio.TaskGroup() as group:
        lives = [group.create_task(one(tmp_path / str(seed), seed)) for seed in SEEDS]
    happened = sum((life.result() for life in lives), Counter[str]())
    assert {"killed", "stopped", "blind", "ack", "silence add", "window start", "taken out", "changed"} <= set(happened)


async def one(folder: Path, seed: int) -> Counter[str]:
    """One history and the judgement on it; answers what happened in it."""
    await asyncio.to_thread(folder.mkdir)
    async with Children() as children, Town(children, folder) as town:
        try:
            await live(town, seed)
            assert town.faults == [], "\n".join(town.faults)
            assert town.idle("killed", "spoilt") == []
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}\nafter {', '.join(town.story)}:\n{town.ledger()}") from error
        return town.happened
