"""The `audit` probe and the log as a whole, in PostgreSQL and in SQLite: order, gaps, chains, counts and retention."""

from __future__ import annotations

import hmac
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sentinel.core.result import FailureClass, Measurement, Outcome
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from tests.kit.postgres import PostgresServer

    Execute = Callable[[str], None]

PERSON = "Mary Canary"
KEY = "key-canary"
CHAIN = {"hash": "hash", "previous": "prev", "columns": ["prev", "id", "actor"]}


class World:
    """A log in a database, with a clock, and a check that looks at it."""

    def __init__(self, url: str, execute: Execute, bench: Bench, clock: FakeClock) -> None:
        self.url = url
        self.execute = execute
        self.clock = clock
        self._bench = bench
        self._last = ""
        self._note: Any = None
        execute("CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT, actor TEXT, prev TEXT, hash TEXT)")

    def write(self, *numbers: int, ago: float = 3600, key: str = "") -> None:
        """Adds entries with these numbers, the first that many seconds ago and each a second after the last."""
        for offset, number in enumerate(numbers):
            at = (self.clock.now() - timedelta(seconds=ago - offset)).isoformat()
            text = f"{self._last}|{number}|{PERSON}".encode()
            made = hmac.new(key.encode(), text, sha256).hexdigest() if key else sha256(text).hexdigest()
            self.execute(f"INSERT INTO log VALUES ({number}, '{at}', '{PERSON}', '{self._last}', '{made}')")
            self._last = made

    async def look(self, **trail: Any) -> Measurement:
        """One run of a probe that was built anew, as after a restart."""
        tools = replace(self._bench.tools, note=self._note, clock=self.clock)
        self._bench.tools = tools
        options = {"database": self.url, "table": "log", **trail}
        found = await run(self._bench.build("audit", trail=options))
        self._note = json.loads(json.dumps(found.note))  # as the store keeps it
        assert PERSON not in words(found) + str(found.note)
        return found

    async def fails(self, failure: FailureClass, said: str, **trail: Any) -> None:
        found = await self.look(**trail)
        assert (found.failure, found.explanation) == (failure, said)
        assert found.hint

    async def passes(self, **trail: Any) -> dict[str, float]:
        found = await self.look(**trail)
        assert (found.outcome, found.explanation) == (Outcome.PASS, "")
        return dict(readings(found))


@pytest.fixture(params=["postgres", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Execute]]:
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as connection:
            yield f"sqlite:///{tmp_path / 'app.db'}", lambda text: connection.execute(text).close()
        return
    dsn = request.getfixturevalue("postgres_database")
    with psycopg.connect(dsn, autocommit=True) as server:
        yield dsn, lambda text: server.execute(text.encode()).close()


@pytest.fixture
async def world(place: tuple[str, Execute]) -> AsyncIterator[World]:
    clock = FakeClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    async with Bench(clock) as bench:
        yield World(place[0], place[1], bench, clock)


# In order


async def test_a_log_in_order_passes_and_is_followed(world: World) -> None:
    world.write(1, 2, 3)
    first = await world.passes(gapless=True)
    world.write(4, 5, ago=600)
    second = await world.passes(gapless=True)
    assert (first["verified"], first["behind"]) == (3, 0)
    assert (second["verified"], second["behind"], second["entries"]) == (2, 0, 3)


async def test_an_empty_log_passes(world: World) -> None:
    assert await world.passes() == {"verified": 0}


async def test_new_entries_are_looked_at_once_they_have_settled(world: World) -> None:
    world.write(1)
    world.write(2, 4, ago=30)  # 3 may still be on its way
    young = await world.passes(gapless=True)
    assert (young["verified"], young["behind"]) == (1, 3)
    await world.clock.advance(minutes=1)
    await world.fails(FailureClass.RECORD_MISPLACED, "trail: entry 3 is missing", gapless=True)


async def test_a_log_with_more_young_entries_than_a_batch_is_begun_all_the_same(world: World) -> None:
    """In a busy log none of the newest 500 had settled, in no run: nothing was ever looked at, and nothing said so."""
    world.write(1, 2, 3, 4, 5, 6, ago=30)
    assert (await world.passes(batch=3))["behind"] == 2
    await world.clock.advance(minutes=1)
    found = await world.passes(batch=3)
    assert (found["verified"], found["behind"]) == (2, 0)


async def test_gaps_count_only_where_there_may_be_none(world: World) -> None:
    world.write(1, 2, 7)
    await world.passes()
    await world.fails(FailureClass.RECORD_MISPLACED, "trail: entries 3 to 6 are missing", gapless=True)


async def test_a_gap_is_told_in_every_run_until_it_is_explained(world: World) -> None:
    world.write(1, 2)
    await world.passes(gapless=True)
    world.write(9)
    for _ in range(2):
        await world.fails(FailureClass.RECORD_MISPLACED, "trail: entries 3 to 8 are missing", gapless=True)
    await world.passes(gapless=True, after=8)


async def test_a_time_before_the_last_one_is_out_of_order(world: World) -> None:
    world.write(1, 2)
    world.write(3, ago=7200)
    await world.fails(
        FailureClass.RECORD_MISPLACED, "trail: the time of entry 3 lies 1 h before that of the one before it"
    )
    await world.passes(skew="2h")


async def test_a_time_ahead_is_out_of_order(world: World) -> None:
    world.write(1)
    world.write(2, ago=-7200)
    await world.fails(FailureClass.RECORD_MISPLACED, "trail: the time of entry 2 lies 2 h ahead")


async def test_local_times_are_read_in_their_zone(world: World) -> None:
    world.execute("INSERT INTO log VALUES (1, '2026-03-01T12:30:00', 'x', '', '')")  # of Berlin: 11:30 UTC
    assert (await world.passes(zone="Europe/Berlin"))["verified"] == 1
    found = await world.look()
    assert found.explanation == "trail: the time of entry 1 lies 30 min ahead"
    assert "`zone`" in found.hint


async def test_a_time_that_cannot_be_read_is_told(world: World) -> None:
    world.execute("INSERT INTO log VALUES (1, 'soon', 'x', '', '')")
    await world.fails(FailureClass.RECORD_INCOMPLETE, "trail: entry 1 has no time that can be read")


async def test_a_number_that_is_none_is_told(world: World) -> None:
    world.write(1)
    found = await world.look(sequence="actor")
    assert (found.failure, found.explanation) == (
        FailureClass.WRONG_ANSWER,
        "trail: the sequence is no whole number",
    )


async def test_a_long_log_is_caught_up_with_in_steps(world: World) -> None:
    world.write(1)
    await world.passes(batch=3)
    world.write(2, 3, 4, 5, 6)
    assert [(await world.passes(batch=3))["behind"] for _ in range(3)] == [3, 1, 0]


# Nothing taken out


async def test_an_entry_that_was_the_newest_and_is_gone_is_tampering(world: World) -> None:
    world.write(1, 2, 3)
    await world.passes()
    world.execute("DELETE FROM log WHERE id = 3")
    for _ in range(2):
        await world.fails(FailureClass.TAMPERED, "trail: entry 3 was there and is gone")


async def test_an_emptied_log_is_tampering(world: World) -> None:
    world.write(1, 2)
    await world.passes()
    world.execute("DELETE FROM log")
    await world.fails(FailureClass.TAMPERED, "trail: entries were there, and all of them are gone")


async def test_a_dropped_log_is_tampering_once_it_was_there(world: World) -> None:
    world.write(1)
    await world.passes()
    world.execute("DROP TABLE log")
    found = await world.look()
    assert found.failure is FailureClass.TAMPERED


async def test_a_log_that_was_never_there_is_unknown(world: World) -> None:
    found = await world.look(table="lag")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)


async def test_an_entry_taken_from_the_middle_is_found_by_counting(world: World) -> None:
    world.write(*range(1, 41))
    await world.passes()
    assert (await world.passes())["entries"] == 40
    world.execute("DELETE FROM log WHERE id = 20")
    await world.passes()
    await world.clock.advance(hours=1)
    for _ in range(2):
        await world.fails(FailureClass.TAMPERED, "trail: 1 entry that was there is gone, with numbers from 19 to 21")


async def test_entries_that_are_back_are_seen_when_they_are_counted_next(world: World) -> None:
    world.write(*range(1, 4))
    world.execute("CREATE TABLE saved AS SELECT * FROM log WHERE id = 2")
    await world.passes()
    await world.passes(recount="1s")
    world.execute("DELETE FROM log WHERE id = 2")
    await world.clock.advance(minutes=1)
    await world.fails(
        FailureClass.TAMPERED, "trail: 1 entry that was there is gone, with numbers from 2 to 2", recount="1s"
    )
    world.execute("INSERT INTO log SELECT * FROM saved")
    await world.clock.advance(minutes=1)
    await world.passes(recount="1s")


async def test_entries_past_their_retention_may_go(world: World) -> None:
    world.write(*range(1, 41), ago=10 * 86400)
    world.write(41, 42)
    await world.passes(retention="9d")
    assert (await world.passes(retention="9d"))["entries"] == 42
    world.execute("DELETE FROM log WHERE id < 38")
    await world.clock.advance(hours=2)
    assert (await world.passes(retention="9d"))["entries"] == 5


async def test_entries_gone_from_behind_the_oldest_are_told_although_others_may_go(world: World) -> None:
    world.write(*range(1, 41), ago=10 * 86400)
    world.write(41, 42)
    await world.passes(retention="9d")
    await world.passes(retention="9d")
    world.execute("DELETE FROM log WHERE id < 5 OR id IN (30, 41)")
    await world.clock.advance(hours=2)
    await world.fails(
        FailureClass.TAMPERED, "trail: 2 entries that were there are gone, with numbers from 28 to 42", retention="9d"
    )


async def test_a_log_whose_known_entries_were_all_purged_begins_anew(world: World) -> None:
    world.write(1, 2, ago=8 * 86400)
    await world.passes(retention="9d")
    await world.clock.advance(hours=48)
    world.execute("DELETE FROM log")
    world.write(3)
    found = await world.look(retention="9d")
    assert found.failure is not FailureClass.TAMPERED


# Far enough back


async def test_entries_purged_too_early_are_missing(world: World) -> None:
    world.write(1, ago=5 * 86400)
    world.write(2)
    reach = await world.passes(retention="6y")
    assert reach["reach"] == pytest.approx(5, abs=0.01)
    world.execute("DELETE FROM log WHERE id = 1")
    await world.fails(FailureClass.MISSING, "trail: entries reach back 1 h, and must 5 d", retention="6y")


async def test_a_log_must_reach_back_to_its_beginning(world: World) -> None:
    world.write(1)
    await world.passes(retention="6y", began="2026-03-01")
    await world.fails(
        FailureClass.MISSING, "trail: entries reach back 1 h, and must 28 d 12 h", retention="6y", began="2026-02-01"
    )
    await world.passes(retention="23h", began="2026-02-01")


# Chained


async def test_a_chain_that_holds_passes(world: World) -> None:
    world.write(1, 2, 3)
    await world.passes(chain=CHAIN)
    world.write(4)
    assert (await world.passes(chain=CHAIN))["verified"] == 4  # one new entry, and three for the second time


async def test_a_chain_by_a_secret_key_that_holds_passes(world: World) -> None:
    world.write(1, 2, 3, key=KEY)
    keyed = {**CHAIN, "algorithm": "hmac-sha256", "key": KEY}
    await world.passes(chain=keyed)
    other = await world.look(chain={**keyed, "key": "wrong-canary"}, after=0)
    assert other.failure is FailureClass.TAMPERED
    assert "canary" not in words(other) + str(other.note)


async def test_hashes_may_be_binary(world: World) -> None:
    world.execute("CREATE TABLE marked (id INTEGER PRIMARY KEY, at TEXT, prev BYTEA, hash BYTEA)")
    last = ""
    for number in (1, 2, 3):
        made = sha256(f"{last}|{number}".encode()).hexdigest()
        prev, own = (f"'\\x{x}'" if "postgres" in world.url else f"X'{x}'" for x in (last, made))
        world.execute(f"INSERT INTO marked VALUES ({number}, '2026-03-01T11:00:00Z', {prev}, {own})")
        last = made
    chain = {"previous": "prev", "columns": ["{previous}", "id"]}
    assert (await world.passes(table="marked", chain=chain))["verified"] == 3
    world.execute("UPDATE marked SET prev = hash WHERE id = 3")
    assert (await world.look(table="marked", chain=chain)).failure is FailureClass.TAMPERED


async def test_a_chain_that_keeps_no_previous_hash_is_followed_all_the_same(world: World) -> None:
    world.write(1, 2, 3)
    chain = {"columns": ["{previous}", "id", "actor"]}
    assert (await world.passes(chain=chain))["verified"] == 3
    world.execute("UPDATE log SET actor = 'nobody' WHERE id = 2")
    await world.fails(
        FailureClass.TAMPERED, "trail: entry 2 does not have the hash that it should", chain=chain, after=0
    )


async def test_the_hashed_text_can_be_an_expression(world: World) -> None:
    world.write(1, 2, 3)
    chain = {"previous": "prev", "text": "prev || '|' || id || '|' || actor"}
    assert (await world.passes(chain=chain))["verified"] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE log SET actor = 'nobody' WHERE id = 2", "trail: entry 2 does not have the hash that it should"),
        ("UPDATE log SET hash = 'x' WHERE id = 2", "trail: entry 2 does not have the hash that it should"),
        ("DELETE FROM log WHERE id = 2", "trail: entry 3 does not follow entry 1 in the chain"),
        ("UPDATE log SET actor = 'nobody' WHERE id = 1", "trail: entry 1 does not have the hash that it should"),
    ],
)
async def test_old_entries_are_looked_at_again(world: World, change: str, said: str) -> None:
    world.write(1, 2, 3, 4)
    await world.passes(chain=CHAIN)
    world.execute(change)
    for _ in range(2):
        await world.fails(FailureClass.TAMPERED, said, chain=CHAIN)


async def test_the_newest_known_entry_may_not_change(world: World) -> None:
    world.write(1, 2)
    await world.passes(chain=CHAIN)
    world.execute("UPDATE log SET hash = 'x' WHERE id = 2")
    await world.fails(FailureClass.TAMPERED, "trail: entry 2 was changed (and 1 more)", chain=CHAIN)


async def test_the_second_look_goes_on_from_run_to_run_and_begins_again(world: World) -> None:
    world.write(*range(1, 8))
    await world.passes(chain=CHAIN, batch=7)
    verified = [(await world.passes(chain=CHAIN, batch=7))["verified"] for _ in range(3)]
    steps = [(await world.passes(chain=CHAIN, batch=7))["verified"] for _ in range(2)]
    assert verified == [7, 0, 7]
    assert steps == [0, 7]


async def test_entries_too_large_to_be_read_at_once_accuse_nobody(bench: Bench, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "app.db")) as log:
        log.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT, what TEXT, hash TEXT)")
        entry = "INSERT INTO log (at, what, hash) VALUES ('2026-01-01T00:00:00', ?, 'x')"
        log.executemany(entry, [("x" * 3000,)] * 400)
        log.commit()
    chain = {"columns": ["what", "{previous}"]}
    trail = {"database": f"sqlite:///{tmp_path}/app.db", "table": "log", "chain": chain}
    found = await bench.measure("audit", trail=trail)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert "`trail.batch`" in found.hint


async def test_a_note_of_another_shape_is_no_note(world: World) -> None:
    world.write(1, 2)
    await world.passes()
    for key in ("head", "blocks", "earliest"):
        world._note = {"trail": {**world._note["trail"], key: "of another version"}}
        assert (await world.passes())["verified"] == 2
    world._note = {"trail": {**world._note["trail"], "head": [2, "yesterday", ""]}}
    assert (await world.passes(retention="1d"))["verified"] == 2


async def test_a_log_that_sentinel_may_not_read_is_unknown(postgres: PostgresServer, postgres_database: str) -> None:
    with psycopg.connect(postgres_database, autocommit=True) as server:
        server.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, at TIMESTAMPTZ)")
    async with Bench() as bench:
        with postgres.guarded(postgres_database) as url:
            found = await bench.measure("audit", trail={"database": url, "table": "log"})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT SELECT ON log" in found.hint


async def test_times_of_postgresql_are_read_in_any_zone(postgres_database: str) -> None:
    """A setting of the server changes how it writes times; that is no tampering."""
    with psycopg.connect(postgres_database, autocommit=True) as server:
        server.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, at TIMESTAMPTZ)")
        server.execute("INSERT INTO log VALUES (1, now() - interval '2 hours'), (2, now() - interval '1 hour')")
        async with Bench() as bench:
            options = {"database": postgres_database, "table": "log"}
            first = await bench.measure("audit", trail=options)
            name = postgres_database.rsplit("/", 1)[1]
            server.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Kolkata'".encode())
            bench.tools = replace(bench.tools, note=first.note)
            second = await bench.measure("audit", trail=options)
    assert (first.outcome, second.outcome, second.explanation) == (Outcome.PASS, Outcome.PASS, "")


@pytest.mark.parametrize(
    ("trail", "said"),
    [
        ({"table": "a b"}, "pattern"),
        ({"began": "2026-01-01"}, "retention beside began"),
        ({"retention": "soon"}, "a duration"),
        ({"chain": {"previous": "p"}}, "either columns or text"),
        ({"chain": {"columns": ["a"]}}, "entries are not chained"),
        ({"chain": {"previous": "p", "columns": ["a"], "key": "k"}}, "key with an hmac algorithm"),
        ({"chain": {"previous": "p", "columns": ["a; DROP"]}}, "pattern"),
        ({"chain": {"previous": "p", "text": "a; DROP"}}, "pattern"),
        ({"batch": 1}, "greater than or equal to 2"),
    ],
)
def test_options_that_cannot_work_are_refused(trail: dict[str, Any], said: str) -> None:
    assert said in problem("audit", trail={"database": "sqlite:////x.db", "table": "log", **trail})
