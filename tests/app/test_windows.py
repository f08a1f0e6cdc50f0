"""Windows as a running Sentinel follows them: told once each, across restarts and a store that fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.once import status_from_store
from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreError
from sentinel.base.redact import Secret
from sentinel.core.matcher import Matcher
from sentinel.core.plan import ChannelPlan, StorePlan
from sentinel.core.recurrence import Repeating
from sentinel.core.silence import Silence
from sentinel.core.window import Window
from sentinel.store.database import Store
from tests.kit.broken_store import MissingTable
from tests.kit.calm import Calm
from tests.kit.clock import FakeClock
from tests.kit.ledger import Ledger
from tests.kit.scene import check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.plan import Plan

HOUR = timedelta(hours=1)

#: It is 03:00 UTC; the window is from 04:00 to 05:00.
NIGHTLY = Window(
    id="nightly",
    title="backup",
    matcher=Matcher(checks=("api",)),
    when=Repeating(line="0 4 * * *", zone="UTC", duration=timedelta(hours=1)),
    configured=True,
    expects_down=True,
    channels=("mail",),
    before=timedelta(minutes=30),
    why="the copy is made",
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    yield opened
    await opened.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "sentinel.db")


@pytest.fixture
def whole(tmp_path: Path) -> Plan:
    mail = ChannelPlan(name="mail", kind="email", options=None, recipients=("a@example.org", "b@example.org"))
    return replace(plan(check("api"), check("web"), folder=tmp_path), channels=(mail,), windows=(NIGHTLY,))


def told(ledger: Ledger) -> list[str]:
    """What was put into the outbox for one of the two."""
    return [row.kind for row in ledger.rows() if row.recipient == "a@example.org"]


async def test_each_occurrence_is_announced_begun_and_ended_once(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(whole, store, clock)
    for _ in range(2 * 24 * 12):
        await calm.look(minutes=5)
    assert told(ledger) == ["window_planned", "window_started", "window_ended"] * 2
    assert len(ledger.rows()) == 12


async def test_a_restart_at_any_time_neither_repeats_nor_forgets(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    for _ in range(30):
        await Calm(whole, store, clock).look(minutes=5)
    assert told(ledger) == ["window_planned", "window_started", "window_ended"]


async def test_while_the_store_fails_nothing_is_told_and_afterwards_everything_is(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger, tmp_path: Path
) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=31)
    with MissingTable(tmp_path / "sentinel.db", "outbox"), pytest.raises(StoreError):
        await calm.look(minutes=30)
    assert calm.held["nightly"].told == ("window_planned",)
    await calm.look()
    assert told(ledger) == ["window_planned", "window_started"]


async def test_at_its_end_every_check_that_it_covered_is_looked_at(whole: Plan, store: Store, clock: FakeClock) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=61)
    assert calm.runner.runs == 0
    await calm.look(minutes=60)
    await calm.runner.finish(within=5)
    assert (calm.runner.runs, calm.pipeline.histories["api"].last is not None) == (1, True)
    assert calm.pipeline.histories["web"].last is None


async def test_what_should_be_down_and_is_up_is_told_at_the_end(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=61)
    await calm.runner.run_now(whole.checks[0])
    await calm.look(minutes=1)
    assert calm.held["nightly"].still_up == ("api",)
    await calm.look(minutes=60)
    [(message,)] = ledger.ask("SELECT message FROM outbox WHERE kind = 'window_ended' LIMIT 1")
    assert "Never seen down, though it was expected: api." in message


async def test_one_that_a_reload_takes_away_ends_then(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=70)
    calm.reload()
    await calm.look(minutes=1)
    assert told(ledger) == ["window_started", "window_ended"]
    [held] = await store.read(lambda tx: tx.windows.between(clock.now() - timedelta(days=1), clock.now()))
    assert (held.ended_by, held.ends_at) == ("the configuration", clock.now())


async def test_far_from_all_windows_nothing_is_written(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=10)
    clock.step(hours=-5)
    await calm.look(minutes=1)
    assert ledger.ask("SELECT count(*) FROM occurrences") == [(0,)]
    clock.step(hours=6, minutes=1)  # 04:12
    await calm.look()
    assert told(ledger) == ["window_started"]


async def test_a_step_of_the_clock_back_over_the_start_tells_nothing_twice(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(whole, store, clock)
    await calm.look(minutes=61)
    clock.step(minutes=-20)
    await calm.look()
    await calm.look(minutes=40)
    assert told(ledger) == ["window_started"]


def kept_informed(whole: Plan) -> Plan:
    """Those who are told that the window starts hear every quarter of an hour how it goes."""
    return replace(whole, windows=(replace(NIGHTLY, before=timedelta(0), update_every=timedelta(minutes=15)),))


async def test_how_it_goes_is_told_at_an_interval_across_restarts(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    for _ in range(25):
        await Calm(kept_informed(whole), store, clock).look(minutes=5)
    assert told(ledger) == ["window_started", *["window_progress"] * 3, "window_ended"]
    assert len({row.key for row in ledger.rows()}) == 10


async def test_after_a_long_sleep_only_the_newest_step_is_told(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(kept_informed(whole), store, clock)
    await calm.look(minutes=61)
    await calm.look(minutes=50)
    await calm.look(minutes=1)
    assert told(ledger) == ["window_started", "window_progress"]


async def test_a_step_that_the_store_did_not_take_is_told_when_it_does(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger, tmp_path: Path
) -> None:
    calm = Calm(kept_informed(whole), store, clock)
    await calm.look(minutes=61)
    with MissingTable(tmp_path / "sentinel.db", "outbox"), pytest.raises(StoreError):
        await calm.look(minutes=15)
    await calm.look()
    await calm.look()
    assert told(ledger) == ["window_started", "window_progress"]


async def test_a_channel_that_was_away_hears_only_the_newest_of_how_it_went(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    """Here nothing is sent at all: what waits is what would come in a burst."""
    calm = Calm(kept_informed(whole), store, clock)
    await calm.look(minutes=61)
    for _ in range(3):
        await calm.look(minutes=15)
    mine = [row for row in ledger.rows() if row.recipient == "a@example.org"]
    assert [row.state for row in mine] == ["queued", "cancelled", "cancelled", "queued"]
    await calm.look(minutes=30)
    waiting = [row.kind for row in ledger.rows() if row.state == "queued" and row.recipient == "a@example.org"]
    assert waiting == ["window_started", "window_ended"]


async def test_the_message_says_how_the_covered_checks_are(
    whole: Plan, store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    calm = Calm(kept_informed(whole), store, clock)
    await calm.look(minutes=61)
    await calm.look(minutes=15)
    await calm.runner.run_now(whole.checks[0])
    await calm.look(minutes=15)
    found = ledger.ask("SELECT message FROM outbox WHERE kind = 'window_progress' AND recipient LIKE 'a%' ORDER BY id")
    assert "It has gone on for 16 min, and has 44 min to go. 0 of 1 check is well; of 1 it is not known." in found[0][0]
    assert "It has gone on for 31 min, and has 29 min to go. 1 of 1 check is well. Down is expected." in found[1][0]


async def test_without_a_daemon_the_status_says_what_its_store_remembers(
    whole: Plan, store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    now = SystemClock().now()
    silence = Silence(
        id=1, matcher=Matcher(checks=("api",)), by="ann", why="known", starts_at=now, ends_at=now + HOUR, created_at=now
    )
    await store.write(lambda tx: tx.silences.save([silence]))
    remembering = replace(whole, store=StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")))
    document = await status_from_store(remembering)
    assert [(line.id, line.why) for line in document.silences] == [(1, "known")]
    assert next(line.quiet for line in document.checks if line.name == "api").startswith("silenced by ann until")
